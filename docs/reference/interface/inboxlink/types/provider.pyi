from dataclasses import dataclass
from inboxlink.types.disclosure import Audience
from inboxlink.types.text import Text
from inboxlink.types.way import Way
__all__ = ['ProviderInfo', 'RevokeResult']

@dataclass(frozen=True, slots=True)
class ProviderInfo:
    name: str
    title: Text
    summary: Text
    audiences: frozenset[Audience]
    variants: tuple[str, ...] = ()
    flow_version: int = 1
    ways: frozenset[Way] = frozenset()
    loopback_host: str = '127.0.0.1'

@dataclass(frozen=True, slots=True)
class RevokeResult:
    revoked: bool | None
    detail: Text
