import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit
from inboxlink.testing.peers.certificates import Certificate
from inboxlink.testing.peers.faults import Faults
from inboxlink.testing.peers.grants import Asked, Grant, Grants, Person, Refused
from inboxlink.testing.peers.id_tokens import Signer, base64url
from inboxlink.testing.peers.metadata import DEVICE_GRANT, metadata
from inboxlink.testing.peers.web import Answer, Request, WebServer, json_answer
__all__ = ['AuthorizationServer', 'Client', 'Person']

@dataclass(frozen=True)
class Client:
    id: str = 'inboxlink-test'
    secret: str | None = field(default=None, repr=False)
    redirect_uris: tuple[str, ...] = ()

class AuthorizationServer:

    def __init__(self, certificate: Certificate, host: str, clients: tuple[Client, ...]=(Client(),)) -> None:
        ...

    def __enter__(self) -> 'AuthorizationServer':
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ...

    @property
    def issued(self) -> tuple[str, ...]:
        ...

    def pass_time(self, seconds: float) -> None:
        ...

    def end_grants(self) -> None:
        ...

    def introspect(self, token: str) -> dict[str, Any]:
        ...
