"""The sign-in, as a function from one step and its answer to the next step.

    start ──> advanced_protection (a menu) ──> consent (a redirect) ──> done

Google may never lead back from its own page to somebody in the Advanced Protection Program, so
they are asked first. Between request and answer the verifier and the nonce are sealed with the
rest of the state; the person types no secret here at all.
"""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import SecretStr

from inboxlink.errors import (
    Blame,
    InboxlinkError,
    Kind,
    MailboxError,
    Problem,
    SignInError,
    problem,
)
from inboxlink.oauth import id_token
from inboxlink.oauth.callback import authorization_problem
from inboxlink.oauth.ways import chosen_way
from inboxlink.types.context import AuthContext, Purpose
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.steps import (
    Abort,
    Callback,
    Choose,
    Done,
    Event,
    Menu,
    MenuOption,
    Redirect,
    Start,
    State,
    Step,
)
from inboxlink.types.text import Text
from inboxlink_gmail import code_flow, google, permissions, policy
from inboxlink_gmail.client import Registration
from inboxlink_gmail.identity import Person
from inboxlink_gmail.provider import describe

__all__ = ["TESTING_LASTS", "advance"]

#: How long a grant lasts while the app's publishing status is Testing
#: (developers.google.com/identity/protocols/oauth2, "Refresh token expiration", read November
#: 2026).
TESTING_LASTS = timedelta(days=7)

_MENU, _REDIRECT = "advanced_protection", "consent"

#: What Google's page names where the Advanced Protection Program forbids the access.
_POLICY_ENFORCED = "policy_enforced"


def advance(ctx: AuthContext, step: str, state: State, event: Event) -> Step:
    """See `inboxlink.hookspecs.authenticate`."""
    try:
        match step, event:
            case "", Start():
                return _begin(ctx)
            case "advanced_protection", Choose():
                return _chosen(ctx, event.option)
            case "consent", Callback():
                return _answered(ctx, state, event.params)
    except InboxlinkError as error:
        return Abort(error=error.problem)
    return Abort(error=problem("answer_mismatch", step=step))


def _begin(ctx: AuthContext) -> Menu:
    # What nobody can sign in without is looked at before anything is asked.
    Registration.of(ctx.settings)
    chosen_way(ctx, "gmail", describe().ways)
    return Menu(
        step=_MENU,
        title=Text("gmail.advanced_protection"),
        options=tuple(
            MenuOption(name=name, label=Text(f"gmail.advanced_protection.{name}"))
            for name in ("no", "yes")
        ),
        default="no",
    )


def _chosen(ctx: AuthContext, option: str) -> Step:
    if option == "yes":
        return Abort(error=policy.refused(policy.ADVANCED_PROTECTION))
    nonce = ctx.token_urlsafe()
    scopes = permissions.IDENTITY + permissions.for_wanted(ctx.wanted)
    url, verifier = code_flow.authorization_request(
        ctx, Registration.of(ctx.settings), scopes, nonce
    )
    return Redirect(
        step=_REDIRECT,
        state={"verifier": verifier, "nonce": nonce},
        url=url,
        scopes=scopes,
        # Google names itself in some answers and not in others; a wrong name is refused.
        issuer=google.ISSUER,
        hint=Text("gmail.redirect.hint"),
    )


def _answered(ctx: AuthContext, state: State, params: Mapping[str, str]) -> Step:
    refusal = _refusal(params)
    if refusal is not None:
        return Abort(error=refusal)
    if not params.get("code"):
        return Abort(error=problem("callback_invalid", begins=str(ctx.redirect_uri)))
    registration = Registration.of(ctx.settings)
    tokens = _exchanged(ctx, registration, state, params["code"])
    person = _person(ctx, registration, state, tokens)
    if tokens.refresh_token is None:
        # Without it the connection would end within the hour, and nobody would know why.
        return Abort(error=_no_refresh_token())
    grant_ends_at = tokens.grant_ends_at
    if grant_ends_at is None and registration.is_testing:
        grant_ends_at = ctx.now() + TESTING_LASTS
    return Done(
        credential=Credential(
            kind=CredentialKind.OAUTH2,
            account=person.subject,
            secrets={
                SecretName.ACCESS_TOKEN: SecretStr(tokens.access_token),
                SecretName.REFRESH_TOKEN: SecretStr(tokens.refresh_token),
            },
            # What the person left out is no reason to stop here: the verification names it, and
            # the other direction still works.
            scopes=(
                permissions.IDENTITY + permissions.for_wanted(ctx.wanted)
                if tokens.scopes is None
                else tokens.scopes
            ),
            expires_at=tokens.expires_at,
            grant_ends_at=grant_ends_at,
        ),
        settings={} if person.address is None else {"account_address": person.address},
    )


def _exchanged(
    ctx: AuthContext, registration: Registration, state: State, code: str
) -> code_flow.Tokens:
    try:
        return code_flow.exchange(
            ctx,
            registration,
            code=code,
            verifier=str(state["verifier"]),
            redirect_uri=str(ctx.redirect_uri),
        )
    except SignInError as error:
        if error.code != "grant_ended":
            raise
        # No grant has ended that never began: the code was used before, or is too old.
        raise SignInError(problem("sign_in_timed_out", remote=error.problem.remote)) from None


def _person(
    ctx: AuthContext, registration: Registration, state: State, tokens: code_flow.Tokens
) -> Person:
    if tokens.id_token is None:
        raise MailboxError(problem("protocol_error", host=code_flow.HOST, port="443"))
    person = Person.of(
        id_token.claims(
            tokens.id_token,
            issuers=google.ISSUERS,
            audience=registration.client_id,
            nonce=str(state["nonce"]),
            now=ctx.now(),
        )
    )
    previous = ctx.previous
    if (
        ctx.purpose is Purpose.REAUTH
        and previous is not None
        and previous.account not in (None, person.subject)
    ):
        found = person.address or "-"
        raise SignInError(problem("wrong_account", address=str(ctx.address), found=found))
    return person


def _refusal(params: Mapping[str, str]) -> Problem | None:
    if params.get("error") == _POLICY_ENFORCED:
        return policy.refused(policy.ADVANCED_PROTECTION)
    return authorization_problem(params, "gmail")


def _no_refresh_token() -> Problem:
    key = "gmail.error.offline_access_missing"
    return Problem(
        "offline_access_missing", Kind.SIGN_IN, Blame.PERSON, Text(key), Text(f"{key}.remedy")
    )
