import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from inboxlink.errors import InboxlinkError, MailboxError, problem
from inboxlink.oauth.token_errors import retry_after_s, token_error
from inboxlink.types.context import HttpAnswer
__all__ = ['TokenAnswer', 'json_object', 'read_tokens', 'refusal']

@dataclass(frozen=True, slots=True)
class TokenAnswer:
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    scopes: tuple[str, ...] | None
    expires_at: datetime | None
    grant_ends_at: datetime | None
    id_token: str | None = field(repr=False)

def read_tokens(answer: HttpAnswer, *, host: str, provider: str, app: str, secrets: Iterable[str], now: datetime) -> TokenAnswer:
    ...

def refusal(answer: HttpAnswer, *, host: str, provider: str, app: str | None, secrets: Iterable[str]) -> InboxlinkError:
    ...

def json_object(answer: HttpAnswer) -> Mapping[str, Any]:
    ...
