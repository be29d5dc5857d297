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
__all__ = ['EVENT', 'STEP', 'Abort', 'Agreed', 'Callback', 'Choose', 'Confirm', 'ConfirmKind', 'Done', 'Event', 'Form', 'FormField', 'InputKind', 'Menu', 'MenuOption', 'PendingStep', 'Poll', 'Redirect', 'Start', 'State', 'Step', 'Submit', 'Tick']
State = Mapping[str, JsonValue]

class InputKind(StrEnum):
    TEXT = 'text'
    SECRET = 'secret'
    HOST = 'host'
    PORT = 'port'
    FLAG = 'flag'

class FormField(Model):
    name: str
    kind: InputKind
    label: Text
    help: Text | None = None
    value: str | None = None
    required: bool = True
    advanced: bool = False
    only_if: tuple[str, str] | None = None

class MenuOption(Model):
    name: str
    label: Text

class ConfirmKind(StrEnum):
    CERTIFICATE = 'certificate'
    HOST = 'host'
    ENDPOINT = 'endpoint'

class _Pending(Model):
    step: str
    state: State = Field(default_factory=dict, repr=False)

class Form(_Pending):
    type: Literal['form'] = 'form'
    title: Text
    fields: tuple[FormField, ...]
    errors: Mapping[str, Problem] = Field(default_factory=dict)

class Menu(_Pending):
    type: Literal['menu'] = 'menu'
    title: Text
    options: tuple[MenuOption, ...]
    default: str | None = None

class Confirm(_Pending):
    type: Literal['confirm'] = 'confirm'
    kind: ConfirmKind
    facts: Mapping[str, str]

    @property
    def facts_digest(self) -> str:
        ...

class Redirect(_Pending):
    type: Literal['redirect'] = 'redirect'
    url: str
    scopes: tuple[str, ...]
    issuer: str | None = None
    is_issuer_needed: bool = False
    hint: Text | None = None

class Poll(_Pending):
    type: Literal['poll'] = 'poll'
    user_code: str
    verification_uri: str
    scopes: tuple[str, ...]
    every_s: float
    until: datetime

class Done(Unserialisable):
    type: Literal['done'] = 'done'
    credential: Credential
    settings: Mapping[str, str] = Field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()

class Abort(Model):
    type: Literal['abort'] = 'abort'
    error: Problem
PendingStep = Annotated[Form | Menu | Confirm | Redirect | Poll, Field(discriminator='type')]
Step = Form | Menu | Confirm | Redirect | Poll | Done | Abort

class Start(Model):
    type: Literal['start'] = 'start'

class Submit(Unserialisable):
    type: Literal['submit'] = 'submit'
    values: Mapping[str, str] = Field(default_factory=dict)
    secrets: Mapping[str, SecretStr] = Field(default_factory=dict)

class Choose(Model):
    type: Literal['choose'] = 'choose'
    option: str

class Agreed(Model):
    type: Literal['agreed'] = 'agreed'
    facts_digest: str

class Callback(Model):
    type: Literal['callback'] = 'callback'
    params: Mapping[str, str] = Field(repr=False)

class Tick(Model):
    type: Literal['tick'] = 'tick'
Event = Start | Submit | Choose | Agreed | Callback | Tick
STEP: TypeAdapter[Any] = TypeAdapter(PendingStep)
EVENT: TypeAdapter[Any] = TypeAdapter(Annotated[Event, Field(discriminator='type')])
