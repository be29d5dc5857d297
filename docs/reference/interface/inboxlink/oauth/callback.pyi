from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit
from inboxlink.errors import Problem, problem
from inboxlink.oauth.token_errors import named_error
from inboxlink.remote_text import RemoteText
__all__ = ['MAX_CHARACTERS', 'authorization_problem', 'parse_answer', 'parse_pasted']
MAX_CHARACTERS = 16 * 1024

def parse_answer(query: str) -> dict[str, str]:
    ...

def parse_pasted(typed: str, redirect_uri: str) -> dict[str, str]:
    ...

def authorization_problem(params: Mapping[str, str], provider: str) -> Problem | None:
    ...
