import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from inboxlink.testing.peers.web import Answer, Request, json_answer
__all__ = ['HTML', 'HUGE', 'Fault', 'Faults', 'busy', 'changed', 'instead', 'redirected_with', 'unavailable']
Fault = Callable[[Request, Callable[[], Answer]], Answer]
HTML = Answer(200, b'<!doctype html><html><title>Welcome</title><p>Please sign in.</html>')
HUGE = Answer(200, b'{"filler": "' + b'x' * (20 << 20) + b'"}', (('Content-Type', 'application/json'),))

def instead(answer: Answer) -> Fault:
    ...

def changed(**fields: Any) -> Fault:
    ...

def redirected_with(**parameters: str | None) -> Fault:
    ...

def busy(retry_after_s: int | None=7) -> Fault:
    ...

def unavailable(status: int=503) -> Fault:
    ...

class Faults:

    def __init__(self) -> None:
        ...

    def at_authorization(self, fault: Fault, times: int | None=None) -> None:
        ...

    def at_token(self, fault: Fault, grant_type: str | None=None, times: int | None=None) -> None:
        ...

    def at_device(self, fault: Fault, times: int | None=None) -> None:
        ...

    def at_revocation(self, fault: Fault, times: int | None=None) -> None:
        ...

    def at_introspection(self, fault: Fault, times: int | None=None) -> None:
        ...

    def at_metadata(self, fault: Fault, path: str='', times: int | None=None) -> None:
        ...

    def at_api(self, fault: Fault, path: str='', times: int | None=None) -> None:
        ...

    def clear(self) -> None:
        ...

    def apply(self, where: str, request: Request, proceed: Callable[[], Answer]) -> Answer:
        ...
