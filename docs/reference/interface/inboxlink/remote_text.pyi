import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property
from urllib.parse import quote
__all__ = ['MAX_CHARACTERS', 'RemoteText']
MAX_CHARACTERS = 512

class RemoteText:

    def __init__(self, secrets: Iterable[str]=()) -> None:
        ...

    def clean(self, said: bytes | str) -> str | None:
        ...

    def masked(self, text: str) -> str:
        ...
