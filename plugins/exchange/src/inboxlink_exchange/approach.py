"""How far a sign-in gets without the password: to a server that answers as Exchange.

A host outside the mail domain is confirmed before it hears a password, whoever named it, and a
certificate that cannot be verified is shown to the person.
"""

from dataclasses import replace
from urllib.parse import urlsplit

from inboxlink.domains import registrable
from inboxlink.errors import InboxlinkError, Problem, problem
from inboxlink.exchange_front import AUTODISCOVER_PATH, is_online
from inboxlink.trusting import CONFIRMABLE, certificate_question
from inboxlink.types.address import parse_address
from inboxlink.types.context import AuthContext
from inboxlink.types.detection import Endpoint, Role, Tls
from inboxlink.types.steps import Abort, Confirm, ConfirmKind, Form, Step, Submit
from inboxlink_exchange import policy, webmail
from inboxlink_exchange.autodiscover.places import Search
from inboxlink_exchange.autodiscover.places import search as find_places
from inboxlink_exchange.draft import Draft
from inboxlink_exchange.ews_front import schemes_of
from inboxlink_exchange.forms import server_form, sign_in_form, username_of

__all__ = [
    "confirm_host",
    "is_foreign",
    "place_ready",
    "ready",
    "search",
    "server",
    "with_ews",
]


def search(ctx: AuthContext, draft: Draft) -> Step:
    """Look for Autodiscover; the password is asked for where it is known whom it goes to."""
    domain = parse_address(draft.address, special_domains=(ctx.address.domain,)).domain
    found = find_places(ctx, domain)
    for place in found.places:
        draft = replace(draft, place=place.host, schemes=place.schemes)
        if is_foreign(ctx, draft, place.host):
            return confirm_host(ctx, draft, place.host, f"Autodiscover, {domain}")
        return sign_in_form(draft)
    for host, code in found.untrusted.items():
        # Only a name of the domain's own: a certificate proves nothing about any other.
        if code in CONFIRMABLE and not is_foreign(ctx, draft, host):
            asked = _certificate(ctx, draft, host, code)
            if isinstance(asked, Confirm):
                return asked
    if found.is_online:
        return Abort(error=policy.refused(policy.EXCHANGE_ONLINE))
    return server_form(draft, {"": _not_found(domain, found)})


def server(ctx: AuthContext, draft: Draft, answer: Submit) -> Step:
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
    found = ready(ctx, draft, read.url, typed)
    if not isinstance(found, Draft):
        return found
    if read.is_ews:
        return sign_in_form(found)
    return Confirm(
        step="endpoint",
        kind=ConfirmKind.ENDPOINT,
        facts={"typed": typed.strip(), "suggested": read.url},
        state=found.kept(),
    )


def with_ews(ctx: AuthContext, draft: Draft, url: str) -> Step:
    """Ask for the password for an address of EWS, once it answers as such."""
    found = ready(ctx, draft, url)
    return sign_in_form(found) if isinstance(found, Draft) else found


def ready(
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


def place_ready(ctx: AuthContext, draft: Draft) -> Draft | Form:
    """The draft with a place of Autodiscover that answers as such, or the form where none does."""
    url = f"https://{draft.host}{AUTODISCOVER_PATH}"
    try:
        schemes = schemes_of(ctx, url, draft.pin(draft.host))
    except InboxlinkError as error:
        return server_form(draft, {"": error.problem})
    return replace(draft, schemes=schemes)


def confirm_host(ctx: AuthContext, draft: Draft, host: str, found_by: str) -> Confirm:
    """The question whether a host may hear the password; `found_by` says who named it."""
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


def is_foreign(ctx: AuthContext, draft: Draft, host: str) -> bool:
    """Whether a host must be confirmed before it hears the password."""
    if host in draft.confirmed:
        return False
    return registrable(host) is None or registrable(host) != registrable(ctx.address.domain)


def _not_found(domain: str, found: Search) -> Problem:
    said = "; ".join(found.log)
    return policy.autodiscover_failed(domain, said)


def _certificate(ctx: AuthContext, draft: Draft, host: str, code: str) -> Confirm | Problem:
    endpoint = Endpoint(Role.EWS, host, 443, Tls.IMPLICIT, pin=draft.pin(host))
    return certificate_question(ctx, endpoint, code, {"draft": draft.kept(), "host": host})
