from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from inboxlink.errors import Problem, SignInError
__all__ = ['Attempts', 'RefusalMemory']

class RefusalMemory(Protocol):

    def recall(self, host: str, username: str, secret: str) -> Problem | None:
        ...

    def remember(self, host: str, username: str, secret: str) -> None:
        ...

    def forget(self, host: str, username: str, secret: str) -> None:
        ...

class Attempts:

    def __init__(self, memory: RefusalMemory | None=None) -> None:
        ...

    @contextmanager
    def use(self, host: str, username: str, secret: str) -> Iterator[None]:
        ...
