"""The sign-in, as a function from one step and its answer to the next step.

    start ──> authorize (the browser goes to Microsoft) ──> done
      │
      └────> device (a code is typed elsewhere) <──> tick ──> done

What is kept between two steps, the PKCE verifier or the device's code among it, is the state that
the core seals.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msal

from inboxlink.errors import InboxlinkError, problem
from inboxlink.oauth.ways import chosen_way
from inboxlink.types.context import AuthContext
from inboxlink.types.steps import (
    Abort,
    Callback,
    Done,
    Event,
    Redirect,
    Start,
    State,
    Step,
    Tick,
)
from inboxlink.types.text import Text
from inboxlink.types.way import Way
from inboxlink_outlook import device_sign_in, entra_errors, policy
from inboxlink_outlook.device_sign_in import Wait
from inboxlink_outlook.identity_platform import application, asked
from inboxlink_outlook.registration import Registration, admin_consent_url, faults
from inboxlink_outlook.scopes import wanted_scopes
from inboxlink_outlook.tokens import credential_of, tenant_of

__all__ = ["advance"]

#: Whoever chose this provider without any evidence may have an account of either kind.
_ANY = "common"


def advance(ctx: AuthContext, step: str, state: State, event: Event) -> Step:
    """See `inboxlink.hookspecs.authenticate`."""
    try:
        match step, event:
            case "", Start():
                return _begin(ctx)
            case "authorize", Callback():
                return _returned(ctx, state, event)
            case "device", Tick():
                return _ticked(ctx, state)
    except InboxlinkError as error:
        return Abort(error=error.problem)
    return Abort(error=problem("answer_mismatch", step=step))


def _begin(ctx: AuthContext) -> Step:
    if ctx.detection.unsupported is not None:  # req 53, 54
        return Abort(error=policy.refused(ctx.detection.unsupported))
    wrong = faults(ctx.settings, ctx.now())
    if wrong:
        return Abort(error=wrong[0])
    way = chosen_way(ctx, "outlook", frozenset(Way))
    registration = Registration.of(ctx.settings)
    tenant = _tenant(ctx, registration)
    scopes = wanted_scopes(ctx.wanted)
    app = application(ctx, registration, tenant)
    if way is Way.DEVICE:
        begun = device_sign_in.begin(ctx, app, tenant, scopes)
        if isinstance(begun, Wait):
            return begun.poll
        return _refused(ctx, registration, tenant, begun, is_device=True)
    return _redirect(ctx, app, tenant, scopes)


def _tenant(ctx: AuthContext, registration: Registration) -> str:
    """Whose sign-in page: the operator's choice, else where the person signed in before."""
    before = ctx.previous.settings.get("tenant") if ctx.previous is not None else None
    return registration.tenant or before or ctx.detection.settings.get("tenant") or _ANY


def _redirect(
    ctx: AuthContext, app: msal.ClientApplication, tenant: str, scopes: tuple[str, ...]
) -> Redirect:
    flow = asked(
        lambda: app.initiate_auth_code_flow(
            list(scopes),
            redirect_uri=ctx.redirect_uri,
            state=ctx.oauth_state,
            prompt="select_account",  # req 57: never the account that happens to be signed in
            login_hint=str(ctx.address),  # req 56
            response_mode="form_post",
        )
    )
    url = flow.pop("auth_uri")
    return Redirect(
        step="authorize",
        state={"tenant": tenant, "flow": flow},
        url=_answered_in_the_query(url),
        scopes=scopes,
        hint=Text("outlook.hint.no_return", {"redirect_uri": ctx.redirect_uri or ""}),
    )


def _answered_in_the_query(url: str) -> str:
    """The request with its answer in the query of the redirect address.

    msal warns of everything but a form that posts itself. That could not be copied by hand, and
    would reach a web site without its session's cookies; a code in a browser's history is worth
    nothing without the verifier (RFC 9700 section 4.3.1, RFC 7636).
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | {"response_mode": "query"}
    return parts._replace(query=urlencode(query)).geturl()


def _returned(ctx: AuthContext, state: State, answer: Callback) -> Step:
    kept: Mapping[str, Any] = state
    registration, tenant, flow = Registration.of(ctx.settings), kept["tenant"], kept["flow"]
    if "error" in answer.params:
        return _refused(ctx, registration, tenant, answer.params)
    app = application(ctx, registration, tenant)
    params = dict(answer.params)
    given = asked(lambda: app.acquire_token_by_auth_code_flow(dict(flow), params))
    if "error" in given:
        secrets = (params.get("code", ""), flow["code_verifier"], registration.secret or "")
        return _refused(ctx, registration, tenant, given, secrets=secrets)
    return _done(ctx, registration, app, given)


def _ticked(ctx: AuthContext, state: State) -> Step:
    registration, wait = Registration.of(ctx.settings), Wait.of(state)
    outcome = device_sign_in.ask(ctx, registration, wait)
    if isinstance(outcome, Wait):
        return outcome.poll
    app, given = outcome
    if "error" in given:
        secrets = (wait.device_code, registration.secret or "")
        return _refused(ctx, registration, wait.tenant, given, secrets=secrets, is_device=True)
    return _done(ctx, registration, app, given)


def _refused(
    ctx: AuthContext,
    registration: Registration,
    tenant: str,
    answer: Mapping[str, Any],
    *,
    secrets: tuple[str, ...] = (),
    is_device: bool = False,
) -> Abort:
    return Abort(
        error=entra_errors.problem_of(
            answer,
            app=ctx.application.name,
            admin_url=admin_consent_url(registration, tenant, ctx.redirect_uri),
            secrets=secrets,
            is_device=is_device,
        )
    )


def _done(
    ctx: AuthContext,
    registration: Registration,
    app: msal.ClientApplication,
    answer: Mapping[str, Any],
) -> Done:
    scopes = wanted_scopes(ctx.wanted)
    credential = credential_of(ctx, registration, app.token_cache, answer, scopes)
    return Done(credential=credential, settings={"tenant": tenant_of(credential.account)})
