import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from inboxlink.errors import InboxlinkError, SetupError, problem
from inboxlink.oauth.callback import authorization_problem
from inboxlink.oauth.id_token import claims
from inboxlink.oauth.token_answer import TokenAnswer, json_object, read_tokens, refusal
from inboxlink.types.context import AuthContext, CallContext, HookContext, HttpAnswer
__all__ = ['AuthorizationServer', 'Begun', 'Client', 'CodeFlow', 'Tokens']

@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    issuer: str
    authorization: str
    token: str
    revocation: str | None
    lifetime_s: int
    issuer_aliases: frozenset[str] = frozenset()

@dataclass(frozen=True, slots=True)
class Client:
    id: str
    secret: str | None = field(default=None, repr=False)

@dataclass(frozen=True, slots=True)
class Begun:
    url: str = field(repr=False)
    kept: Mapping[str, str] = field(repr=False)

@dataclass(frozen=True, slots=True)
class Tokens:
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    scopes: tuple[str, ...]
    expires_at: datetime
    grant_ends_at: datetime | None
    claims: Mapping[str, Any] = field(repr=False)

class CodeFlow:

    def __init__(self, server: AuthorizationServer, client: Client, provider: str) -> None:
        ...

    def begin(self, ctx: AuthContext, scopes: Iterable[str], extra: Mapping[str, str] | None=None) -> Begun:
        ...

    def exchange(self, ctx: AuthContext, params: Mapping[str, str], kept: Mapping[str, Any], scopes: Iterable[str]) -> Tokens:
        ...

    def refresh(self, ctx: CallContext, refresh_token: str, scopes: Iterable[str]) -> Tokens:
        ...

    def revoke(self, ctx: CallContext, token: str) -> None:
        ...

    def introduce(self, ctx: HookContext) -> None:
        ...
