"""Look at both servers before anything secret is asked for: do they answer, and can they be used.

Nothing of the person is sent, not even the user name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread

from inboxlink.errors import InboxlinkError, Problem
from inboxlink.types.context import CallContext
from inboxlink.types.detection import Endpoint, Role

__all__ = ["Finding", "survey"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one server; `problem` None = nothing."""

    endpoint: Endpoint
    problem: Problem | None


def survey(
    ctx: CallContext, endpoints: tuple[Endpoint, ...], *, for_token: bool = False
) -> tuple[Finding, ...]:
    """Look at all servers at once.

    Args:
        ctx: Lends the network.
        endpoints: The servers; the answers come in their order.
        for_token: Whether they must take an access token, or else a password.
    """
    looks = [_Look(ctx, endpoint, for_token=for_token) for endpoint in endpoints]
    for look in looks:
        look.start()
    for look in looks:
        look.join()
    return tuple(look.finding() for look in looks)


class _Look(Thread):
    def __init__(self, ctx: CallContext, endpoint: Endpoint, *, for_token: bool) -> None:
        super().__init__(name=f"inboxlink-imap-survey-{endpoint.role.value}", daemon=True)
        self._ctx = ctx
        self._endpoint = endpoint
        self._for_token = for_token
        self._problem: Problem | None = None
        self._fault: BaseException | None = None

    def run(self) -> None:
        try:
            _LOOKS[self._endpoint.role](self._ctx, self._endpoint, self._for_token)
        except InboxlinkError as error:
            self._problem = error.problem
        except BaseException as fault:  # noqa: BLE001 - raised again by the hook's thread
            self._fault = fault

    def finding(self) -> Finding:
        if self._fault is not None:
            raise self._fault
        return Finding(self._endpoint, self._problem)


def _look_at_imap(ctx: CallContext, endpoint: Endpoint, for_token: bool) -> None:  # noqa: FBT001 - as in the table
    from inboxlink_imap.imap_session import ImapSession

    session = ImapSession(ctx.open(endpoint), endpoint)
    try:
        session.identify()
        session.choose_mechanism(for_token=for_token)
    finally:
        session.close()


def _look_at_smtp(ctx: CallContext, endpoint: Endpoint, for_token: bool) -> None:  # noqa: FBT001 - as in the table
    from inboxlink_imap.smtp_session import SmtpSession

    session = SmtpSession(ctx.open(endpoint), endpoint)
    try:
        session.choose_mechanism(for_token=for_token)
    finally:
        session.close()


_LOOKS: dict[Role, Callable[[CallContext, Endpoint, bool], None]] = {
    Role.IMAP: _look_at_imap,
    Role.SUBMISSION: _look_at_smtp,
}
