from inboxlink.errors import SetupError, problem
from inboxlink.types.context import AuthContext
from inboxlink.types.way import Way
__all__ = ['chosen_way']

def chosen_way(ctx: AuthContext, provider: str, supported: frozenset[Way]) -> Way:
    ...
