from collections.abc import Iterable, Mapping
from typing import Any
from inboxlink.errors import InboxlinkError, Problem, problem
from inboxlink.remote_text import RemoteText
__all__ = ['named_error', 'retry_after_s', 'token_error', 'token_problem']

def token_problem(answer: Mapping[str, Any], *, host: str, provider: str, app: str | None=None, secrets: Iterable[str]=()) -> Problem:
    ...

def named_error(error: str, description: object) -> str:
    ...

def token_error(answer: Mapping[str, Any], *, host: str, provider: str, app: str | None=None, secrets: Iterable[str]=()) -> InboxlinkError:
    ...

def retry_after_s(headers: Mapping[str, str]) -> float | None:
    ...
