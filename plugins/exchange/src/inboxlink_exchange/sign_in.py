"""The sign-in, as a function from one step and its answer to the next step.

    start ──> search ──> sign_in (the password) ──> Autodiscover ──> done
                │            ^                          │
                v            │                          v
      server (a form), host, endpoint, certificate (confirmations)

Everything that can be settled without the password is (`approach`); `with_password` goes on from
there.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from inboxlink.errors import problem
from inboxlink.trusting import pin_of
from inboxlink.types.context import AuthContext
from inboxlink.types.disclosure import Audience
from inboxlink.types.steps import Abort, Agreed, Event, Start, State, Step, Submit
from inboxlink_exchange import policy
from inboxlink_exchange.approach import place_ready, search, server, with_ews
from inboxlink_exchange.draft import Draft
from inboxlink_exchange.forms import sign_in_form
from inboxlink_exchange.schemes import Scheme
from inboxlink_exchange.with_password import signed_in

__all__ = ["advance"]


def advance(ctx: AuthContext, step: str, state: State, event: Event) -> Step:
    """See `inboxlink.hookspecs.authenticate`."""
    match step, event:
        case "", Start():
            return _begin(ctx)
        case "server", Submit():
            return server(ctx, Draft.of(state), event)
        case "host", Agreed():
            return _host_confirmed(ctx, state)
        case "endpoint", Agreed():
            return sign_in_form(Draft.of(state))
        case "certificate", Agreed():
            return _certificate_trusted(ctx, state)
        case "sign_in", Submit():
            return signed_in(ctx, Draft.of(state), event)
    return Abort(error=problem("answer_mismatch", step=step))


def _begin(ctx: AuthContext) -> Step:
    if ctx.audience is Audience.TEAM:  # req 89
        return Abort(error=policy.refused(policy.TEAM))
    if ctx.detection.unsupported is not None:
        return Abort(error=policy.refused(ctx.detection.unsupported))
    draft = Draft(address=str(ctx.address))
    if ctx.previous is not None and ctx.previous.settings.get("ews_url"):
        return _as_before(ctx, draft, ctx.previous.settings)
    return search(ctx, draft)


def _as_before(ctx: AuthContext, draft: Draft, settings: Mapping[str, str]) -> Step:
    assert ctx.previous is not None
    pins = {each.host: each.pin for each in ctx.previous.endpoints if each.pin is not None}
    url = settings["ews_url"]
    host = urlsplit(url).hostname or ""
    wanted = Scheme(settings["scheme"]) if settings.get("scheme") in set(Scheme) else None
    draft = replace(draft, username=settings.get("username"), wanted=wanted, pins=pins)
    # Whoever signed in there before had said yes to it.
    return with_ews(ctx, draft.with_confirmed(host), url)


def _host_confirmed(ctx: AuthContext, state: State) -> Step:
    kept: Mapping[str, Any] = state
    draft = Draft.of(kept["draft"]).with_confirmed(kept["host"])
    if draft.ews_url is not None:
        return with_ews(ctx, draft, draft.ews_url)
    # Whom a server sends to was not looked at yet.
    ready = place_ready(ctx, draft) if draft.hops or not draft.schemes else draft
    return sign_in_form(ready) if isinstance(ready, Draft) else ready


def _certificate_trusted(ctx: AuthContext, state: State) -> Step:
    kept: Mapping[str, Any] = state
    host = kept["host"]
    draft = Draft.of(kept["draft"]).with_pin(host, pin_of(kept))
    if draft.ews_url is not None:
        return with_ews(ctx, draft, draft.ews_url)
    ready = place_ready(ctx, replace(draft, place=host))
    return sign_in_form(ready) if isinstance(ready, Draft) else ready
