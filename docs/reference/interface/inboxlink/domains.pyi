from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList
__all__ = ['is_public_suffix', 'registrable']

def is_public_suffix(domain: str) -> bool:
    ...

def registrable(host: str) -> str | None:
    ...
