from collections.abc import Mapping
from dataclasses import dataclass, field
__all__ = ['Text']

@dataclass(frozen=True, slots=True)
class Text:
    key: str
    params: Mapping[str, str] = field(default_factory=dict, hash=False)
    default: str = ''
