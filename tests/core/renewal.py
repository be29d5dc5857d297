"""An installation whose provider renews at a token endpoint of the test."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import tomlkit

from core.custody import sql
from inboxlink.connect.consenting import acknowledge, disclosures
from inboxlink.connect.host import Host
from inboxlink.connect.request import Connected, Failed, Request
from inboxlink.connect.signing_in import answer, begin
from inboxlink.evidence.lookup import LookupDepth
from inboxlink.flows.engine import Pending
from inboxlink.store.connections import Connection
from inboxlink.types.credential import Credential, SecretName
from inboxlink.types.disclosure import Capability
from inboxlink.types.steps import Submit
from peers.token_endpoint import TokenEndpoint

__all__ = ["ONLY", "RENEWING", "Renewal", "access", "configure", "connect", "sign_in"]

RENEWING = Path(__file__).parent.parent / "fixtures" / "renewing"


@dataclass
class Renewal:
    """A connected mailbox, and the server that knows its tokens."""

    home: Path
    host: Host
    endpoint: TokenEndpoint
    id: str

    @property
    def kept(self) -> tuple[Connection, Credential]:
        """What a process that is new to it finds."""
        with Host() as host:
            return host.connections.opened(self.id)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.host.paths.data

    @property
    def lock_file(self) -> Path:
        """The only account's."""
        (found,) = (self.data / "refreshing").iterdir()
        return found

    def age(self, left_s: float = -1) -> None:
        """Let the access token end in so many seconds."""
        ends_at = datetime.now(UTC) + timedelta(seconds=left_s)
        text = ends_at.isoformat(timespec="microseconds")
        sql(self.data, "UPDATE connection SET expires_at = :ends_at", ends_at=text)


def configure(home: Path, endpoint: TokenEndpoint, ca_file: Path) -> None:
    """Write the installation's configuration."""
    network = {
        "ca_file": str(ca_file),
        "special_domains": ["renewing.test", "scripted.test"],
        "connect": endpoint.connect_map(),
    }
    document = {"application": {"name": "Acme"}, "network": network}
    (home / "inboxlink.toml").write_text(tomlkit.dumps(document))


def connect(host: Host, typed: str = "me@renewing.test", **changes: Any) -> Connection:
    """A mailbox that is connected as a person connects it."""
    address = host.address(typed)
    detection = host.recommend(address, host.lookup_settings(LookupDepth.OFFLINE)).best
    assert detection is not None
    request = Request(owner="me", address=address, detection=detection, language="en")
    outcome = sign_in(host, replace(request, **changes))
    assert isinstance(outcome, Connected), outcome
    return outcome.connection


def sign_in(
    host: Host, request: Request, code: str | None = None, **given: Any
) -> Connected | Failed:
    """From the disclosures to the end, with a code for the address's own account."""
    acknowledge(host, request, disclosures(host, request))
    pending = begin(host, request, "binding")
    assert isinstance(pending, Pending)
    code = code or request.address.local
    event = Submit(secrets={"code": code})  # type: ignore[dict-item]
    outcome = answer(host, pending, "binding", event, **given)
    assert not isinstance(outcome, Pending)
    return outcome


def access(credential: Credential) -> str:
    """The access token."""
    return credential.secret(SecretName.ACCESS_TOKEN)


#: For requests that want one thing alone.
ONLY = {each: frozenset({each}) for each in Capability}
