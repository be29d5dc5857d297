"""The support bundle: what helps somebody else to find a fault, without the account.

What was said on the wire is redacted as it is recorded. The finished text is searched for every
secret and address that is known here all the same, in every form, and not written if one is found.
"""

import json
import platform
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import inboxlink
from inboxlink.bundle.pseudonyms import Pseudonyms
from inboxlink.bundle.recording import Recorder
from inboxlink.bundle.transcript import Conversation
from inboxlink.connect.checkup.connection import Examination, examine
from inboxlink.connect.checkup.finding import Finding
from inboxlink.connect.describing import NAMES, Description, iso
from inboxlink.connect.host import Host
from inboxlink.connect.refreshing import fresh
from inboxlink.errors import HostError, InboxlinkError, problem
from inboxlink.store.connections import Connection

__all__ = ["FORMAT", "Bundle", "Supporter"]

#: The form of the document; raised when what reads it must change.
FORMAT = "inboxlink-bundle/1"

#: Shorter ones are words of protocols too, so that to find one says nothing.
_SHORTEST_SECRET = 6

#: Of the operator's registration.
_SECRET_SETTINGS = ("client_secret", "certificate")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A document that may be given away.

    Args:
        document: As JSON.
        text: The same, as it is written.
    """

    document: Mapping[str, Any]
    text: str


@dataclass
class Supporter:
    """Makes one bundle.

    Args:
        host: The installation.
        names: What stands for what names a person, for this bundle alone.
    """

    host: Host
    names: Pseudonyms = field(init=False)
    _secrets: set[str] = field(default_factory=set, init=False)
    _recorder: Recorder | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.names = Pseudonyms(self.host.random_token(32).encode())

    def examine(self, connection: Connection, *, language: str) -> Examination:
        """Verify a connection again, and record what is said."""
        host = self.host
        self._know(connection)
        recorder = Recorder(host.network, self.names)
        with host.through(recorder):
            with recorder.during("refresh"):
                self._renew(connection)
            with recorder.during("verify"):
                examination = examine(host, connection, online=True, language=language)
        self._recorder = recorder
        self._know(examination.connection)
        return examination

    def bundle(
        self, *, findings: Iterable[Finding] = (), examination: Examination | None = None
    ) -> Bundle:
        """The bundle of an installation, and of one connection where it was examined.

        Raises:
            HostError: `bundle_unsafe`: something that is known to be secret would be in it.
        """
        described = {}
        if examination is not None:
            self._know(examination.connection)
            described = Description(self.host, self.names, examination).document
        conversations = () if self._recorder is None else self._recorder.conversations
        document = {
            "format": FORMAT,
            "made_at": iso(self.host.clock()),
            "versions": self._versions(),
            "checks": [_check(each) for each in findings],
            **described,
            "conversations": [_conversation(each) for each in conversations],
        }
        text = json.dumps(document, indent=1)
        if self._leaks(text):
            raise HostError(problem("bundle_unsafe"))
        return Bundle(document, text)

    def _renew(self, connection: Connection) -> None:
        try:
            _, credential = fresh(self.host, connection.id)
        except InboxlinkError:  # which the examination says as well
            return
        self._protect(each.get_secret_value() for each in credential.secrets.values())

    def _know(self, connection: Connection) -> None:
        """Learn what must not be written, before anything is."""
        self.names.know(connection.address)
        for each in connection.identities:
            self.names.know(each.address)
        for name in (connection.account, *(connection.settings.get(each) for each in NAMES)):
            if name:
                self.names.know(name)
        try:
            credential = self.host.connections.credential(connection.id)
            settings = self.host.client_settings(connection.provider)
        except InboxlinkError:  # there are none, or they cannot be opened; then none is sent
            return
        self._protect(each.get_secret_value() for each in credential.secrets.values())
        self._protect(settings.get(each, "") for each in _SECRET_SETTINGS)

    def _protect(self, secrets: Iterable[str]) -> None:
        fresh_ones = {part for each in secrets for part in (each, *_inside(each)) if part}
        self._secrets |= fresh_ones
        self.names.protect(fresh_ones)

    def _leaks(self, text: str) -> bool:
        watch = Pseudonyms(b"", secrets=[s for s in self._secrets if len(s) >= _SHORTEST_SECRET])
        # JSON escapes what is not ASCII, so that both forms are looked through.
        plain = json.dumps(json.loads(text), ensure_ascii=False)
        return watch.leaks(text) or watch.leaks(plain) or self.names.finds_person(plain)

    def _versions(self) -> dict[str, Any]:
        return {
            "inboxlink": inboxlink.__version__,
            "python": platform.python_version(),
            "openssl": ssl.OPENSSL_VERSION,
            "system": platform.system(),
            "providers": {
                name: f"{each.distribution} {each.version}"
                for name, each in self.host.registry.candidates.items()
            },
        }


def _inside(secret: str) -> Iterator[str]:
    """The tokens in a cache of msal's, each of which stands there as a `secret`."""
    try:
        found = json.loads(secret)
    except ValueError:
        return
    left = [found]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            left += each.values()
            if isinstance(each.get("secret"), str):
                yield each["secret"]


def _conversation(said: Conversation) -> dict[str, Any]:
    found: dict[str, Any] = said.model_dump(mode="json", exclude_none=True)
    return found


def _check(finding: Finding) -> dict[str, Any]:
    # Words name paths of this machine, and a path names its user.
    return {
        "name": finding.name,
        "provider": finding.provider,
        "ok": finding.ok,
        "problem": None if finding.problem is None else finding.problem.code,
        "at_risk": [each.what for each in finding.forecasts],
    }
