from collections.abc import Iterable, Mapping
__all__ = ['same_scope', 'withheld']

def withheld(requested: Iterable[str], granted: Iterable[str], same: Mapping[str, str] | None=None) -> tuple[str, ...]:
    ...

def same_scope(scope: str, same: Mapping[str, str]) -> str:
    ...
