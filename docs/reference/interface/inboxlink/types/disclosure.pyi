import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
__all__ = ['Application', 'Audience', 'Capability', 'DiscloseContext', 'Disclosure']

class Audience(StrEnum):
    PERSONAL = 'personal'
    TEAM = 'team'

class Capability(StrEnum):
    RECEIVE = 'receive'
    SEND = 'send'

@dataclass(frozen=True, slots=True)
class Application:
    name: str
    privacy_policy: str | None = None
    support: str | None = None

@dataclass(frozen=True, slots=True)
class DiscloseContext:
    application: Application
    language: str
    audience: Audience
    wanted: frozenset[Capability]

@dataclass(frozen=True, slots=True)
class Disclosure:
    id: str
    version: int
    language: str
    title: str
    body: str
    data: tuple[str, ...]
    scopes: tuple[str, ...]
    remove_here: str
    revoke_there: str
    is_repeated: bool = False

    @property
    def digest(self) -> str:
        ...

    @property
    def reference(self) -> str:
        ...
