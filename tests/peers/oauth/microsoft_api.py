"""Graph's mail: `@inbox-zero/emulate` behind our gateway.

Not the emulator's, and written after https://learn.microsoft.com/graph/api/ and its pages
"user-get", "user-get-mailboxsettings", "user-sendmail", "resources/mailfolder":

- 401 and 403, with their bodies.
- Who `/me` is: the emulator would make up an id, where Graph tells the `oid` of the id_token.
- `/me/mailboxSettings`, which the emulator has not, with all or only `userPurpose`.
- The counts of a folder, which the emulator leaves out.
- A message to oneself also lies in the Inbox, as at Microsoft: it is put there. The emulator gives
  it an `internetMessageId` of its own; by the one that it was sent with it is found here.
- What `sendMail` refuses; and a message as MIME, which the emulator would take for nothing.
"""

import base64
import binascii
import json
import re
from collections.abc import Collection
from email import message_from_bytes
from email.policy import default
from typing import Any

from inboxlink.testing.peers.web import Answer, Request, json_answer
from peers.certificates import Authority
from peers.oauth.authorization import Account, AuthorizationServer
from peers.oauth.forward import forward
from peers.oauth.gateway import Gateway
from peers.oauth.microsoft_answers import graph_error

__all__ = ["GraphApi"]


def _any_of(*names: str) -> frozenset[str]:
    return frozenset({*names, *(f"https://graph.microsoft.com/{name}" for name in names)})


_ROOT = "https://graph.microsoft.com/v1.0"
_FOLDERS = "/v1.0/me/mailFolders"
_JSON = {"Content-Type": "application/json"}


