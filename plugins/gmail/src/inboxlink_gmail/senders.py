"""The addresses that a mailbox may send as (req 29, 30)."""

from collections.abc import Mapping

from inboxlink.errors import SignInError, problem
from inboxlink.types.context import CallContext
from inboxlink.types.credential import Credential, SecretName
from inboxlink.types.report import Identity
from inboxlink_gmail.google import API_HOST
from inboxlink_gmail.identity import identities
from inboxlink_gmail.mailbox import Mailbox
from inboxlink_gmail.permissions import READ, is_granted

__all__ = ["aliases"]


def aliases(
    ctx: CallContext, credential: Credential, settings: Mapping[str, str]
) -> tuple[Identity, ...]:
    """See `inboxlink.hookspecs.aliases`.

    Raises:
        SignInError: `scope_not_granted`: who may only send may not read them.
    """
    if not is_granted(READ, credential.scopes):
        raise SignInError(problem("scope_not_granted", scopes=READ))
    with ctx.http(API_HOST) as session:
        mailbox = Mailbox(session, credential.secret(SecretName.ACCESS_TOKEN))
        found = mailbox.senders()
    own = found[0] if found else settings.get("account_address")
    return identities(ctx.address, credential.account, own, found)
