"""What a verification asks of Exchange Web Services, and what its refusals mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from inboxlink.errors import InboxlinkError, MailboxError, Problem, problem
from inboxlink_exchange import policy
from inboxlink_exchange.signed_session import SignedSession

if TYPE_CHECKING:
    from email.message import EmailMessage

    from exchangelib import Folder
    from exchangelib.items import Item

__all__ = ["Ews", "Inbox"]


@dataclass(frozen=True, slots=True)
class Inbox:
    """The inbox of the mailbox that the login opens.

    Args:
        id: As EWS name it.
        total: How many messages it holds.
    """

    id: str
    total: int


class Ews:
    """One mailbox.

    Args:
        address: The mailbox.
        url: Of EWS.
        signed: To its host.
    """

    def __init__(self, address: str, url: str, signed: SignedSession) -> None:
        from inboxlink_exchange.exchangelib_door import account_of

        self._address = address
        self._host = urlsplit(url).hostname or ""
        self._account = account_of(address, url, signed)

    @property
    def version(self) -> tuple[int, int]:
        """Major and minor version, as the last answer gave them."""
        build = self._account.version.build
        return build.major_version, build.minor_version

    @property
    def shown_version(self) -> str:
        """The build, such as `15.1.2507.6`."""
        build = self._account.version.build
        parts = (
            *(build.major_version, build.minor_version),
            *(build.major_build or 0, build.minor_build or 0),
        )
        return ".".join(str(part) for part in parts)

    def own_inbox(self) -> Inbox:
        """The inbox that the login itself opens, whatever address was typed.

        Raises:
            InboxlinkError: See `_typed`.
        """
        from inboxlink_exchange.own_folder import own_inbox

        with _typed(self._host):
            identifier, total = own_inbox(self._account)
        return Inbox(identifier, total)

    def inbox_id(self) -> str:
        """The inbox of the address that was typed, as the login may see it.

        Raises:
            InboxlinkError: See `_typed`; `ews_access_denied` for somebody else's mailbox.
        """
        with _typed(self._host):
            return str(self._account.inbox.id)

    def may_keep_sent(self) -> bool:
        """Whether what is sent may be kept in the sent items.

        Raises:
            InboxlinkError: See `_typed`.
        """
        with _typed(self._host):
            return bool(self._account.sent.effective_rights.create_contents)

    def addresses(self) -> tuple[str, ...]:
        """What the directory lists as this mailbox's own addresses; empty where it lists none.

        Raises:
            InboxlinkError: See `_typed`.
        """
        with _typed(self._host):
            found = list(
                self._account.protocol.resolve_names([self._address], return_full_contact_data=True)
            )
        wanted = self._address.casefold()
        for mailbox, contact in (pair for pair in found if isinstance(pair, tuple)):
            primary = getattr(mailbox, "email_address", None) or ""
            others = [each.email or "" for each in getattr(contact, "email_addresses", None) or ()]
            listed = tuple(dict.fromkeys(_smtp(each) for each in (primary, *others)))
            if wanted in (each.casefold() for each in listed):
                return tuple(each for each in listed if each)
        return ()

    def send_to_oneself(self, message: "EmailMessage") -> None:
        """Send a message to the mailbox and keep it in the sent items.

        Raises:
            InboxlinkError: See `_typed`.
        """
        from exchangelib import Mailbox, Message

        body = message.get_content()
        with _typed(self._host):
            Message(
                account=self._account,
                folder=self._account.sent,
                subject=str(message["Subject"]),
                body=body,
                message_id=str(message["Message-ID"]),
                to_recipients=[Mailbox(email_address=self._address)],
            ).send_and_save()

    def remove(self, message_id: str) -> int:
        """Remove the message to oneself wherever it is, and say how many times it was in the inbox.

        Args:
            message_id: Its Message-ID.

        Raises:
            InboxlinkError: See `_typed`.
        """
        with _typed(self._host):
            arrived = self._found(self._account.inbox, message_id)
            if arrived:
                kept = self._found(self._account.sent, message_id)
                self._account.bulk_delete([*arrived, *kept])
        return len(arrived)

    @staticmethod
    def _found(folder: "Folder", message_id: str) -> "list[Item]":
        return list(folder.filter(message_id=message_id).only("id", "changekey"))


def _smtp(address: str) -> str:
    # The directory writes `smtp:` before an address, and `SMTP:` before the primary one.
    kind, colon, rest = address.partition(":")
    return (rest if kind.lower() == "smtp" else "") if colon else address


@contextmanager
def _typed(host: str) -> Iterator[None]:
    """Type what exchangelib raises.

    Raises:
        InboxlinkError: What the door raised; else what the response code means, `remote_error`
            with the code where that is not known, `protocol_error` where there is none.
    """
    from exchangelib.errors import EWSError, ResponseMessageError

    try:
        yield
    except InboxlinkError:
        raise
    except EWSError as error:
        code = type(error).__name__
        if isinstance(error, ResponseMessageError):
            raise InboxlinkError.of(_problem(error, code)) from None
        raise MailboxError(problem("protocol_error", host=host, port="443", remote=code)) from None


def _problem(error: Any, code: str) -> Problem:  # noqa: ANN401 - exchangelib's
    wait_s = getattr(error, "back_off", None)
    known = policy.ews_error(code, retry_after_s=wait_s)
    return known or problem("remote_error", remote=code)
