import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from inboxlink.domains import is_public_suffix, registrable
from inboxlink.errors import SetupError
from inboxlink.hosts import check_host
from inboxlink.links import https_url
from inboxlink.types.context import HttpAnswer
from inboxlink.types.detection import Trust
from inboxlink.types.service import Service
__all__ = ['AUTODISCOVER_PATH', 'EWS_PATH', 'Candidate', 'Fingerprint', 'candidates', 'fingerprint', 'is_online', 'may_be_asked']
EWS_PATH = '/EWS/Exchange.asmx'
AUTODISCOVER_PATH = '/autodiscover/autodiscover.xml'

@dataclass(frozen=True, slots=True)
class Candidate:
    url: str
    trust: Trust

    @property
    def host(self) -> str:
        ...

@dataclass(frozen=True, slots=True)
class Fingerprint:
    host: str
    schemes: tuple[str, ...]
    version: str | None = None
    is_certain: bool = False
    is_hybrid: bool = False

def candidates(domain: str, services: Iterable[Service]=()) -> tuple[Candidate, ...]:
    ...

def fingerprint(answer: HttpAnswer) -> Fingerprint | None:
    ...

def is_online(host: str) -> bool:
    ...

def may_be_asked(host: str) -> bool:
    ...
