"""What is behind the emulator: people, their mailboxes, and the messages in them."""

import base64
import itertools
from dataclasses import dataclass, field

__all__ = ["FOLDERS", "Directory", "Item", "Mailbox"]

#: Distinguished folders (MS-OXWSCDATA section 2.2.5.10) with their names.
FOLDERS = {
    "msgfolderroot": "Top of Information Store",
    "root": "Root",
    "inbox": "Inbox",
    "sentitems": "Sent Items",
    "drafts": "Drafts",
    "deleteditems": "Deleted Items",
}

_numbers = itertools.count(1)


@dataclass
class Item:
    """A message: what a search or a client's look needs of it."""

    subject: str
    body: str
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    id: str = field(default_factory=lambda: base64.b64encode(b"item %d" % next(_numbers)).decode())


@dataclass
class Mailbox:
    """One person.

    Args:
        address: The primary address.
        user: As NTLM knows it.
        password: In the clear.
        domain: Of NTLM.
        aliases: Further addresses in the directory.
        opens: Other mailboxes that this person may open.
        may_send: Whether what is sent may be kept, and so sent.
        is_ews_enabled: Whether EWS are allowed to this person.
    """

    address: str
    user: str
    password: str
    domain: str = "CORP"
    aliases: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    may_send: bool = True
    is_ews_enabled: bool = True
    folders: dict[str, list[Item]] = field(default_factory=lambda: {name: [] for name in FOLDERS})

    def folder_id(self, name: str) -> str:
        """The id of a folder, which no other mailbox has."""
        return base64.b64encode(f"{self.address}/{name}".encode()).decode()


class Directory:
    """The people of one organisation."""

    def __init__(self, *mailboxes: Mailbox) -> None:
        self.mailboxes = {each.address.lower(): each for each in mailboxes}

    def by_login(self, name: str) -> Mailbox | None:
        """Whose login it is: a user name, alone or behind a domain, or the address as a UPN."""
        domain, backslash, user = name.rpartition("\\")
        for each in self.mailboxes.values():
            is_user = user.lower() == each.user.lower() and (
                not backslash or domain.lower() in ("", each.domain.lower())
            )
            if is_user or name.lower() == each.address.lower():
                return each
        return None

    def by_address(self, address: str) -> Mailbox | None:
        """Whose address it is, primary or not."""
        wanted = address.lower()
        for each in self.mailboxes.values():
            if wanted in (each.address.lower(), *(alias.lower() for alias in each.aliases)):
                return each
        return None

    def deliver(self, item: Item) -> None:
        """Put a message into the inbox of each recipient here."""
        for address in item.recipients:
            mailbox = self.by_address(address)
            if mailbox is not None:
                copy = Item(item.subject, item.body, item.message_id, item.sender, item.recipients)
                mailbox.folders["inbox"].append(copy)
