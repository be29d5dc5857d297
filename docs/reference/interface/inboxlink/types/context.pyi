from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol, Self
from inboxlink.types.address import Address
from inboxlink.types.attempts import Attempts
from inboxlink.types.detection import CertificatePin, Detection, Endpoint
from inboxlink.types.disclosure import Application, Audience, Capability
from inboxlink.types.service import Service
from inboxlink.types.validity import Validity
from inboxlink.types.way import Way
from inboxlink.types.web import HttpAnswer
__all__ = ['AuthContext', 'CallContext', 'CertificateFacts', 'Channel', 'HookContext', 'HttpAnswer', 'HttpSession', 'Previous', 'Purpose', 'Wire']

class Purpose(StrEnum):
    CONNECT = 'connect'
    REAUTH = 'reauth'
    RECONFIGURE = 'reconfigure'

@dataclass(frozen=True, slots=True)
class CertificateFacts:
    subject: str
    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    sha256: str
    der: str = field(repr=False)
    matches_name: bool

class Channel(Protocol):

    @property
    def took_ms(self) -> tuple[tuple[str, float], ...]:
        ...

    @property
    def tls_version(self) -> str:
        ...

    @property
    def validity(self) -> Validity | None:
        ...

    @property
    def greeting(self) -> bytes | None:
        ...

    def sendall(self, data: bytes) -> None:
        ...

    def makefile(self, mode: str='rb') -> BinaryIO:
        ...

    def close(self) -> None:
        ...

class HttpSession(Protocol):

    @property
    def took_ms(self) -> tuple[tuple[str, float], ...]:
        ...

    @property
    def tls_version(self) -> str:
        ...

    @property
    def validity(self) -> Validity | None:
        ...

    @property
    def certificate(self) -> bytes:
        ...

    @property
    def connection(self) -> int:
        ...

    def send(self, method: str, target: str, headers: Mapping[str, str] | None=None, body: bytes | None=None) -> HttpAnswer:
        ...

    def close(self) -> None:
        ...

    def __enter__(self) -> Self:
        ...

    def __exit__(self, *_: object) -> None:
        ...

class Wire(Protocol):

    def open(self, endpoint: Endpoint, deadline: float) -> Channel:
        ...

    def certificate(self, endpoint: Endpoint, deadline: float) -> CertificateFacts:
        ...

    def get(self, url: str, deadline: float) -> HttpAnswer:
        ...

    def redirect(self, url: str, deadline: float) -> str | None:
        ...

    def http(self, host: str, deadline: float, pin: CertificatePin | None=None) -> HttpSession:
        ...

    def services(self, name: str, deadline: float) -> tuple[Service, ...]:
        ...

@dataclass(frozen=True, slots=True)
class Previous:
    account: str | None
    settings: Mapping[str, str]
    endpoints: tuple[Endpoint, ...]

@dataclass(frozen=True, slots=True, kw_only=True)
class HookContext:
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    deadline: float
    wire: Wire = field(repr=False)
    clock: Callable[[], datetime] = field(repr=False)
    random_token: Callable[[int], str] = field(repr=False)

    def open(self, endpoint: Endpoint) -> Channel:
        ...

    def certificate(self, endpoint: Endpoint) -> CertificateFacts:
        ...

    def get(self, url: str) -> HttpAnswer:
        ...

    def redirect(self, url: str) -> str | None:
        ...

    def http(self, host: str, pin: CertificatePin | None=None) -> HttpSession:
        ...

    def services(self, name: str) -> tuple[Service, ...]:
        ...

    def now(self) -> datetime:
        ...

    def token_urlsafe(self, size: int=32) -> str:
        ...

@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext(HookContext):
    address: Address
    audience: Audience
    language: str
    application: Application
    wanted: frozenset[Capability]
    send_test_message: bool = False
    attempts: Attempts = field(default_factory=Attempts, repr=False)

    def attempt(self, endpoint: Endpoint, username: str, secret: str) -> AbstractContextManager[None]:
        ...

@dataclass(frozen=True, slots=True, kw_only=True)
class AuthContext(CallContext):
    purpose: Purpose
    detection: Detection
    ways: frozenset[Way] = frozenset()
    previous: Previous | None = None
    redirect_uri: str | None = None
    oauth_state: str | None = field(default=None, repr=False)
