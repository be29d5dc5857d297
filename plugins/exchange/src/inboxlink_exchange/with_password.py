"""The sign-in from the password on: to the servers that Autodiscover names, and to the end.

Nothing keeps the password. Where a server names a host that the person must confirm first, it is
asked for again.
"""

from dataclasses import replace
from urllib.parse import urlsplit

from pydantic import SecretStr

from inboxlink.errors import InboxlinkError, Problem, SetupError, SignInError
from inboxlink.exchange_front import EWS_PATH, is_online
from inboxlink.links import https_url
from inboxlink.types.address import parse_address
from inboxlink.types.context import AuthContext
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import Endpoint, Role, Tls
from inboxlink.types.steps import Abort, Done, Step, Submit
from inboxlink_exchange import approach, policy
from inboxlink_exchange.autodiscover.asking import ask
from inboxlink_exchange.autodiscover.found import Found
from inboxlink_exchange.draft import Draft
from inboxlink_exchange.forms import (
    password_of,
    scheme_of,
    server_form,
    sign_in_form,
    username_of,
)
from inboxlink_exchange.schemes import Scheme, chosen

__all__ = ["signed_in"]

#: MS-OXDSCLI section 3.1.5.2 lets a client follow ten; none that works needs more than two.
_MAX_HOPS = 4


def signed_in(ctx: AuthContext, known: Draft, answer: Submit) -> Step:
    """The step after the form with the password, which may have another server in it."""
    errors: dict[str, Problem] = {}
    draft = replace(
        known,
        username=username_of(answer, known, errors),
        wanted=scheme_of(answer, known, errors),
    )
    password = password_of(answer, errors)
    if errors:
        return sign_in_form(draft, errors)
    typed = answer.values.get("ews_url", "").strip()
    if typed and typed != (known.ews_url or ""):
        return approach.server(ctx, draft, answer)
    scheme = chosen(draft.schemes, draft.wanted)
    if scheme is None:
        return sign_in_form(draft, {"scheme": policy.no_scheme(draft.host, draft.schemes)})
    try:
        if draft.ews_url is not None:
            return _done(draft, draft.ews_url, scheme, password)
        return _discovered(ctx, draft, scheme, password)
    except SignInError as error:
        # The person may type it again, which is an act of their own.
        return sign_in_form(draft, {"password": error.problem})


def _discovered(ctx: AuthContext, draft: Draft, scheme: Scheme, password: str) -> Step:
    """Ask Autodiscover on a confirmed host, and go where it says as far as that is allowed."""
    assert draft.place is not None
    try:
        found = ask(
            ctx,
            draft.place,
            scheme,
            draft.username or str(ctx.address),
            password,
            address=draft.address,
            pin=draft.pin(draft.place),
        )
    except SetupError as error:
        return server_form(draft, {"": error.problem})
    except SignInError:
        raise
    except InboxlinkError as error:
        return server_form(draft, {"": error.problem}, _guess(draft))
    if draft.hops >= _MAX_HOPS:
        return server_form(draft, {"": policy.sent_in_circles(draft.place)}, _guess(draft))
    draft = replace(draft, hops=draft.hops + 1)
    if found.redirect_address is not None:
        return _other_address(ctx, draft, found.redirect_address)
    return _led(ctx, draft, found, password)


def _led(ctx: AuthContext, draft: Draft, found: Found, password: str) -> Step:
    """Go on to an address that Autodiscover named: of EWS, or of another Autodiscover."""
    said = found.ews_url or found.redirect_url
    url = https_url(said or "")
    if url is None:
        unusable = policy.address_unusable(draft.place or "", said or found.error or "-")
        return server_form(draft, {"": unusable}, _guess(draft))
    host = (urlsplit(url).hostname or "").lower()
    if is_online(host):
        return Abort(error=policy.refused(policy.EXCHANGE_ONLINE))
    named_by = f"Autodiscover, {draft.place}"
    is_ews = found.ews_url is not None
    draft = replace(draft, ews_url=url) if is_ews else replace(draft, place=host)
    if approach.is_foreign(ctx, draft, host):
        return approach.confirm_host(ctx, draft, host, named_by)
    # It may offer other schemes, and must answer as Exchange before it hears a password.
    ready = approach.ready(ctx, draft, url) if is_ews else approach.place_ready(ctx, draft)
    if not isinstance(ready, Draft):
        return ready
    offered = chosen(ready.schemes, ready.wanted)
    if offered is None:
        return sign_in_form(ready, {"scheme": policy.no_scheme(host, ready.schemes)})
    if not is_ews:
        return _discovered(ctx, ready, offered, password)
    return _done(ready, url, offered, password)


def _other_address(ctx: AuthContext, draft: Draft, address: str) -> Step:
    """Begin again for the address that a server sent to (MS-OXDSCLI section 3.1.5.4)."""
    try:
        other = parse_address(address, special_domains=(ctx.address.domain,))
    except SetupError as error:
        return server_form(draft, {"": error.problem}, _guess(draft))
    if other.domain.endswith((".onmicrosoft.com", ".onmicrosoft.us")):
        return Abort(error=policy.refused(policy.EXCHANGE_ONLINE))
    username = draft.username or str(ctx.address)
    return approach.search(ctx, replace(draft, address=str(other), username=username, place=None))


def _done(draft: Draft, url: str, scheme: Scheme, password: str) -> Done:
    host = urlsplit(url).hostname or ""
    username = draft.username or draft.address
    return Done(
        credential=Credential(
            kind=CredentialKind.PASSWORD,
            account=username,
            secrets={SecretName.PASSWORD: SecretStr(password)},
        ),
        settings={"username": username, "ews_url": url, "scheme": scheme.value},
        endpoints=(Endpoint(Role.EWS, host, 443, Tls.IMPLICIT, pin=draft.pin(host)),),
    )


def _guess(draft: Draft) -> str | None:
    """What mostly is right, to stand in the form."""
    return None if draft.place is None else f"https://{draft.place}{EWS_PATH}"
