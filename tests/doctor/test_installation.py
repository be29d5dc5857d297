"""What `inboxlink doctor` looks at besides the registrations."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.renewal import Renewal
from core.test_flows import begun, play, script
from e2e.conftest import Program
from e2e.oauth_mailbox import Mailbox
from inboxlink.connect.checkup import Finding, check_up
from inboxlink.connect.host import Host
from inboxlink.connect.request import Connected
from inboxlink.testing.peers.nameserver import NameServer
from peers.certificates import Authority


def found(host: Host, *, online: bool = False) -> dict[str, Finding]:
    return {each.name: each for each in check_up(host, online=online)}


def code(finding: Finding) -> str | None:
    return None if finding.problem is None else finding.problem.code


def test_versions_name_what_is_running(scripted: Host) -> None:
    """This program, Python, OpenSSL and each provider's distribution."""
    detail = found(scripted)["versions"].detail
    assert detail is not None
    named = detail.params["named"]
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in named
    assert "inboxlink 0." in named
    assert "OpenSSL " in named
    assert "inboxlink-scripted 1.0" in named


def test_every_file_of_an_installation_in_use_is_closed_to_others(scripted: Host) -> None:
    """What the program made is in order; one file that is opened to others is named by its path."""
    assert isinstance(play(scripted, begun(scripted), script()), Connected)
    finding = found(scripted)["files"]
    assert finding.ok is True
    assert finding.detail is not None
    assert int(finding.detail.params["count"]) >= 2
    for mode in (0o640, 0o604, 0o620):
        opened = scripted.paths.data / "vault.key.old"
        opened.write_text("x")
        opened.chmod(mode)
        finding = found(scripted)["files"]
        assert code(finding) == "file_exposed"
        assert finding.problem is not None
        assert finding.problem.message.params["path"] == str(opened)
        opened.unlink()
    folder = scripted.paths.data / "community"
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o750)
    assert code(found(scripted)["files"]) == "file_exposed"


@pytest.mark.parametrize(
    ("mode", "secret", "is_told"),
    [
        (0o644, False, False),
        (0o664, False, True),
        (0o646, False, True),
        (0o644, True, True),
        (0o640, True, True),
        (0o600, True, False),
    ],
)
def test_a_configuration_that_others_can_change_or_a_secret_that_they_can_read(
    home: Path, mode: int, secret: bool, is_told: bool
) -> None:
    """Whoever changes the file says where passwords go; a secret in it is to be read by nobody."""
    file = home / "inboxlink.toml"
    file.write_text('[oauth.outlook]\nclient_secret = "x"\n' if secret else "")
    file.chmod(mode)
    with Host() as host:
        assert (code(found(host)["config"]) == "file_exposed") == is_told


