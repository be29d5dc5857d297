"""The forms that a person fills in, and what is wrong with what they typed."""

from collections.abc import Mapping

from inboxlink.errors import Problem, SignInError, problem
from inboxlink.types.steps import Form, FormField, InputKind, Submit
from inboxlink.types.text import Text
from inboxlink_exchange.draft import Draft
from inboxlink_exchange.schemes import Scheme

__all__ = ["password_of", "scheme_of", "server_form", "sign_in_form", "username_of"]

_MAX_USERNAME = 254


def sign_in_form(draft: Draft, errors: Mapping[str, Problem] | None = None) -> Form:
    """The last form: the password, and behind it all that Autodiscover found (req 78)."""
    password = FormField(
        name="password",
        kind=InputKind.SECRET,
        label=Text("exchange.field.password"),
        help=Text("exchange.field.password.help", {"host": draft.host}),
    )
    optional = (
        _username(draft, required=False),
        _ews_url(draft.ews_url, required=False),
        _scheme(draft),
    )
    return Form(
        step="sign_in",
        title=Text("exchange.form.sign_in"),
        fields=(password, *(each.model_copy(update={"advanced": True}) for each in optional)),
        errors=errors or {},
        state=draft.kept(),
    )


def server_form(
    draft: Draft, errors: Mapping[str, Problem] | None = None, typed: str | None = None
) -> Form:
    """Where Autodiscover failed, user name and address are asked for (req 80)."""
    fields = (_ews_url(typed or draft.ews_url, required=True), _username(draft, required=True))
    return Form(
        step="server",
        title=Text("exchange.form.server"),
        fields=fields,
        errors=errors or {},
        state=draft.kept(),
    )


def username_of(answer: Submit, draft: Draft, errors: dict[str, Problem]) -> str | None:
    """The user name as it was typed; None = the address is the user name."""
    typed = answer.values.get("username", draft.username or "").strip()
    if len(typed) > _MAX_USERNAME or not typed.isprintable():
        errors["username"] = problem("value_invalid", field="username")
    return typed or None


def scheme_of(answer: Submit, draft: Draft, errors: dict[str, Problem]) -> Scheme | None:
    """The scheme that was typed; None = the best that is offered."""
    typed = answer.values.get("scheme", draft.wanted or "").strip().lower()
    if typed in ("", *Scheme):
        return Scheme(typed) if typed else None
    errors["scheme"] = problem("value_invalid", field="scheme")
    return None


def password_of(answer: Submit, errors: dict[str, Problem]) -> str:
    """The password; empty where it is missing or no server could be sent it."""
    secret = answer.secrets.get("password")
    password = "" if secret is None else secret.get_secret_value()
    if not password:
        errors["password"] = problem("value_missing", field="password")
    elif any(character in password for character in "\r\n\0"):
        errors["password"] = SignInError(problem("secret_unsupported")).problem
    return password


def _username(draft: Draft, *, required: bool) -> FormField:
    return FormField(
        name="username",
        kind=InputKind.TEXT,
        label=Text("exchange.field.username"),
        help=Text("exchange.field.username.help"),
        value=draft.username or draft.address,
        required=required,
    )


def _ews_url(value: str | None, *, required: bool) -> FormField:
    return FormField(
        name="ews_url",
        kind=InputKind.TEXT,
        label=Text("exchange.field.ews_url"),
        help=Text("exchange.field.ews_url.help"),
        value=value,
        required=required,
    )


def _scheme(draft: Draft) -> FormField:
    return FormField(
        name="scheme",
        kind=InputKind.TEXT,
        label=Text("exchange.field.scheme"),
        help=Text("exchange.field.scheme.help"),
        value=draft.wanted.value if draft.wanted else None,
        required=False,
    )
