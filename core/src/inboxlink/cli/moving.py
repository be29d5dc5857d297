"""Go on with the provider that can connect a mailbox where the chosen one cannot (req 66, 67)."""

from typing import TYPE_CHECKING

from inboxlink.cli.asking import confirm
from inboxlink.cli.session import Session

if TYPE_CHECKING:
    from inboxlink.connect.host import Host
    from inboxlink.connect.request import Failed, Request

__all__ = ["moved"]


def moved(
    session: Session, host: "Host", request: "Request", outcome: "Failed"
) -> "Request | None":
    """The same request with the other provider, after a yes; None = there is none, or no yes.

    A connection that is signed in again keeps its id.
    """
    from dataclasses import replace

    from inboxlink.connect.keeping import reconnection
    from inboxlink.evidence.lookup import LookupDepth

    name = outcome.problem.provider
    offered = host.offered()
    if name is None or name not in offered:
        return None
    title = session.words(offered[name].title)
    question = session.words("cli.connect.move.ask", provider=title)
    if not confirm(session, question, default=True):
        return None
    settings = host.lookup_settings(LookupDepth.PASSIVE)
    with session.busy("cli.busy.lookup", domain=request.address.domain):
        detection = host.choose(host.recommend(request.address, settings), name)
    if request.replaces is not None:
        return reconnection(host, request.replaces, request.language, detection)
    return replace(request, detection=detection, previous=None, force=False)
