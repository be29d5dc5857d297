"""What a token answer comes to: whose it is, what it may do, and what is kept of it.

msal reads ID tokens and checks nothing in them but the nonce; the rest is checked here. Kept are
msal's cache of this one account, which holds the refresh token, and the access token.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import msal
from pydantic import SecretStr

from inboxlink.errors import MailboxError, SignInError, problem
from inboxlink.oauth import id_token
from inboxlink.oauth.scopes import withheld
from inboxlink.types.context import CallContext
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink_outlook.identity_platform import HOST, issuer
from inboxlink_outlook.registration import Registration
from inboxlink_outlook.scopes import ALWAYS, OF_CAPABILITY, plain

__all__ = ["credential_of", "person_of", "tenant_of"]

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OF_SIGNING_IN = frozenset({"openid", "profile", "email", "offline_access"})


def credential_of(
    ctx: CallContext,
    registration: Registration,
    cache: msal.SerializableTokenCache,
    answer: Mapping[str, Any],
    asked: Iterable[str],
) -> Credential:
    """The credential that a token answer comes to.

    Args:
        ctx: Of the call.
        registration: Whom the ID token must be meant for.
        cache: Where msal has put the tokens.
        answer: The token endpoint's, without an error.
        asked: The scopes that were asked for.

    Raises:
        SignInError: `wrong_account`, where it does not say whose it is; `scope_not_granted`,
            where neither direction, or not even the account, may be looked at.
        MailboxError: `protocol_error`, where it is no token answer.
    """
    access_token, lives_s = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(access_token, str) or not isinstance(lives_s, int | float):
        raise MailboxError(problem("protocol_error", host=HOST, port="443"))
    account = _account(ctx, registration, answer)
    granted = _granted(cache, answer, asked)
    return Credential(
        kind=CredentialKind.OAUTH2,
        account=account,
        secrets={
            SecretName.TOKEN_CACHE: SecretStr(cache.serialize()),
            SecretName.ACCESS_TOKEN: SecretStr(access_token),
        },
        scopes=granted,
        expires_at=ctx.now() + timedelta(seconds=max(0, min(lives_s, 24 * 3600))),
    )


def person_of(account: str) -> str:
    """The object id within a credential's account: the person's, the same for each application."""
    return account.partition(".")[0]


def tenant_of(account: str) -> str:
    """The tenant within a credential's account."""
    return account.partition(".")[2]


def _account(ctx: CallContext, registration: Registration, answer: Mapping[str, Any]) -> str:
    """`oid.tid`: of all claims the two that never change and are never given to another person.

    An address in a token can be set by whoever administers any tenant, and proves nothing
    (learn.microsoft.com, "Secure applications and APIs by validating claims", read November 2026).
    """
    token, unproved = answer.get("id_token"), answer.get("id_token_claims")
    tenant = unproved.get("tid") if isinstance(unproved, dict) else None
    if not isinstance(token, str) or not isinstance(tenant, str) or not _GUID.fullmatch(tenant):
        raise _of_nobody(ctx)
    found = id_token.claims(
        token,
        issuers=frozenset({issuer(tenant)}),
        audience=registration.client_id,
        nonce=None,  # of it msal keeps a hash, and has compared it
        now=ctx.now(),
    )
    person = found.get("oid")
    own = (registration.tenant or "").lower()
    is_foreign = _GUID.fullmatch(own) is not None and own != tenant
    if not isinstance(person, str) or not _GUID.fullmatch(person) or is_foreign:
        raise _of_nobody(ctx)
    return f"{person}.{tenant}"


def _of_nobody(ctx: CallContext) -> SignInError:
    return SignInError(problem("wrong_account", address=str(ctx.address), found="-"))


def _granted(
    cache: msal.SerializableTokenCache, answer: Mapping[str, Any], asked: Iterable[str]
) -> tuple[str, ...]:
    asked = tuple(asked)
    # What is not said is as it was asked for (RFC 6749 section 5.1).
    said = answer.get("scope")
    granted = plain(said.split()) if isinstance(said, str) else asked
    missing = withheld(asked, granted)
    directions = {each for each in asked if each in OF_CAPABILITY.values()}
    is_useless = not set(missing).isdisjoint(ALWAYS) or directions <= set(missing)
    if not any(cache.search(cache.CredentialType.REFRESH_TOKEN)):
        missing, is_useless = (*missing, "offline_access"), True
    if is_useless:
        raise SignInError(problem("scope_not_granted", scopes=", ".join(missing)))
    return tuple(each for each in granted if each.lower() not in _OF_SIGNING_IN)
