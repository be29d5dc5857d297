"""The sign-in, as a function from one step and its answer to the next step.

    start ──> search ──> sign_in (the password) ──> Autodiscover ──> done
                │            ^                          │
                v            │                          v
      server (a form), host, endpoint, certificate (confirmations)

Everything that can be settled without the password is. A host outside the mail domain is confirmed
before it hears one, whoever named it; where a server names such a host only after it heard the
password, the password is asked for again, because nothing keeps it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from inboxlink.domains import registrable
from inboxlink.errors import InboxlinkError, Problem, SetupError, SignInError, problem
from inboxlink.exchange_front import AUTODISCOVER_PATH, EWS_PATH, is_online
from inboxlink.links import https_url
from inboxlink.trusting import CONFIRMABLE, certificate_question, pin_of
from inboxlink.types.address import parse_address
from inboxlink.types.context import AuthContext
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import Endpoint, Role, Tls
from inboxlink.types.disclosure import Audience
from inboxlink.types.steps import (
    Abort,
    Agreed,
    Confirm,
    ConfirmKind,
    Done,
    Event,
    Form,
    Start,
    State,
    Step,
    Submit,
)
from inboxlink_exchange import policy, webmail
from inboxlink_exchange.autodiscover.asking import ask
from inboxlink_exchange.autodiscover.found import Found
from inboxlink_exchange.autodiscover.places import Search, search
from inboxlink_exchange.draft import Draft
from inboxlink_exchange.ews_front import schemes_of
from inboxlink_exchange.forms import (
    password_of,
    scheme_of,
    server_form,
    sign_in_form,
    username_of,
)
from inboxlink_exchange.schemes import Scheme, chosen

__all__ = ["advance"]

#: MS-OXDSCLI section 3.1.5.2 lets a client follow ten; none that works needs more than two.
_MAX_HOPS = 4


def advance(ctx: AuthContext, step: str, state: State, event: Event) -> Step:
    """See `inboxlink.hookspecs.authenticate`."""
    match step, event:
        case "", Start():
            return _begin(ctx)
        case "server", Submit():
            return _server(ctx, Draft.of(state), event)
        case "host", Agreed():
            return _host_confirmed(ctx, state)
        case "endpoint", Agreed():
            return sign_in_form(Draft.of(state))
        case "certificate", Agreed():
            return _certificate_trusted(ctx, state)
        case "sign_in", Submit():
            return _signed_in(ctx, Draft.of(state), event)
    return Abort(error=problem("answer_mismatch", step=step))


def _begin(ctx: AuthContext) -> Step:
    if ctx.audience is Audience.TEAM:  # req 89
        return Abort(error=policy.refused(policy.TEAM))
    if ctx.detection.unsupported is not None:
        return Abort(error=policy.refused(ctx.detection.unsupported))
    draft = Draft(address=str(ctx.address))
    if ctx.previous is not None and ctx.previous.settings.get("ews_url"):
        return _as_before(ctx, draft, ctx.previous.settings)
    return _search(ctx, draft)


def _as_before(ctx: AuthContext, draft: Draft, settings: Mapping[str, str]) -> Step:
    assert ctx.previous is not None
    pins = {each.host: each.pin for each in ctx.previous.endpoints if each.pin is not None}
    url = settings["ews_url"]
    host = urlsplit(url).hostname or ""
    wanted = Scheme(settings["scheme"]) if settings.get("scheme") in set(Scheme) else None
    draft = replace(draft, username=settings.get("username"), wanted=wanted, pins=pins)
    # Whoever signed in there before had said yes to it.
    return _with_ews(ctx, draft.with_confirmed(host), url)


def _search(ctx: AuthContext, draft: Draft) -> Step:
    """Look for Autodiscover; the password is asked for where it is known whom it goes to."""
    domain = parse_address(draft.address, special_domains=(ctx.address.domain,)).domain
    found = search(ctx, domain)
    for place in found.places:
        draft = replace(draft, place=place.host, schemes=place.schemes)
        if _is_foreign(ctx, draft, place.host):
            return _confirm_host(ctx, draft, place.host, f"Autodiscover, {domain}")
        return sign_in_form(draft)
    for host, code in found.untrusted.items():
        # Only a name of the domain's own: a certificate proves nothing about any other.
        if code in CONFIRMABLE and not _is_foreign(ctx, draft, host):
            asked = _certificate(ctx, draft, host, code)
            if isinstance(asked, Confirm):
                return asked
    if found.is_online:
        return Abort(error=policy.refused(policy.EXCHANGE_ONLINE))
    return server_form(draft, {"": _not_found(domain, found)})


def _not_found(domain: str, found: Search) -> Problem:
    said = "; ".join(found.log)
    return policy.autodiscover_failed(domain, said)


def _server(ctx: AuthContext, draft: Draft, answer: Submit) -> Step:
    """An address that the person gave: of EWS, or of their webmail (req 83)."""
    errors: dict[str, Problem] = {}
    draft = replace(draft, username=username_of(answer, draft, errors))
    typed = answer.values.get("ews_url", "")
    read = webmail.read(typed)
    if read is None:
        errors["ews_url"] = problem("value_invalid", field="ews_url")
    elif is_online(read.host):
        return Abort(error=policy.refused(policy.EXCHANGE_ONLINE))
    if errors or read is None:
        return server_form(draft, errors, typed)
    # What a person types is where they want to go.
    draft = replace(draft, place=None).with_confirmed(read.host)
    ready = _ready(ctx, draft, read.url, typed)
    if not isinstance(ready, Draft):
        return ready
    if read.is_ews:
        return sign_in_form(ready)
    return Confirm(
        step="endpoint",
        kind=ConfirmKind.ENDPOINT,
        facts={"typed": typed.strip(), "suggested": read.url},
        state=ready.kept(),
    )


def _with_ews(ctx: AuthContext, draft: Draft, url: str) -> Step:
    """Ask for the password for an address of EWS, once it answers as such."""
    ready = _ready(ctx, draft, url)
    return sign_in_form(ready) if isinstance(ready, Draft) else ready


def _ready(
    ctx: AuthContext, draft: Draft, url: str, typed: str | None = None
) -> Draft | Form | Confirm:
    """The draft with an address of EWS that answers as such, or what stands in its way."""
    host = urlsplit(url).hostname or ""
    try:
        schemes = schemes_of(ctx, url, draft.pin(host))
    except InboxlinkError as error:
        trouble = error.problem
        if error.code in CONFIRMABLE:
            asked = _certificate(ctx, replace(draft, ews_url=url), host, error.code)
            if isinstance(asked, Confirm):
                return asked
            trouble = asked
        return server_form(draft, {"ews_url": trouble}, typed or url)
    return replace(draft, place=None, ews_url=url, schemes=schemes)


def _place_ready(ctx: AuthContext, draft: Draft) -> Draft | Form:
    """The draft with a place of Autodiscover that answers as such, or the form where none does."""
    url = f"https://{draft.host}{AUTODISCOVER_PATH}"
    try:
        schemes = schemes_of(ctx, url, draft.pin(draft.host))
    except InboxlinkError as error:
        return server_form(draft, {"": error.problem})
    return replace(draft, schemes=schemes)


def _signed_in(ctx: AuthContext, known: Draft, answer: Submit) -> Step:
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
        return _server(ctx, draft, answer)
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
    if _is_foreign(ctx, draft, host):
        return _confirm_host(ctx, draft, host, named_by)
    # It may offer other schemes, and must answer as Exchange before it hears a password.
    ready = _ready(ctx, draft, url) if is_ews else _place_ready(ctx, draft)
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
    return _search(ctx, replace(draft, address=str(other), username=username, place=None))


def _host_confirmed(ctx: AuthContext, state: State) -> Step:
    kept: Mapping[str, Any] = state
    draft = Draft.of(kept["draft"]).with_confirmed(kept["host"])
    if draft.ews_url is not None:
        return _with_ews(ctx, draft, draft.ews_url)
    # Whom a server sends to was not looked at yet.
    ready = _place_ready(ctx, draft) if draft.hops or not draft.schemes else draft
    return sign_in_form(ready) if isinstance(ready, Draft) else ready


def _certificate_trusted(ctx: AuthContext, state: State) -> Step:
    kept: Mapping[str, Any] = state
    host = kept["host"]
    draft = Draft.of(kept["draft"]).with_pin(host, pin_of(kept))
    if draft.ews_url is not None:
        return _with_ews(ctx, draft, draft.ews_url)
    ready = _place_ready(ctx, replace(draft, place=host))
    return sign_in_form(ready) if isinstance(ready, Draft) else ready


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


def _confirm_host(ctx: AuthContext, draft: Draft, host: str, found_by: str) -> Confirm:
    return Confirm(
        step="host",
        kind=ConfirmKind.HOST,
        facts={
            "host": host,
            "domain": registrable(host) or host,
            "mail_domain": ctx.address.domain,
            "found_by": found_by,
        },
        state={"draft": draft.kept(), "host": host},
    )


def _certificate(ctx: AuthContext, draft: Draft, host: str, code: str) -> Confirm | Problem:
    endpoint = Endpoint(Role.EWS, host, 443, Tls.IMPLICIT, pin=draft.pin(host))
    return certificate_question(ctx, endpoint, code, {"draft": draft.kept(), "host": host})


def _is_foreign(ctx: AuthContext, draft: Draft, host: str) -> bool:
    """Whether a host must be confirmed before it hears the password."""
    if host in draft.confirmed:
        return False
    return registrable(host) is None or registrable(host) != registrable(ctx.address.domain)


def _guess(draft: Draft) -> str | None:
    """What mostly is right, to stand in the form."""
    return None if draft.place is None else f"https://{draft.place}{EWS_PATH}"
