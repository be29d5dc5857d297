"""One mailbox by the Gmail API, as far as connecting it needs.

What comes back is held to its shape: an answer that is none is `protocol_error`.
"""

import base64
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote, urlencode

from inboxlink.errors import InboxlinkError, MailboxError, Problem, problem
from inboxlink.oauth.api import Api
from inboxlink.types.context import HttpSession
from inboxlink_gmail.api_refusals import judge
from inboxlink_gmail.google import API_HOST
from inboxlink_gmail.permissions import READ, SEND

__all__ = ["Mailbox"]

_ME = "/gmail/v1/users/me"

#: Every mailbox has them ("Manage labels", developers.google.com/workspace/gmail/api/guides/labels,
#: read November 2026).
_LABELS = ("INBOX", "SENT")


class Mailbox:
    """The mailbox of whom an access token is of.

    Args:
        session: To the API's host; the caller closes it.
        token: The access token.
    """

    def __init__(self, session: HttpSession, token: str) -> None:
        self._reading = Api(session, API_HOST, token, judge(READ))
        self._sending = Api(session, API_HOST, token, judge(SEND))

    def address(self) -> str:
        """Its own address (`users.getProfile`).

        Raises:
            InboxlinkError: What the refusal means.
        """
        return _text(self._reading.get(f"{_ME}/profile"), "emailAddress")

    def labels(self) -> str:
        """The labels for incoming and sent mail, which are there.

        Raises:
            MailboxError: `inbox_missing`.
            InboxlinkError: What the refusal means.
        """
        found = {_text(each, "id") for each in _list(self._reading.get(f"{_ME}/labels"), "labels")}
        if not found.issuperset(_LABELS):
            raise MailboxError(problem("inbox_missing", host=API_HOST, port="443"))
        return " ".join(_LABELS)

    def senders(self) -> tuple[str, ...]:
        """The addresses that it may send as, its own first (`users.settings.sendAs.list`).

        One that the person has not confirmed yet is left out: anybody can ask for any address.
        A name of Workspace's own needs no confirming, and says so.

        Raises:
            InboxlinkError: What the refusal means.
        """
        entries = _list(self._reading.get(f"{_ME}/settings/sendAs"), "sendAs")
        usable = [
            each
            for each in entries
            if each.get("isPrimary") is True or each.get("verificationStatus") == "accepted"
        ]
        usable.sort(key=lambda each: each.get("isPrimary") is not True)
        return tuple(_text(each, "sendAsEmail") for each in usable)

    def refusal_to_read(self) -> Problem | None:
        """Ask for the profile without the scope for it; None = Google gave it all the same."""
        try:
            self.address()
        except InboxlinkError as error:
            return error.problem
        return None

    def send(self, message: EmailMessage) -> str:
        """Send a message, and give back Gmail's id of it.

        Raises:
            InboxlinkError: What the refusal means.
        """
        raw = base64.urlsafe_b64encode(message.as_bytes()).decode()
        return _text(self._sending.post(f"{_ME}/messages/send", {"raw": raw}), "id")

    def message_id(self, found: str) -> str:
        """The Message-ID that a message has in Gmail, which may have given it another.

        Raises:
            InboxlinkError: What the refusal means.
        """
        query = urlencode({"format": "metadata", "metadataHeaders": "Message-ID"})
        message = self._reading.get(f"{_ME}/messages/{quote(found, safe='')}?{query}")
        payload = message.get("payload")
        headers = _list(payload if isinstance(payload, dict) else {}, "headers")
        for each in headers:
            if _text(each, "name").lower() == "message-id":
                return _text(each, "value")
        raise _unusable()

    def is_in_inbox(self, message_id: str) -> bool:
        """Whether a message with this Message-ID has arrived.

        Raises:
            InboxlinkError: What the refusal means.
        """
        query = urlencode({"q": f"rfc822msgid:{message_id.strip('<>')}", "labelIds": "INBOX"})
        found = self._reading.get(f"{_ME}/messages?{query}")
        # Where nothing is found, the list is left out.
        return "messages" in found and bool(_list(found, "messages"))


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise _unusable()
    return value


def _list(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    entries = answer.get(name)
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise _unusable()
    return entries


def _unusable() -> MailboxError:
    return MailboxError(problem("protocol_error", host=API_HOST, port="443"))
