"""The further addresses of a mailbox, where the directory lists them."""

from collections.abc import Mapping

from inboxlink.types.context import CallContext
from inboxlink.types.credential import Credential, SecretName
from inboxlink.types.detection import Endpoint, Role
from inboxlink.types.report import Identity, Proof
from inboxlink_exchange.verification import opened

__all__ = ["aliases"]


def aliases(
    ctx: CallContext,
    credential: Credential,
    settings: Mapping[str, str],
    endpoints: tuple[Endpoint, ...],
) -> tuple[Identity, ...]:
    """See `inboxlink.hookspecs.aliases`."""
    (endpoint,) = (each for each in endpoints if each.role is Role.EWS)
    password = credential.secret(SecretName.PASSWORD)
    with (
        ctx.http(endpoint.host, endpoint.pin) as session,
        ctx.attempt(endpoint, settings["username"], password),
    ):
        listed = opened(ctx, credential, settings, endpoint.host, session).addresses()
    own = Identity(address=str(ctx.address), proof=Proof.PROVEN)
    # The directory is the administrator's word on them; Exchange decides at sending.
    others = (each for each in listed if not ctx.address.same_mailbox(each))
    return (own, *(Identity(address=each, proof=Proof.DECLARED) for each in others))
