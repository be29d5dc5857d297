"""Ask a server how it lets people sign in, before it hears anything of them."""

from inboxlink.errors import InboxlinkError, problem
from inboxlink.exchange_front import fingerprint
from inboxlink.types.context import HookContext
from inboxlink.types.detection import CertificatePin
from inboxlink_exchange import policy
from inboxlink_exchange.autodiscover.places import look_at

__all__ = ["schemes_of"]


def schemes_of(ctx: HookContext, url: str, pin: CertificatePin | None = None) -> tuple[str, ...]:
    """What a server offers at an address of EWS or Autodiscover.

    Raises:
        InboxlinkError: It could not be asked, or nothing there answers as Exchange does.
    """
    answer = look_at(ctx, url, pin)
    found = fingerprint(answer)
    if found is None:
        raise InboxlinkError.of(policy.no_ews(url, answer.status))
    if not found.schemes:
        raise InboxlinkError.of(problem("mechanism_unsupported"))
    return found.schemes