def test_variables_that_have_no_say_are_named(
    home: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who set SSL_CERT_FILE learns where a company's root belongs."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with Host() as host:
        detail = found(host)["trust"].detail
        assert detail is not None
        assert detail.key == "checkup.trust.system"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/some/where.pem")
        detail = found(host)["trust"].detail
        assert detail is not None
        assert (detail.key, detail.params["unread"]) == (
            "checkup.trust.system.unread",
            "REQUESTS_CA_BUNDLE",
        )
    (home / "inboxlink.toml").write_text(f'[network]\nca_file = "{authority.ca_file}"\n')
    with Host() as host:
        detail = found(host)["trust"].detail
        assert detail is not None
        assert (detail.key, detail.params["count"]) == ("checkup.trust.own.unread", "1")


def test_a_file_of_roots_that_is_none_is_named(home: Path) -> None:
    """A path that leads nowhere, and a file without a certificate."""
    empty = home / "empty.pem"
    empty.write_text("nothing")
    for path in (home / "missing.pem", empty):
        (home / "inboxlink.toml").write_text(f'[network]\nca_file = "{path}"\n')
        with Host() as host:
            assert code(found(host)["trust"]) == "ca_file_unusable"


def test_roots_that_end_soon_are_foretold(home: Path, authority: Authority) -> None:
    """Thirty days before the last root of the operator's file ends, and not before."""
    short = authority.issue("root.example", days_left=20).cert
    both = home / "both.pem"
    both.write_text(short.read_text() + authority.ca_file.read_text())
    (home / "inboxlink.toml").write_text(f'[network]\nca_file = "{both}"\n')
    with Host() as host:
        assert [each.what for each in found(host)["trust"].forecasts] == []
    only = short.with_name("only.pem")
    pem = short.read_text()
    only.write_text(pem[: pem.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n")
    (home / "inboxlink.toml").write_text(f'[network]\nca_file = "{only}"\n')
    with Host() as host:
        (soon,) = found(host)["trust"].forecasts
    assert (soon.what, soon.days_left) == ("ca_file", 19)


def test_a_clock_before_this_program_was_made_is_wrong(home: Path) -> None:
    """Nobody need be asked to see that."""
    with Host(clock=lambda: datetime(2020, 1, 1, tzinfo=UTC)) as host:
        assert code(found(host)["clock"]) == "clock_wrong"
    with Host() as host:
        assert found(host)["clock"].ok is True


@pytest.mark.parametrize(("minutes", "is_wrong"), [(0, False), (4, False), (6, True), (-6, True)])
def test_the_clock_is_compared_with_what_was_heard_anyway(
    outlook: Mailbox, minutes: int, is_wrong: bool
) -> None:
    """The answer of the authorization server says what time it is there; five minutes pass."""
    shift = timedelta(minutes=minutes)
    with Host(clock=lambda: datetime.now(UTC) + shift) as host:
        findings = found(host, online=True)
    assert code(findings["clock"]) == ("clock_wrong" if is_wrong else None)
    if not is_wrong:
        detail = findings["clock"].detail
        assert detail is not None
        assert detail.key == "checkup.clock.good"
        assert abs(float(detail.params["seconds"]) - abs(minutes) * 60) < 5


@pytest.fixture
def named(renewal: Renewal) -> Iterator[Callable[[dict[str, str]], Host]]:
    """Makes the connection's server one that is looked up at a name server of the test."""
    hosts: list[Host] = []
    servers: list[NameServer] = []

    def place(records: dict[str, str]) -> Host:
        from core.custody import sql

        endpoint = '[{"role":"imap","host":"imap.renewing.test","port":993,"tls":"implicit"}]'
        sql(renewal.data, "UPDATE connection SET endpoints = :e", e=endpoint)
        server = NameServer(records).__enter__()
        servers.append(server)
        file = renewal.home / "inboxlink.toml"
        text = re.sub(r"(?m)^nameservers.*\n|^allow .*\n", "", file.read_text())
        settings = f'nameservers = ["127.0.0.1:{server.port}"]\n'
        file.write_text(text.replace("[network]\n", f"[network]\n{settings}"))
        hosts.append(Host())
        return hosts[-1]

    yield place
    for host in hosts:
        host.close()
    for server in servers:
        server.__exit__(None, None, None)


def test_names_of_servers_in_use_are_looked_up(
    named: Callable[[dict[str, str]], Host],
) -> None:
    """One that is not found is named, one in a private network is found; offline none is asked."""
    good = named({"imap.renewing.test": "imap.renewing.test. 60 A 127.0.0.1"})
    assert "names" not in found(good)
    finding = found(good, online=True)["names"]
    assert finding.ok is True, finding
    assert finding.detail is not None
    assert finding.detail.params["names"] == "imap.renewing.test"
    assert code(found(named({}), online=True)["names"]) == "host_not_found"


def test_where_the_file_says_it_all_no_name_is_looked_up(renewal: Renewal) -> None:
    """A server whose address stands in the configuration needs no DNS."""
    with Host() as host:
        finding = found(host, online=True)["names"]
    assert (finding.ok, finding.problem) == (None, None)


def test_it_reads_without_colour(program: Program, home: Path) -> None:
    """Marks carry what colours do, and without a terminal there is no escape sequence."""
    (home / "inboxlink.toml").write_text('[oauth.outlook]\nclient_id = "no guid"\n')
    for environ in ({}, {"NO_COLOR": "1"}, {"TERM": "dumb"}):
        ran = program("doctor", "--offline", environ={**environ, "COLUMNS": "80"})
        assert ran.status == 12, ran
        assert "\x1b" not in ran.out + ran.err
        lines = ran.out.splitlines()
        assert any(line.startswith("✓ Configuration") for line in lines)
        assert any(line.startswith("✗ Registration with outlook") for line in lines)
        assert any(line.startswith("· Store") for line in lines)


def test_it_reads_with_colour_where_somebody_asks_for_it(program: Program) -> None:
    """`FORCE_COLOR` brings them, and the marks stay."""
    ran = program("doctor", "--offline", environ={"FORCE_COLOR": "1", "TERM": "xterm-256color"})
    assert "\x1b[" in ran.out
    assert "✓ " in re.sub(r"\x1b\[[0-9;]*m", "", ran.out)


def test_what_ends_soon_is_said_and_is_no_fault(home: Path, program: Program) -> None:
    """A secret that ends in ten days is told with the days left; the status stays 0."""
    soon = (datetime.now(UTC) + timedelta(days=10.5)).date()
    (home / "inboxlink.toml").write_text(
        "[oauth.outlook]\n"
        'client_id = "11111111-2222-4333-8444-555555555555"\n'
        'client_secret = "abc~defghijklmnop"\n'
        f"client_secret_ends = {soon}\n"
    )
    (home / "inboxlink.toml").chmod(0o600)
    ran = program("--json", "doctor", "--offline")
    assert ran.status == 0, ran
    (client,) = [each for each in ran.json["checks"] if each["provider"] == "outlook"]
    (risk,) = client["at_risk"]
    assert (risk["what"], client["ok"], ran.json["healthy"]) == ("client_secret", True, True)
    assert risk["days_left"] in (9, 10)
    assert f"{risk['days_left']} days left" in program("doctor", "--offline").out


def test_root_or_not_it_says_the_same(scripted: Host) -> None:
    """Who runs it owns the files, whoever that is."""
    assert isinstance(play(scripted, begun(scripted), script()), Connected)
    owners = {path.stat().st_uid for path in scripted.paths.data.iterdir()}
    assert owners == {os.geteuid()}
    assert found(scripted)["files"].ok is True
