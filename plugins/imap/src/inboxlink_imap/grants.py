"""Renew and end a grant of Google's; a password has neither."""

from pydantic import SecretStr

from inboxlink.errors import SignInError, problem
from inboxlink.types.context import CallContext
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.provider import RevokeResult
from inboxlink.types.text import Text
from inboxlink_imap.registration import flow

__all__ = ["refresh", "revoke"]


def refresh(ctx: CallContext, credential: Credential) -> Credential:
    """See `inboxlink.hookspecs.refresh`; a password never ends by itself, and stays."""
    if credential.kind is CredentialKind.PASSWORD:
        return credential
    before = credential.secret(SecretName.REFRESH_TOKEN)
    tokens = flow(ctx.settings).refresh(ctx, before, credential.scopes)
    # OpenID Connect Core 1.0 section 12.2: it stays the same person's.
    if tokens.claims.get("sub", credential.account) != credential.account:
        raise SignInError(problem("wrong_account", address=str(ctx.address), found="-"))
    return Credential(
        kind=credential.kind,
        account=credential.account,
        secrets={
            SecretName.ACCESS_TOKEN: SecretStr(tokens.access_token),
            SecretName.REFRESH_TOKEN: SecretStr(tokens.refresh_token or before),
        },
        scopes=tokens.scopes,
        expires_at=tokens.expires_at,
        grant_ends_at=tokens.grant_ends_at or credential.grant_ends_at,
    )


def revoke(ctx: CallContext, credential: Credential) -> RevokeResult:
    """See `inboxlink.hookspecs.revoke`; a password can be ended by its owner alone."""
    if credential.kind is CredentialKind.PASSWORD:
        return RevokeResult(None, Text("keeping.revoke_by_hand"))
    flow(ctx.settings).revoke(ctx, credential.secret(SecretName.REFRESH_TOKEN))
    return RevokeResult(revoked=True, detail=Text("imap.google.revoked"))
