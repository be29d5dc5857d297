import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from inboxlink.errors import SetupError, problem
__all__ = ['SPECIAL_USE_DOMAINS', 'Address', 'is_special_use', 'parse_address']
SPECIAL_USE_DOMAINS = frozenset({'arpa', 'invalid', 'local', 'localhost', 'onion', 'test'})

@dataclass(frozen=True, slots=True)
class Address:
    local: str
    domain: str

    def __str__(self) -> str:
        ...

    @property
    def is_ascii(self) -> bool:
        ...

    @property
    def domain_shown(self) -> str:
        ...

    def same_mailbox(self, other: str) -> bool:
        ...

def is_special_use(domain: str) -> bool:
    ...

def parse_address(typed: str, *, special_domains: Collection[str]=()) -> Address:
    ...
