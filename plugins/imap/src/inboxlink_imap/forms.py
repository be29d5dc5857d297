"""The two forms of the sign-in: the servers where they are not known, and the password.

The second one repeats the servers folded away, so that a person who knows better can say so.
"""

from collections.abc import Mapping

from inboxlink.errors import Problem
from inboxlink.types.address import Address
from inboxlink.types.detection import Endpoint, Role
from inboxlink.types.steps import Form, FormField, InputKind
from inboxlink.types.text import Text
from inboxlink_imap.draft import Draft
from inboxlink_imap.entry import PREFIX, conventional_tls
from inboxlink_imap.usernames import rendered

__all__ = ["SERVERS", "SIGN_IN", "servers_form", "sign_in_form"]

SERVERS = "servers"
SIGN_IN = "sign_in"

_CONVENTIONAL = {Role.IMAP: "993", Role.SUBMISSION: "465"}


def servers_form(
    draft: Draft,
    address: Address,
    errors: Mapping[str, Problem],
    typed: Mapping[str, str] | None = None,
) -> Form:
    """Ask where the mail is (req 99, 101).

    Args:
        draft: What is known.
        address: The person's.
        errors: By field name.
        typed: What the person typed, where it could not be made a draft of.
    """
    fields = (
        *_servers(draft, Role.IMAP, is_folded=False),
        *_servers(draft, Role.SUBMISSION, is_folded=False),
        _username(draft, address),
    )
    return _form(SERVERS, fields, draft, errors, typed)


def sign_in_form(
    draft: Draft,
    address: Address,
    errors: Mapping[str, Problem] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Form:
    """Ask for the password; everything else is filled in and folded away (req 95, 99, 100)."""
    if_separate = ("same_outgoing", "false")
    fields = (
        _field("password", InputKind.SECRET),
        _username(draft, address),
        *_servers(draft, Role.IMAP, is_folded=True),
        *_servers(draft, Role.SUBMISSION, is_folded=True),
        _field(
            "same_outgoing",
            InputKind.FLAG,
            "true" if draft.is_shared else "false",
            is_folded=True,
        ),
        _field(
            "outgoing_username",
            InputKind.TEXT,
            draft.outgoing_username or rendered(draft.smtp, address),
            is_folded=True,
            only_if=if_separate,
        ),
        _field("outgoing_password", InputKind.SECRET, is_folded=True, only_if=if_separate),
    )
    return _form(SIGN_IN, fields, draft, errors or {}, typed)


def _form(
    step: str,
    fields: tuple[FormField, ...],
    draft: Draft,
    errors: Mapping[str, Problem],
    typed: Mapping[str, str] | None,
) -> Form:
    if typed is not None:
        fields = tuple(
            each
            if each.kind is InputKind.SECRET
            else each.model_copy(update={"value": typed.get(each.name, each.value)})
            for each in fields
        )
    return Form(
        step=step,
        state=draft.kept(),
        title=Text(f"imap.form.{step}"),
        fields=fields,
        errors=errors,
    )


def _servers(draft: Draft, role: Role, *, is_folded: bool) -> tuple[FormField, ...]:
    prefix = PREFIX[role]
    endpoint = draft.endpoint(role)
    return (
        _field(
            f"{prefix}_host",
            InputKind.HOST,
            None if endpoint is None else endpoint.host,
            is_folded=is_folded,
        ),
        _field(
            f"{prefix}_port",
            InputKind.PORT,
            _CONVENTIONAL[role] if endpoint is None else str(endpoint.port),
            is_folded=is_folded,
        ),
        _field(f"{prefix}_tls", InputKind.TEXT, _tls(endpoint), is_folded=True, is_required=False),
    )


def _tls(endpoint: Endpoint | None) -> str:
    # Left empty where the port says it, so that another port does not drag it along.
    if endpoint is None or endpoint.tls is conventional_tls(endpoint.role, endpoint.port):
        return ""
    return endpoint.tls.value


def _username(draft: Draft, address: Address) -> FormField:
    username = draft.username or rendered(draft.imap, address)
    return _field("username", InputKind.TEXT, username, is_folded=True, is_required=False)


def _field(
    name: str,
    kind: InputKind,
    value: str | None = None,
    *,
    is_folded: bool = False,
    is_required: bool = True,
    only_if: tuple[str, str] | None = None,
) -> FormField:
    return FormField(
        name=name,
        kind=kind,
        label=Text(f"imap.field.{name}"),
        help=Text(f"imap.field.{name}.help"),
        value=value,
        required=is_required,
        advanced=is_folded,
        only_if=only_if,
    )
