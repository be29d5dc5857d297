from dataclasses import dataclass
__all__ = ['Service']

@dataclass(frozen=True, slots=True)
class Service:
    priority: int
    weight: int
    port: int
    host: str
