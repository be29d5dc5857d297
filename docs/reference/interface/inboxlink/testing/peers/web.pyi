import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlencode
from inboxlink.testing.peers.certificates import Certificate
from inboxlink.testing.peers.ports import LOOPBACK
__all__ = ['Answer', 'Request', 'WebServer', 'json_answer']

@dataclass(frozen=True)
class Request:
    method: str
    host: str
    path: str
    query: str
    headers: Message
    body: bytes

    @property
    def parameters(self) -> dict[str, str]:
        ...

    @property
    def form(self) -> dict[str, str]:
        ...

    @property
    def bearer(self) -> str:
        ...

    def asks(self, **parameters: str) -> 'Request':
        ...

    def posts(self, **fields: str) -> 'Request':
        ...

@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b''
    headers: Sequence[tuple[str, str]] = field(default=(('Content-Type', 'text/html'),))

    @property
    def json(self) -> Any:
        ...

    def header(self, name: str) -> str | None:
        ...

def json_answer(status: int, content: Any, **headers: str) -> Answer:
    ...

class WebServer:

    def __init__(self, certificate: Certificate, answer: Callable[[Request], Answer]) -> None:
        ...

    def __enter__(self) -> 'WebServer':
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ...
