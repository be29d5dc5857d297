import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from inboxlink.errors import InboxlinkError, MailboxError, Problem, problem
from inboxlink.oauth.token_errors import named_error, retry_after_s
from inboxlink.remote_text import RemoteText
from inboxlink.types.context import HttpAnswer, HttpSession
__all__ = ['Api', 'Judge']
Judge = Callable[[int, Mapping[str, Any]], Problem | None]

class Api:

    def __init__(self, session: HttpSession, host: str, token: str, judge: Judge) -> None:
        ...

    def get(self, target: str, headers: Mapping[str, str] | None=None) -> Mapping[str, Any]:
        ...

    def post(self, target: str, document: Mapping[str, Any] | None=None) -> Mapping[str, Any]:
        ...
