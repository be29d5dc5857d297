"""Look an installation over without changing it, from its file to each provider's registration.

What is not there yet is no fault: an installation makes its store and its key at their first use.
`installation` is this machine's, `surroundings` what stands around it, `registrations` the
operator's with each provider, and `connection` the stages of one mailbox.
"""

from collections.abc import Iterator

from inboxlink.bundle.pseudonyms import Pseudonyms
from inboxlink.bundle.recording import Recorder
from inboxlink.connect.checkup.finding import Finding, unreadable
from inboxlink.connect.checkup.installation import look_at_installation
from inboxlink.connect.checkup.registrations import look_at_registrations
from inboxlink.connect.checkup.surroundings import look_at_clock, look_at_names, look_at_trust
from inboxlink.connect.host import Host
from inboxlink.errors import InboxlinkError

__all__ = ["Finding", "check_up", "unreadable"]


def check_up(host: Host, *, online: bool) -> Iterator[Finding]:
    """Look at one thing after the other.

    Args:
        host: The installation.
        online: Whether authorization servers may be asked about the application, and the names of
            servers that are in use be looked up.
    """
    try:
        _ = host.config
    except InboxlinkError as error:
        yield unreadable(error.problem)
        return
    yield from look_at_installation(host)
    yield look_at_trust(host)
    if online:
        yield look_at_names(host)
    # What the authorization servers answer says what time it is there, so that nobody else need
    # be asked.
    heard = Recorder(host.network, Pseudonyms(host.random_token(32).encode()))
    with host.through(heard):
        yield from look_at_registrations(host, online=online)
    yield look_at_clock(host, heard.conversations)
