"""The closed union of what a provider may ask, and of what a host may answer."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, SecretStr, TypeAdapter

from inboxlink.errors import Problem
from inboxlink.types.credential import Credential, Unserialisable
from inboxlink.types.detection import Endpoint
from inboxlink.types.model import Model
from inboxlink.types.text import Text

__all__ = [
    "EVENT",
    "STEP",
    "Abort",
    "Agreed",
    "Callback",
    "Choose",
    "Confirm",
    "ConfirmKind",
    "Done",
    "Event",
    "Form",
    "FormField",
    "InputKind",
    "Menu",
    "MenuOption",
    "PendingStep",
    "Poll",
    "Redirect",
    "Start",
    "State",
    "Step",
    "Submit",
    "Tick",
]

#: What a provider keeps between two steps: JSON, sealed by the vault, never a secret of the
#: person.
State = Mapping[str, JsonValue]


class InputKind(StrEnum):
    """How a host draws a field and reads its value."""

    TEXT = "text"
    SECRET = "secret"
    HOST = "host"
    PORT = "port"
    FLAG = "flag"


class FormField(Model):
    """One field of a form.

    Args:
        name: What `--set` and `Submit` call it.
        kind: A SECRET comes back in `Submit.secrets`, everything else in `Submit.values`.
        label: Beside the field.
        help: Under the field; None = it needs none.
        value: What stands in it at first; always None for a secret.
        required: Whether an empty value is refused.
        advanced: Whether it is folded away until the person asks for it.
        only_if: `(name, value)` of another field on which this one depends; None = always.
    """

    name: str
    kind: InputKind
    label: Text
    help: Text | None = None
    value: str | None = None
    required: bool = True
    advanced: bool = False
    only_if: tuple[str, str] | None = None


class MenuOption(Model):
    """One way to go on."""

    name: str
    label: Text


class ConfirmKind(StrEnum):
    """What the person is asked to confirm."""

    CERTIFICATE = "certificate"
    HOST = "host"
    ENDPOINT = "endpoint"


class _Pending(Model):
    """A step that waits for an answer.

    Args:
        step: The provider's name for it, given back with the answer.
        state: Whatever the provider needs to go on.
    """

    step: str
    state: State = Field(default_factory=dict, repr=False)


class Form(_Pending):
    """Ask for values. `errors` are by field name; the key `""` is about the whole form."""

    type: Literal["form"] = "form"
    title: Text
    fields: tuple[FormField, ...]
    errors: Mapping[str, Problem] = Field(default_factory=dict)


class Menu(_Pending):
    """Ask for a choice. `default` is the option of whoever says nothing; None = there is none."""

    type: Literal["menu"] = "menu"
    title: Text
    options: tuple[MenuOption, ...]
    default: str | None = None


class Confirm(_Pending):
    """Show facts and ask for a yes. A yes is bound to the digest of what was shown."""

    type: Literal["confirm"] = "confirm"
    kind: ConfirmKind
    facts: Mapping[str, str]

    @property
    def facts_digest(self) -> str:
        """SHA-256, hexadecimal, of kind and facts."""
        canonical = json.dumps([self.kind, dict(self.facts)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


class Redirect(_Pending):
    """Send the person's browser to an https address, and wait for the callback.

    Args:
        url: The authorization request, with the core's state, the host's redirect address and a
            PKCE challenge by S256 (RFC 7636); the core refuses one without.
        scopes: What it asks for.
        issuer: Who must have answered (RFC 9207 section 2.4); None = the provider's authorization
            server does not say who it is.
        is_issuer_needed: Whether an answer that names no issuer is refused.
        hint: What to do if the browser never comes back; None = nothing in particular.
    """

    type: Literal["redirect"] = "redirect"
    url: str
    scopes: tuple[str, ...]
    issuer: str | None = None
    is_issuer_needed: bool = False
    hint: Text | None = None


class Poll(_Pending):
    """Show a code to be typed elsewhere (RFC 8628), and come back every `every_s` seconds.

    Args:
        user_code: What the person types.
        verification_uri: Where, an https address.
        scopes: What is asked for.
        every_s: Seconds to wait before each `Tick`.
        until: When the code ends.
    """

    type: Literal["poll"] = "poll"
    user_code: str
    verification_uri: str
    scopes: tuple[str, ...]
    every_s: float
    until: datetime


class Done(Unserialisable):
    """The sign-in is complete. Terminal, and never serialised."""

    type: Literal["done"] = "done"
    credential: Credential
    settings: Mapping[str, str] = Field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()


class Abort(Model):
    """The sign-in cannot go on. Terminal."""

    type: Literal["abort"] = "abort"
    error: Problem


PendingStep = Annotated[Form | Menu | Confirm | Redirect | Poll, Field(discriminator="type")]
Step = Form | Menu | Confirm | Redirect | Poll | Done | Abort


class Start(Model):
    """Begin."""

    type: Literal["start"] = "start"


class Submit(Unserialisable):
    """The values of a form, secrets apart."""

    type: Literal["submit"] = "submit"
    values: Mapping[str, str] = Field(default_factory=dict)
    secrets: Mapping[str, SecretStr] = Field(default_factory=dict)


class Choose(Model):
    """The option of a menu."""

    type: Literal["choose"] = "choose"
    option: str


class Agreed(Model):
    """A yes to exactly the facts with this digest."""

    type: Literal["agreed"] = "agreed"
    facts_digest: str


class Callback(Model):
    """The parameters of the redirect back. Their state and issuer were compared by the core.

    The code among them is worth nothing without the verifier, which is sealed, and lives for
    minutes; it is still kept out of `repr`.
    """

    type: Literal["callback"] = "callback"
    params: Mapping[str, str] = Field(repr=False)


class Tick(Model):
    """The waiting time of a poll is over."""

    type: Literal["tick"] = "tick"


Event = Start | Submit | Choose | Agreed | Callback | Tick

STEP: TypeAdapter[Any] = TypeAdapter(PendingStep)
#: What arrives from outside as JSON, such as from a web page.
EVENT: TypeAdapter[Any] = TypeAdapter(Annotated[Event, Field(discriminator="type")])
