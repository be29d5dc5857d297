import socket
import ssl
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import parse_qsl, urlsplit
from inboxlink.testing.peers.ports import LOOPBACK
from inboxlink.testing.peers.world import Networked
__all__ = ['Browser']

class Browser:

    def __init__(self, world: Networked) -> None:
        ...

    def authorize(self, url: str) -> str:
        ...

    def answer(self, url: str) -> dict[str, str]:
        ...

    def visit(self, url: str) -> tuple[int, str]:
        ...

    def sign_in(self, url: str) -> tuple[int, str]:
        ...
