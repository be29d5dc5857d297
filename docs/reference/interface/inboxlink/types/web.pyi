from collections.abc import Mapping
from dataclasses import dataclass
__all__ = ['HttpAnswer', 'Probe', 'Probed']

@dataclass(frozen=True, slots=True)
class HttpAnswer:
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    via: tuple[str, ...] = ()

@dataclass(frozen=True, slots=True)
class Probe:
    url: str

@dataclass(frozen=True, slots=True)
class Probed:
    url: str
    outcome: str
    answer: HttpAnswer | None = None
