"""The support bundle: what helps somebody else to find a fault, without the account.

What was said on the wire is redacted as it is recorded. The finished text is searched for every
secret and address that is known here all the same, in every form, and not written if one is found.
"""

import json
import platform
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

import inboxlink
from inboxlink.bundle.pseudonyms import Pseudonyms
from inboxlink.bundle.recording import Recorder, redacted_problem
from inboxlink.bundle.transcript import Conversation
from inboxlink.connect.checkup.connection import Examination, examine
from inboxlink.connect.checkup.finding import Finding
from inboxlink.connect.host import Host
from inboxlink.connect.refreshing import fresh
from inboxlink.diagnosis import diagnose, load_rules
from inboxlink.errors import HostError, InboxlinkError, Problem, problem
from inboxlink.evidence.lookup import LookupDepth
from inboxlink.store.connections import Connection
from inboxlink.texts import Words
from inboxlink.types.detection import Endpoint
from inboxlink.types.report import Check, VerifyReport
from inboxlink.types.text import Text

__all__ = ["FORMAT", "Bundle", "Supporter"]

#: The form of the document; raised when what reads it must change.
FORMAT = "inboxlink-bundle/1"

#: Shorter ones are words of protocols too, so that to find one says nothing.
_SHORTEST_SECRET = 6

#: Settings that are names of the person's at a server.
_NAMES = ("username", "outgoing_username")
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
        if examination is not None:
            self._know(examination.connection)
        conversations = () if self._recorder is None else self._recorder.conversations
        document = {
            "format": FORMAT,
            "made_at": _iso(self.host.clock()),
            "versions": self._versions(),
            "checks": [_check(each) for each in findings],
            **({} if examination is None else self._of_connection(examination)),
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
        for name in (connection.account, *(connection.settings.get(each) for each in _NAMES)):
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

    def _of_connection(self, examination: Examination) -> dict[str, Any]:
        connection = examination.connection
        trouble = examination.problem
        return {
            "connection": self._connection(connection),
            "evidence": self._evidence(connection),
            "problem": None if trouble is None else self._problem(trouble),
            "diagnosis": [] if trouble is None else self._diagnoses(examination, trouble),
            "report": None if examination.report is None else self._report(examination.report),
            "at_risk": [
                {"what": each.what, "ends_at": _iso(each.ends_at), "days_left": each.days_left}
                for each in examination.forecasts
            ],
        }

    def _connection(self, connection: Connection) -> dict[str, Any]:
        return {
            "provider": connection.provider,
            "plugin_version": connection.plugin_version,
            "address": self.names.address(connection.address),
            "account": self._name(connection.account),
            "kind": connection.kind.value,
            "scopes": list(connection.scopes),
            "settings": {
                name: self._name(value) if name in _NAMES else self.names.text(value)
                for name, value in connection.settings.items()
            },
            "endpoints": [self._endpoint(each) for each in connection.endpoints],
            "wanted": sorted(each.value for each in connection.wanted),
            "state": connection.standing.value,
            "problem": connection.problem_code,
            "created_at": _iso(connection.created_at),
            "updated_at": _iso(connection.updated_at),
            "verified_at": _iso(connection.verified_at),
            "expires_at": _iso(connection.expires_at),
            "grant_ends_at": _iso(connection.grant_ends_at),
        }

    def _endpoint(self, endpoint: Endpoint) -> dict[str, Any]:
        username = endpoint.username
        is_template = username is None or "{" in username
        return {
            "role": endpoint.role.value,
            "host": endpoint.host,
            "port": endpoint.port,
            "tls": endpoint.tls.value,
            "username": username if is_template else self._name(str(username)),
            "pinned": endpoint.pin is not None,
        }

    def _name(self, name: str) -> str:
        """A name of the person's at a server, which may be an address or made of ids."""
        if "@" in name:
            return self.names.address(name)
        found = self.names.text(name)
        return found if found != name else self.names.name(name)

    def _evidence(self, connection: Connection) -> dict[str, Any]:
        """What is known of the domain without asking anybody."""
        try:
            address = self.host.address(connection.address)
            found = self.host.recommend(address, self.host.lookup_settings(LookupDepth.OFFLINE))
        except InboxlinkError as error:
            return {"problem": error.code}
        return {
            "domain": found.evidence.domain,
            "facts": [each.name for each in found.evidence.hosting],
            "candidates": [
                {"provider": each.provider, "basis": each.basis.name.lower()}
                for each in found.candidates
            ],
            "log": [[each.source, each.outcome] for each in found.evidence.log],
        }

    def _seen(self, check: Check) -> str | None:
        seen = check.evidence
        if isinstance(seen, Text):
            seen = Words("en", self.host.string_packages)(seen)
        return None if seen is None else self.names.prose(seen)

    def _problem(self, trouble: Problem) -> dict[str, Any]:
        return _dumped(Problem, redacted_problem(trouble, self.names))

    def _diagnoses(self, examination: Examination, trouble: Problem) -> list[dict[str, Any]]:
        """What the rules of this installation say of each trouble, as it is written here."""
        checks = () if examination.report is None else examination.report.checks
        found = [(each.stage, each.problem) for each in checks if each.problem is not None]
        if all(problem != trouble for _, problem in found):
            found.insert(0, ("", trouble))
        rules = load_rules(self.host.string_packages)
        return [
            {"stage": stage or None}
            | diagnose(
                redacted_problem(each, self.names),
                language="en",
                rules=rules,
                stage=stage or None,
                provider=examination.connection.provider,
            )._asdict()
            for stage, each in found
        ]

    def _report(self, report: VerifyReport) -> list[dict[str, Any]]:
        return [
            {
                "chain": check.chain.value,
                "stage": check.stage,
                "ok": check.ok,
                "granted": check.is_granted,
                "problem": None if check.problem is None else self._problem(check.problem),
                "evidence": self._seen(check),
                "took_ms": check.took_ms,
            }
            for check in report.checks
        ]


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


def _dumped(kind: type[Any], value: object) -> dict[str, Any]:
    found: dict[str, Any] = TypeAdapter(kind).dump_python(value, mode="json")
    return found


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
