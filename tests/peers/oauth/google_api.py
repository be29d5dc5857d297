"""The Gmail API: `emulate` of vercel-labs behind our gateway.

Not the emulator's, and written after https://developers.google.com/workspace/gmail/api/reference/rest
and its guide "handle-errors":

- 401 and 403, with their bodies.
- `users.getProfile`, which the emulator has not.
- A message to oneself also lies in the INBOX, as at Gmail: it is inserted there.
- The search for one Message-ID (`rfc822msgid:`), which finds nothing in the emulator: it cuts the
  word a character too early.
"""

import base64
import json
from collections.abc import Collection
from email import message_from_bytes
from email.utils import getaddresses
from typing import Any

from inboxlink.testing.peers.web import Answer, Request, json_answer
from peers.oauth.authorization import Account
from peers.oauth.gateway import Gateway
from peers.oauth.google import GMAIL, WHOLE_MAILBOX
from peers.oauth.google_answers import gmail_error

__all__ = ["GmailApi"]


def _any_of(*names: str) -> frozenset[str]:
    return frozenset({WHOLE_MAILBOX, *(GMAIL + name for name in names)})


_READS = _any_of("readonly", "modify")
_ME = "/gmail/v1/users/me"


class GmailApi(Gateway):
    """See the module. The scopes of each route are on the page of its method."""

    host = "gmail.googleapis.com"
    emulator = ("node_modules/emulate/dist/index.js", "google")
    routes = (
        ("GET", f"{_ME}/profile", _any_of("readonly", "modify", "compose", "metadata")),
        ("GET", f"{_ME}/labels(/[^/]+)?", _READS | _any_of("labels", "metadata")),
        (
            "GET",
            f"{_ME}/settings/sendAs(/[^/]+)?",
            _READS | _any_of("settings.basic"),
        ),
        ("POST", f"(/upload)?{_ME}/messages/send", _any_of("send", "compose", "modify")),
        ("GET", f"{_ME}/messages(/[^/]+)?", _READS | _any_of("metadata")),
    )

    def inbox(self, account: Account) -> list[str]:
        """The subjects in a person's INBOX, as they see them."""
        asked = Request("GET", self.host, f"{_ME}/messages", "labelIds=INBOX", _no_headers(), b"")
        listed = self._emulated(asked, account).json.get("messages", [])
        return [self._header("Subject", each["id"], account) for each in listed]

    def _found(self, request: Request, account: Account, wanted: str) -> Answer:
        labels = request.parameters.get("labelIds", "")
        asked = request.asks(labelIds=labels) if labels else request.asks()
        listed = self._emulated(asked, account).json.get("messages", [])
        found = [
            each
            for each in listed
            if self._header("Message-ID", each["id"], account).strip("<>") == wanted.strip("<>")
        ]
        # Where nothing is found, Gmail leaves the list out.
        content = {"messages": found} if found else {}
        return json_answer(200, {**content, "resultSizeEstimate": len(found)})

    def _header(self, name: str, identity: str, account: Account) -> str:
        asked = Request("GET", self.host, f"{_ME}/messages/{identity}", "", _no_headers(), b"")
        headers = self._emulated(asked, account).json["payload"]["headers"]
        return next((each["value"] for each in headers if each["name"] == name), "")

    def _seeded(self, accounts: Collection[Account]) -> dict[str, Any]:
        users = [{"email": x.mailbox or x.login, "name": x.name or x.login} for x in accounts]
        # The first user is whom the emulator takes for the owner of a token that it does not know.
        return {
            "tokens": self._tokens(accounts),
            "google": {"users": [{"email": "", "name": "Nobody"}, *users]},
        }

    def _refused(self, status: int) -> Answer:
        if status == 401:
            return gmail_error(
                401,
                "UNAUTHENTICATED",
                "authError",
                "Request had invalid authentication credentials. Expected OAuth 2 access token,"
                " login cookie or other valid authentication credential.",
                WWW_Authenticate='Bearer realm="https://accounts.google.com/",'
                ' error="invalid_token"',
            )
        return gmail_error(
            403,
            "PERMISSION_DENIED",
            "insufficientPermissions",
            "Request had insufficient authentication scopes.",
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "domain": "googleapis.com",
                "metadata": {"service": "gmail.googleapis.com"},
            },
            WWW_Authenticate='Bearer realm="https://accounts.google.com/",'
            ' error="insufficient_scope"',
        )

    def _of_person(self, request: Request, account: Account) -> Answer:
        if request.path == f"{_ME}/profile":
            profile = {
                "emailAddress": account.mailbox or account.login,
                "messagesTotal": 0,
                "threadsTotal": 0,
                "historyId": "1",
            }
            return json_answer(200, profile)
        if request.method == "GET" and request.path == f"{_ME}/messages":
            wanted = request.parameters.get("q", "").partition("rfc822msgid:")[2]
            if wanted:
                return self._found(request, account, wanted)
        answer = self._emulated(request, account)
        if request.method == "POST" and answer.status == 200:
            self._deliver_to_oneself(request, account)
        return answer

    def _deliver_to_oneself(self, request: Request, account: Account) -> None:
        raw = json.loads(request.body)["raw"]
        message = message_from_bytes(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
        to = {address for _, address in getaddresses(message.get_all("To", []))}
        if (account.mailbox or account.login) in to:
            content = json.dumps({"raw": raw, "labelIds": ["INBOX", "UNREAD"]}).encode()
            asked = Request("POST", self.host, f"{_ME}/messages", "", request.headers, content)
            inserted = self._emulated(asked, account)
            assert inserted.status == 200, inserted


def _no_headers() -> Any:
    from http.client import HTTPMessage

    return HTTPMessage()