class GraphApi(Gateway):
    """See the module. The permissions of each route are on the page of its method."""

    host = "graph.microsoft.com"
    emulator = ("node_modules/@inbox-zero/emulate/dist/index.js", "microsoft")
    routes = (
        ("GET", "/v1.0/me", _any_of("User.Read")),
        ("GET", "/oidc/userinfo", frozenset({"openid"})),
        (
            "GET",
            "/v1.0/me/mailboxSettings(/userPurpose)?",
            _any_of("MailboxSettings.Read", "MailboxSettings.ReadWrite"),
        ),
        (
            "GET",
            f"{_FOLDERS}(/[^/]+(/messages)?)?",
            _any_of("Mail.ReadBasic", "Mail.Read", "Mail.ReadWrite"),
        ),
        ("GET", "/v1.0/me/messages(/[^/]+)?", _any_of("Mail.Read", "Mail.ReadWrite")),
        ("POST", "/v1.0/me/sendMail", _any_of("Mail.Send")),
    )

    #: Whether a message to oneself arrives.
    delivers = True

    def __init__(self, authority: Authority, server: AuthorizationServer) -> None:
        super().__init__(authority, server)
        #: The `internetMessageId`s that arrived, by the address of the person.
        self.delivered: dict[str, list[str]] = {}

    def reset(self) -> None:
        """See `Gateway.reset`; what arrives is not held up any more."""
        super().reset()
        self.delivers = True

    def inbox(self, account: Account) -> list[str]:
        """The subjects in a person's Inbox."""
        return self._subjects("inbox", account)

    def sent(self, account: Account) -> list[str]:
        """The subjects in a person's Sent Items."""
        return self._subjects("sentitems", account)

    def _subjects(self, folder: str, account: Account) -> list[str]:
        path = f"{_FOLDERS}/{folder}/messages"
        asked = Request("GET", self.host, path, "$top=100", _no_headers(), b"")
        return [each["subject"] for each in self._emulated(asked, account).json["value"]]

    def _seeded(self, accounts: Collection[Account]) -> dict[str, Any]:
        users = [{"email": x.mailbox or x.login, "name": x.name or x.login} for x in accounts]
        return {"tokens": self._tokens(accounts), "microsoft": {"users": users}}

    def _refused(self, status: int) -> Answer:
        if status == 401:
            return graph_error(
                401,
                "InvalidAuthenticationToken",
                "Access token has expired or is not yet valid.",
                WWW_Authenticate='Bearer realm="", error="invalid_token"',
            )
        return graph_error(
            403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."
        )

    def _of_person(self, request: Request, account: Account) -> Answer:
        path = request.path
        if path == "/v1.0/me":
            return json_answer(200, _user(account))
        if path == "/oidc/userinfo":
            return forward(self._server.port, request, "/userinfo")
        if path.startswith("/v1.0/me/mailboxSettings"):
            return _mailbox_settings(path, request.parameters)
        if path == "/v1.0/me/sendMail":
            return self._send(request, account)
        named = re.fullmatch(r"internetMessageId eq '(.+)'", request.parameters.get("$filter", ""))
        if path == "/v1.0/me/messages" and named is not None:
            found = [each for each in self.delivered.get(account.login, ()) if each == named[1]]
            return json_answer(200, {"value": [{"internetMessageId": each} for each in found]})
        answer = self._emulated(request, account)
        if answer.status == 200 and path.startswith(f"{_FOLDERS}/") and path.count("/") == 4:
            counts = {"parentFolderId": "root", "unreadItemCount": 0, "totalItemCount": 0}
            return json_answer(200, {**counts, **answer.json})
        return answer

    def _send(self, request: Request, account: Account) -> Answer:
        kind = request.headers.get_content_type()
        if kind == "text/plain":
            try:
                mime = base64.b64decode(request.body, validate=True)
            except binascii.Error:
                return graph_error(
                    400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME."
                )
            content = _message_of(mime)
        else:
            try:
                content = json.loads(request.body)
            except ValueError:
                content = None
        if not isinstance(content, dict) or not isinstance(content.get("message"), dict):
            return graph_error(400, "ErrorInvalidRequest", "The Message parameter is missing.")
        if not content["message"].get("toRecipients"):
            return graph_error(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
        body = json.dumps(content).encode()
        asked = Request("POST", self.host, request.path, "", request.headers, body)
        answer = self._emulated(asked, account, _JSON)
        if answer.status == 202:
            self._deliver_to_oneself(content["message"], asked, account)
        return answer

    def _deliver_to_oneself(
        self, message: dict[str, Any], request: Request, account: Account
    ) -> None:
        to = {each["emailAddress"]["address"] for each in message["toRecipients"]}
        if not self.delivers or (account.mailbox or account.login) not in to:
            return
        arrived = self.delivered.setdefault(account.login, [])
        arrived.append(message.get("internetMessageId", ""))
        drafts = Request(
            "POST",
            self.host,
            "/v1.0/me/messages",
            "",
            request.headers,
            json.dumps(message).encode(),
        )
        draft = self._emulated(drafts, account, _JSON)
        assert draft.status == 201, draft
        moved = Request(
            "POST",
            self.host,
            f"/v1.0/me/messages/{draft.json['id']}/move",
            "",
            request.headers,
            b'{"destinationId": "inbox"}',
        )
        answer = self._emulated(moved, account, _JSON)
        assert answer.status in (200, 201), answer  # Graph says 201, the emulator 200


def _user(account: Account) -> dict[str, Any]:
    return {
        "@odata.context": f"{_ROOT}/$metadata#users/$entity",
        "id": account.oid,
        "displayName": account.name,
        "givenName": None,
        "surname": None,
        "mail": account.email,
        "userPrincipalName": account.login,
    }


def _mailbox_settings(path: str, parameters: dict[str, str]) -> Answer:
    context = f"{_ROOT}/$metadata#users('me')/mailboxSettings"
    if path.endswith("/userPurpose"):
        return json_answer(200, {"@odata.context": f"{context}/userPurpose", "value": "user"})
    settings = {
        "archiveFolder": "archive",
        "timeZone": "UTC",
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "dateFormat": "MM/dd/yyyy",
        "timeFormat": "hh:mm tt",
        "userPurpose": "user",
    }
    if "$select" in parameters:
        chosen = parameters["$select"].split(",")
        settings = {name: value for name, value in settings.items() if name in chosen}
    return json_answer(200, {"@odata.context": context, **settings})


def _message_of(mime: bytes) -> dict[str, Any]:
    message = message_from_bytes(mime, policy=default)
    body = message.get_body(("plain", "html"))
    recipients = message["To"].addresses if message["To"] else ()
    return {
        "message": {
            "subject": str(message.get("Subject", "")),
            "body": {"contentType": "Text", "content": body.get_content() if body else ""},
            "toRecipients": [{"emailAddress": {"address": x.addr_spec}} for x in recipients],
        },
        "saveToSentItems": True,
    }


def _no_headers() -> Any:
    from http.client import HTTPMessage

    return HTTPMessage()
