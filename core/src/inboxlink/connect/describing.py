"""What a support bundle says of one connection, with pseudonyms for what names a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from inboxlink.bundle.pseudonyms import Pseudonyms
from inboxlink.connect.checkup.connection import Examination
from inboxlink.connect.host import Host
from inboxlink.diagnosis import diagnose, load_rules
from inboxlink.errors import InboxlinkError, Problem
from inboxlink.evidence.lookup import LookupDepth
from inboxlink.store.connections import Connection
from inboxlink.texts import Words
from inboxlink.types.detection import Endpoint
from inboxlink.types.report import Check, VerifyReport
from inboxlink.types.text import Text

__all__ = ["NAMES", "Description", "iso"]

#: Settings that are names of the person's at a server.
NAMES = ("username", "outgoing_username")

_PROBLEM = TypeAdapter(Problem)


@dataclass(frozen=True, slots=True)
class Description:
    """Describes one connection as an examination found it.

    Args:
        host: The installation.
        names: The pseudonyms of the bundle.
        examination: What was found.
    """

    host: Host
    names: Pseudonyms
    examination: Examination

    @property
    def document(self) -> dict[str, Any]:
        """What stands in the bundle beside what is said of the installation."""
        examination = self.examination
        connection, trouble = examination.connection, examination.problem
        return {
            "connection": self._connection(connection),
            "evidence": self._evidence(connection),
            "problem": None if trouble is None else self._problem(trouble),
            "diagnosis": [] if trouble is None else self._diagnoses(trouble),
            "report": None if examination.report is None else self._report(examination.report),
            "at_risk": [
                {"what": each.what, "ends_at": iso(each.ends_at), "days_left": each.days_left}
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
                name: self._name(value) if name in NAMES else self.names.text(value)
                for name, value in connection.settings.items()
            },
            "endpoints": [self._endpoint(each) for each in connection.endpoints],
            "wanted": sorted(each.value for each in connection.wanted),
            "state": connection.standing.value,
            "problem": connection.problem_code,
            "created_at": iso(connection.created_at),
            "updated_at": iso(connection.updated_at),
            "verified_at": iso(connection.verified_at),
            "expires_at": iso(connection.expires_at),
            "grant_ends_at": iso(connection.grant_ends_at),
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
        found: dict[str, Any] = _PROBLEM.dump_python(self.names.problem(trouble), mode="json")
        return found

    def _diagnoses(self, trouble: Problem) -> list[dict[str, Any]]:
        """What the rules of this installation say of each trouble, as it is written here."""
        report = self.examination.report
        checks = () if report is None else report.checks
        found = [(each.stage, each.problem) for each in checks if each.problem is not None]
        if all(each != trouble for _, each in found):
            found.insert(0, ("", trouble))
        rules = load_rules(self.host.string_packages)
        return [
            {"stage": stage or None}
            | diagnose(
                self.names.problem(each),
                language="en",
                rules=rules,
                stage=stage or None,
                provider=self.examination.connection.provider,
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


def iso(moment: datetime | None) -> str | None:
    """A moment as it is written in a bundle, to the second; None = there was none."""
    return None if moment is None else moment.isoformat(timespec="seconds")
