"""The operator's registration of the application with Google, and what can be wrong with it.

A desktop and a web client have the same form: an id that ends in `.apps.googleusercontent.com` and
a secret. Google's own file, `client_secret_….json`, holds both, and is often pasted whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from inboxlink.errors import Blame, InboxlinkError, Kind, Problem, SetupError, problem
from inboxlink.types.context import HookContext
from inboxlink.types.text import Text

__all__ = ["Registration", "check", "invalid"]

_ID_ENDS_IN = ".apps.googleusercontent.com"


@dataclass(frozen=True, slots=True)
class Registration:
    """One that looks right.

    Args:
        client_id: Public.
        client_secret: Google calls that of a desktop client no secret; it is kept like one.
        redirect_uri: The web client's; None = the operator set none.
        is_testing: Whether the operator said that the app's publishing status is Testing.
    """

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str | None
    is_testing: bool

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> "Registration":
        """Read it from a hook's settings.

        Raises:
            SetupError: `client_missing` or `client_invalid`.
        """
        for trouble in _offline(settings):
            raise SetupError(trouble)
        return cls(
            settings["client_id"],
            settings["client_secret"],
            settings.get("redirect_uri"),
            settings.get("testing") == "true",
        )


def check(ctx: HookContext, *, online: bool) -> tuple[Problem, ...]:
    """See `inboxlink.hookspecs.check_client`."""
    troubles = _offline(ctx.settings)
    if troubles or not online:
        return troubles
    return _online(ctx, Registration.of(ctx.settings))


def invalid(setting: str, reason: str) -> Problem:
    """A setting that cannot be right, with the reason in the person's language."""
    return Problem(
        "client_invalid",
        Kind.SETUP,
        Blame.OPERATOR,
        Text(f"gmail.client.{reason}"),
        Text("error.client_invalid.remedy", {"provider": "gmail", "setting": setting}),
    )


def _offline(settings: Mapping[str, str]) -> tuple[Problem, ...]:
    missing = tuple(
        problem("client_missing", provider="gmail", setting=name)
        for name in ("client_id", "client_secret")
        if not settings.get(name)
    )
    if missing:
        return missing
    troubles = []
    client_id, secret = settings["client_id"], settings["client_secret"]
    if client_id.startswith("{"):
        troubles.append(invalid("client_id", "id_is_file"))
    elif not client_id.endswith(_ID_ENDS_IN) or not _is_one_word(client_id):
        troubles.append(invalid("client_id", "id_malformed"))
    if secret.startswith("{"):
        troubles.append(invalid("client_secret", "secret_is_file"))
    elif secret.endswith(_ID_ENDS_IN):
        troubles.append(invalid("client_secret", "secret_is_id"))
    elif not _is_one_word(secret):
        troubles.append(invalid("client_secret", "secret_malformed"))
    return tuple(troubles)


def _is_one_word(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def _online(ctx: HookContext, registration: Registration) -> tuple[Problem, ...]:
    """Ask with a code that nobody was given: which of the two Google refuses tells the rest."""
    from inboxlink_gmail import code_flow

    try:
        code_flow.exchange(
            ctx,
            registration,
            code=f"4/{ctx.token_urlsafe()}",
            verifier=ctx.token_urlsafe(),
            redirect_uri=registration.redirect_uri or "http://127.0.0.1",
        )
    except InboxlinkError as error:
        # The code was refused, so the client was not.
        return () if error.code == "grant_ended" else (error.problem,)
    return (problem("protocol_error", host=code_flow.HOST, port="443"),)
