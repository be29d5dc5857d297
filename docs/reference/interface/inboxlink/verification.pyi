import time
from collections.abc import Callable
from typing import TypeVar
from inboxlink.errors import InboxlinkError, Problem, UnreachableError
from inboxlink.types.context import Channel, HttpSession
from inboxlink.types.report import Chain, Check, is_whole
from inboxlink.types.text import Text
from inboxlink.types.validity import Validity
__all__ = ['Stages', 'Stopped']
_R = TypeVar('_R')
_Way = TypeVar('_Way', Channel, HttpSession)

class Stopped(Exception):
    ...

class Stages:

    def __init__(self, chain: Chain, *names: str, connects: bool=True) -> None:
        ...

    @property
    def checks(self) -> tuple[Check, ...]:
        ...

    @property
    def is_whole(self) -> bool:
        ...

    def connect(self, open_way: Callable[[], _Way]) -> _Way:
        ...

    def run(self, name: str, call: Callable[[], _R], evidence: Callable[[_R], str | Text | None]) -> _R:
        ...

    def fail(self, name: str, problem: Problem, took_ms: float) -> None:
        ...

    def withhold(self, *names: str) -> None:
        ...

    def add(self, name: str) -> None:
        ...

    def problem_of(self, name: str) -> Problem | None:
        ...

    def is_ok(self, name: str) -> bool:
        ...
