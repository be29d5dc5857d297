import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from inboxlink.placeholders import filled
from inboxlink.types.disclosure import DiscloseContext, Disclosure
if TYPE_CHECKING:
    from inboxlink.types.context import CallContext
__all__ = ['LANGUAGES', 'Prose']
LANGUAGES = ('en', 'ja')

class Prose:

    def __init__(self, package: str, languages: tuple[str, ...]=LANGUAGES) -> None:
        ...

    def spoken(self, language: str) -> str:
        ...

    def string(self, key: str, ctx: 'CallContext') -> str:
        ...

    def disclosure(self, identifier: str, version: int, ctx: DiscloseContext, *, scopes: tuple[str, ...] | None=None, is_repeated: bool=False) -> Disclosure:
        ...
