"""Renew the access of one account with its refresh token, which Microsoft replaces at each use.

Microsoft leaves the used one valid for a while (learn.microsoft.com, "Refresh tokens in the
Microsoft identity platform", read November 2026), so that it is overwritten here and not kept.
"""

import msal

from inboxlink.errors import InboxlinkError, MailboxError, SignInError, UnreachableError, problem
from inboxlink.types.context import CallContext
from inboxlink.types.credential import Credential, SecretName
from inboxlink.types.disclosure import Capability
from inboxlink_outlook import entra_errors
from inboxlink_outlook.identity_platform import application, asked
from inboxlink_outlook.registration import Registration, faults
from inboxlink_outlook.scopes import wanted_scopes
from inboxlink_outlook.tokens import credential_of, tenant_of

__all__ = ["refresh"]


def refresh(ctx: CallContext, credential: Credential) -> Credential:
    """See `inboxlink.hookspecs.refresh`."""
    for wrong in faults(ctx.settings, ctx.now()):
        raise InboxlinkError.of(wrong)
    registration = Registration.of(ctx.settings)
    cache = msal.SerializableTokenCache()
    cache.deserialize(credential.secret(SecretName.TOKEN_CACHE))
    app = _application(ctx, registration, tenant_of(credential.account), cache)
    accounts = app.get_accounts()
    if len(accounts) != 1:
        raise SignInError(problem("grant_ended"))
    # What was withheld at the sign-in is not asked for behind the person's back.
    scopes = [each for each in wanted_scopes(Capability) if each in credential.scopes]
    answer = asked(
        lambda: app.acquire_token_silent_with_error(scopes, accounts[0], force_refresh=True)
    )
    if answer is None:  # there is no refresh token
        raise SignInError(problem("grant_ended"))
    if "error" in answer:
        sent = (*_refresh_tokens(credential), registration.secret or "")
        app_name = ctx.application.name
        raise InboxlinkError.of(
            entra_errors.problem_of(answer, app=app_name, secrets=sent, is_renewal=True)
        )
    renewed = credential_of(ctx, registration, cache, answer, scopes)
    if renewed.account != credential.account:
        raise SignInError(problem("wrong_account", address=str(ctx.address), found="-"))
    return renewed


def _application(
    ctx: CallContext, registration: Registration, tenant: str, cache: msal.SerializableTokenCache
) -> msal.ClientApplication:
    try:
        return application(ctx, registration, tenant, cache)
    except UnreachableError:
        raise
    except MailboxError as error:
        # Only public metadata was asked for: the refresh token has gone nowhere.
        raise UnreachableError(error.problem, "tls") from None


def _refresh_tokens(credential: Credential) -> tuple[str, ...]:
    cache = msal.SerializableTokenCache()
    cache.deserialize(credential.secret(SecretName.TOKEN_CACHE))
    return tuple(each["secret"] for each in cache.search(cache.CredentialType.REFRESH_TOKEN))
