"""Requests to a provider's API with an access token, and what its refusals mean."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from inboxlink.errors import InboxlinkError, MailboxError, Problem, problem
from inboxlink.oauth.token_errors import named_error, retry_after_s
from inboxlink.remote_text import RemoteText
from inboxlink.types.context import HttpAnswer, HttpSession

__all__ = ["Api", "Judge"]


#: What a provider knows of a refusal, by its status and its JSON (empty where it is none); None =
#: no more than its status says.
Judge = Callable[[int, Mapping[str, Any]], Problem | None]


class Api:
    """One API, one access token, for the length of a hook.

    Args:
        session: To the API's host.
        host: Its name.
        token: The access token.
        judge: What the provider knows of refusals.
    """

    def __init__(self, session: HttpSession, host: str, token: str, judge: Judge) -> None:
        self._session = session
        self._host = host
        self._token = token
        self._judge = judge
        self._said = RemoteText((token,))

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """GET a JSON object.

        Raises:
            InboxlinkError: What the answer means.
        """
        return self._object(self._send("GET", target, headers or {}, None))

    def post(self, target: str, document: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """POST a JSON object and read what it gives; an empty answer is an empty object.

        Raises:
            InboxlinkError: What the answer means.
        """
        body = b"" if document is None else json.dumps(document).encode()
        headers = {} if document is None else {"Content-Type": "application/json"}
        answer = self._send("POST", target, headers, body)
        return self._object(answer) if answer.body else {}

    def _send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> HttpAnswer:
        own = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        answer = self._session.send(method, target, own | dict(headers), body)
        if not 200 <= answer.status < 300:
            raise InboxlinkError.of(self._problem(answer))
        return answer

    def _object(self, answer: HttpAnswer) -> Mapping[str, Any]:
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise MailboxError(problem("protocol_error", host=self._host, port="443"))
        return found

    def _problem(self, answer: HttpAnswer) -> Problem:
        try:
            body = json.loads(answer.body)
        except (ValueError, RecursionError):
            body = None
        refusal = body if isinstance(body, dict) else {}
        wait_s = retry_after_s(answer.headers)
        judged = self._judge(answer.status, refusal)
        if judged is not None:
            # A judge knows no token, and what it kept of the answer may hold one.
            said = None if judged.remote is None else self._said.clean(judged.remote)
            wait_s = judged.retry_after_s if wait_s is None else wait_s
            return replace(judged, remote=said, retry_after_s=wait_s)
        remote = self._said.clean(f"{answer.status} {_words(refusal)}".strip())
        if answer.status == 429:
            return problem("rate_limited", retry_after_s=wait_s, remote=remote, host=self._host)
        if answer.status >= 500:
            named = {"host": self._host, "port": "443"}
            return problem("server_unavailable", retry_after_s=wait_s, remote=remote, **named)
        if answer.status == 401:
            return problem("grant_ended", remote=remote)
        return problem("remote_error", remote=remote, host=self._host)


def _words(refusal: Mapping[str, Any]) -> str:
    """The message of an error, behind its code where that is a name."""
    error = refusal.get("error")
    if not isinstance(error, dict):
        return str(error or "")
    code, message = error.get("code"), str(error.get("message") or "")
    return named_error(code if isinstance(code, str) else "", message)
