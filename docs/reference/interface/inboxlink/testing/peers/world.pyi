from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol
from inboxlink.testing.peers.authorization import AuthorizationServer, Client
from inboxlink.testing.peers.autoconfig import autoconfig_of
from inboxlink.testing.peers.certificates import Authority, Certificate
from inboxlink.testing.peers.mail import MailServer
from inboxlink.testing.peers.nameserver import NameServer
from inboxlink.testing.peers.ports import LOOPBACK
from inboxlink.testing.peers.web import Answer, Request, WebServer
if TYPE_CHECKING:
    from inboxlink.testing.declarations import World as Declared
__all__ = ['Networked', 'World']

class Networked(Protocol):

    @property
    def network(self) -> Mapping[str, Any]:
        ...

class World:

    def __init__(self, directory: Path) -> None:
        ...

    def __enter__(self) -> 'World':
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ...

    @property
    def network(self) -> dict[str, Any]:
        ...

    def declared(self, *, settings: Mapping[str, str] | None=None, servers: Any=None) -> 'Declared':
        ...

    def web(self, answer: Callable[[Request], Answer], *hosts: str, certificate: Certificate | None=None) -> WebServer:
        ...

    def authorization(self, host: str='login.example.test', clients: tuple[Client, ...]=(Client(),)) -> AuthorizationServer:
        ...

    def mail(self, mailboxes: Mapping[str, str], *, imap: str | None=None, submission: str | None=None, certificate: Certificate | None=None) -> MailServer:
        ...
