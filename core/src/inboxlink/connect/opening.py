"""What stands before the address: permission, and what the person should know (req 6-12, 19)."""

from dataclasses import dataclass

from inboxlink.connect.host import Host
from inboxlink.errors import SetupError, problem
from inboxlink.store.connections import Connection, ConnectionState
from inboxlink.types.disclosure import Audience, Capability
from inboxlink.types.text import Text

__all__ = ["Opening", "open_flow", "require_mailbox", "require_permission"]

_ABLE: dict[Capability, frozenset[ConnectionState]] = {
    Capability.RECEIVE: frozenset({ConnectionState.ACTIVE, ConnectionState.RECEIVE_ONLY}),
    Capability.SEND: frozenset({ConnectionState.ACTIVE, ConnectionState.SEND_ONLY}),
}


@dataclass(frozen=True, slots=True)
class Opening:
    """The texts of the opening dialog, in order, and the links that go with them."""

    texts: tuple[Text, ...]
    links: tuple[tuple[Text, str], ...]


def open_flow(host: Host, owner: str, audience: Audience = Audience.PERSONAL) -> Opening:
    """Let a person begin, or refuse before anything is asked.

    Raises:
        SetupError: `not_permitted` without the permission "personal email access" (req 19);
            `too_many_mailboxes`.
    """
    require_permission(host, owner)
    section = host.config.connect
    if host.connections.count(owner) >= section.max_mailboxes:
        raise SetupError(problem("too_many_mailboxes", limit=str(section.max_mailboxes)))
    application = host.config.application
    links = (
        (Text("opening.link.team"), application.team_inbox),
        (Text("opening.link.compare"), application.compare_inboxes),
        (Text("opening.link.privacy"), application.privacy_policy),
    )
    kept = tuple((text, url) for text, url in links if url is not None)
    if audience is Audience.TEAM:
        return Opening((Text("opening.team"),), kept)
    texts = (
        Text("opening.one_person"),  # req 6
        Text("opening.everyday_address"),  # req 7
        Text("opening.sends_for_you"),  # req 8
        Text("opening.what_for"),  # req 2-4, 26
    )
    return Opening(texts, kept)


def require_permission(host: Host, owner: str) -> None:
    """Refuse a person without the permission "personal email access" (req 19).

    Raises:
        SetupError: `not_permitted`.
    """
    permitted = host.config.connect.personal_email_access
    if owner not in permitted and "*" not in permitted:
        raise SetupError(problem("not_permitted", owner=owner))


def require_mailbox(host: Host, owner: str, capability: Capability) -> Connection:
    """A connected mailbox of this person that can do it, for a feature that needs one (req 9).

    Raises:
        SetupError: `mailbox_required`, until there is one.
    """
    after: str | None = None
    while True:
        page = host.connections.page(owner, after)
        for connection in page.items:
            if connection.state in _ABLE[capability]:
                return connection
        after = page.next
        if after is None:
            raise SetupError(problem("mailbox_required", capability=capability))
