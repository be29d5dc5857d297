"""Sign in with Google in place of an app password, where the operator registered a client.

    method (a menu) ──> google (the browser) ──> done
          └──> the password, as for every other server

The servers are settled before the browser is sent anywhere, as they are before a password.
"""

from datetime import timedelta

from pydantic import SecretStr

from inboxlink.errors import InboxlinkError, MailboxError, SignInError, problem
from inboxlink.oauth.code_flow import Tokens
from inboxlink.oauth.scopes import withheld
from inboxlink.types.context import AuthContext
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.steps import Abort, Callback, Done, Menu, MenuOption, Redirect, State, Step
from inboxlink.types.text import Text
from inboxlink_imap.detection import variant
from inboxlink_imap.google import ENDPOINTS, SCOPES, SERVER, mailbox_of
from inboxlink_imap.registration import flow
from inboxlink_imap.survey import survey
from inboxlink_imap.ways import WAYS

__all__ = ["GOOGLE", "METHOD", "begin", "finish", "is_offered", "menu"]

#: The step of the menu, and the setting that remembers what was chosen.
METHOD = "method"
#: The option, and the step of the browser.
GOOGLE = "google"
_APP_PASSWORD = "app_password"

#: Google's answer comes with a new refresh token only where the person is asked for consent; they
#: choose the account, because a browser is often signed in to several
#: (developers.google.com/identity/protocols/oauth2/web-server, read November 2026).
_ASKED = {"access_type": "offline", "prompt": "select_account consent"}

#: A grant to an application whose publishing status is "Testing" ends after this time
#: (developers.google.com/identity/protocols/oauth2, "Refresh token expiration", read November
#: 2026).
_TESTING = timedelta(days=7)


def is_offered(ctx: AuthContext) -> bool:
    """Whether a person can choose it here: at Gmail, with a client, and a way back."""
    return (
        variant(ctx.detection) == "gmail"
        and "client_id" in ctx.settings
        and ctx.redirect_uri is not None
        and not WAYS.isdisjoint(ctx.ways)
    )


def menu(ctx: AuthContext) -> Menu:
    """Ask how to sign in; whoever says nothing goes on as before."""
    before = ctx.previous.settings.get(METHOD) if ctx.previous is not None else None
    return Menu(
        step=METHOD,
        title=Text("imap.method"),
        options=(
            MenuOption(name=_APP_PASSWORD, label=Text("imap.method.app_password")),
            MenuOption(name=GOOGLE, label=Text("imap.method.google")),
        ),
        default=GOOGLE if before == GOOGLE else _APP_PASSWORD,
    )


def begin(ctx: AuthContext) -> Step:
    """Look at both servers, and send the browser to Google."""
    try:
        code_flow = flow(ctx.settings)
        for finding in survey(ctx, ENDPOINTS, for_token=True):
            if finding.problem is not None:
                return Abort(error=finding.problem)
        begun = code_flow.begin(ctx, SCOPES, {**_ASKED, "login_hint": str(ctx.address)})
    except InboxlinkError as error:
        return Abort(error=error.problem)
    return Redirect(
        step=GOOGLE, url=begun.url, scopes=SCOPES, issuer=SERVER.issuer, state=begun.kept
    )


def finish(ctx: AuthContext, state: State, answer: Callback) -> Step:
    """Exchange the code, and hold who signed in to who was to.

    A grant that is not used is left alone: revoking one ends every grant of the account to this
    client, and with it a connection that somebody else made.
    """
    try:
        tokens = flow(ctx.settings).exchange(ctx, answer.params, state, SCOPES)
        return _done(ctx, tokens)
    except InboxlinkError as error:
        return Abort(error=error.problem)


def _done(ctx: AuthContext, tokens: Tokens) -> Done:
    subject, account = _account(ctx, tokens)
    missing = withheld(SCOPES, tokens.scopes)
    if missing:  # without it neither server lets anybody in
        raise SignInError(problem("scope_not_granted", scopes=", ".join(missing)))
    if tokens.refresh_token is None:  # the connection would end within the hour
        raise MailboxError(problem("protocol_error", host="oauth2.googleapis.com", port="443"))
    ends_at = tokens.grant_ends_at
    if ends_at is None and ctx.settings.get("testing") == "true":
        ends_at = ctx.now() + _TESTING
    return Done(
        credential=Credential(
            kind=CredentialKind.OAUTH2,
            account=subject,
            secrets={
                SecretName.ACCESS_TOKEN: SecretStr(tokens.access_token),
                SecretName.REFRESH_TOKEN: SecretStr(tokens.refresh_token),
            },
            scopes=tokens.scopes,
            expires_at=tokens.expires_at,
            grant_ends_at=ends_at,
        ),
        settings={"username": account, METHOD: GOOGLE},
        endpoints=ENDPOINTS,
    )


def _account(ctx: AuthContext, tokens: Tokens) -> tuple[str, str]:
    """Id and address of who signed in; whoever cannot be told is refused."""
    subject, email = tokens.claims.get("sub"), tokens.claims.get("email")
    is_told = isinstance(subject, str) and subject and isinstance(email, str)
    if not is_told or tokens.claims.get("email_verified") is not True:
        raise SignInError(problem("wrong_account", address=str(ctx.address), found="-"))
    return str(subject), mailbox_of(ctx.address, str(email))
