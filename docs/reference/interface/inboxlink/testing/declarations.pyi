from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from inboxlink.types.detection import Basis, Evidence
from inboxlink.types.disclosure import Audience, Capability
from inboxlink.types.way import Way
if TYPE_CHECKING:
    from inboxlink.types.steps import Event, Poll, Redirect, Step
__all__ = ['Agree', 'Answer', 'Claim', 'Fill', 'Mismatch', 'Mistake', 'Pick', 'Script', 'Visit', 'Wait', 'World']

@dataclass(frozen=True, slots=True)
class Claim:
    evidence: Evidence
    basis: Basis | None = None
    refused: str | None = None

@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    connect: Mapping[str, str] = field(default_factory=dict)
    ca_file: Path | None = None
    nameservers: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    servers: Any = None

class Mismatch(Exception):
    ...

class Answer:
    __slots__ = ()

    def event(self, step: 'Step', world: World) -> 'Event':
        ...

@dataclass(frozen=True, slots=True)
class Fill(Answer):
    values: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def event(self, step: 'Step', world: World) -> 'Event':
        ...

@dataclass(frozen=True, slots=True)
class Pick(Answer):
    option: str

    def event(self, step: 'Step', world: World) -> 'Event':
        ...

@dataclass(frozen=True, slots=True)
class Agree(Answer):
    kind: str | None = None

    def event(self, step: 'Step', world: World) -> 'Event':
        ...

@dataclass(frozen=True, slots=True)
class Visit(Answer):
    person: Callable[[World, 'Redirect'], str]

    def event(self, step: 'Step', world: World) -> 'Event':
        ...

@dataclass(frozen=True, slots=True)
class Wait(Answer):
    person: Callable[[World, 'Poll'], None]
    ticks: int = 10

    def event(self, step: 'Step', world: World) -> 'Event':
        ...

@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    at: str
    answer: Fill
    error: str
    field: str | None = None
    then: tuple[Answer, ...] = ()

@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    name: str
    address: str
    answers: tuple[Answer, ...]
    ends: str | None = None
    is_other: bool = False
    evidence: Evidence | None = None
    variant: str = ''
    mistakes: tuple[Mistake, ...] = ()
    wanted: frozenset[Capability] = frozenset(Capability)
    is_partial: bool = False
    audience: Audience = Audience.PERSONAL
    ways: frozenset[Way] = frozenset()
    redirect_uri: str | None = None
    send_test_message: bool = False
    before: Callable[[World], None] | None = None

    @property
    def is_of_another(self) -> bool:
        ...

    @property
    def secrets(self) -> frozenset[str]:
        ...
