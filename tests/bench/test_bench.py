"""The benchmarks run, and what they hold without a clock is held here too."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tomlkit
from pydantic import SecretStr

from inboxlink.connect.host import Host
from inboxlink.connect.proving import verify
from inboxlink.connect.request import Request
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import Basis, Detection, Endpoint, Role, Tls
from inboxlink.types.text import Text
from peers.certificates import Authority
from peers.dovecot import Dovecot
from peers.fixtures import ALICE, PASSWORDS

BENCH = Path(__file__).parents[2] / "bench"

TINY = {
    "verify.py": ("--in-flight", "4", "--delay-ms", "5"),
    "store.py": ("--rows", "200"),
}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules that the benchmarks share."""
    monkeypatch.syspath_prepend(str(BENCH))


def run(name: str, tmp_path: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(BENCH / name), "--rounds", "1", *TINY[name], *options],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "INBOXLINK_KEY": ""},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", TINY)
def test_a_benchmark_prints_its_table_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    """Each program runs to its end at a small size, and takes its files with it."""
    done = run(name, tmp_path, "--report", "--markdown")
    assert (done.returncode, done.stderr) == (0, "")
    title, _, heading, rule, *lines = done.stdout.splitlines()
    assert title.startswith("## ")
    assert heading == "| measured | medians | ratio | bound |  |"
    assert rule == "|---|---|---|---|---|"
    ratios = [line.split("|") for line in lines if line.startswith("|")]
    assert len(ratios) >= 3
    assert all(float(cells[3]) >= 0 for cells in ratios)
    assert any(line.startswith("- Versions: Python ") for line in lines)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "bound", "is_report", "status"),
    [(1.0, 1.0, False, 0), (1.1, 1.0, False, 1), (1.1, 1.0, True, 0), (9.0, None, False, 0)],
)
def test_a_missed_bound_is_said_and_fails(
    capsys: pytest.CaptureFixture[str],
    value: float,
    bound: float | None,
    is_report: bool,
    status: int,
) -> None:
    """A ratio above its bound is marked, and fails the run unless only a report was asked for."""
    from table import Ratio, Table

    found = Table("Things", (Ratio("one to another", "2 to 1 ms", value, bound),), ("A note.",))
    with pytest.raises(SystemExit) as ended:
        found.end(argparse.Namespace(report=is_report, markdown=False))
    assert ended.value.code == status
    assert ("MISSED" in capsys.readouterr().out) == (value == 1.1)


def test_a_ratio_pairs_the_rounds() -> None:
    """The ratio is the median of each round's own, whatever a round cost as a whole."""
    from table import Rounds

    taken = {"one": iter((2.0, 20.0, 300.0)), "other": iter((1.0, 10.0, 100.0))}
    rounds = Rounds(3, {name: values.__next__ for name, values in taken.items()})
    assert rounds.median("one") == 20.0
    assert rounds.ratio("one", "other") == 2.0


def test_a_context_is_counted_whoever_makes_it() -> None:
    """The count sees the standard library's contexts, their subclasses and pyOpenSSL's."""
    import ssl

    from contexts import counted
    from OpenSSL import SSL

    class Own(ssl.SSLContext):
        pass

    with counted() as made:
        ssl.create_default_context()
        Own(ssl.PROTOCOL_TLS_CLIENT)
        SSL.Context(SSL.TLS_CLIENT_METHOD)
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert [name.rpartition(".")[2] for name in made] == ["SSLContext", "Own", "Context"]


def test_a_verification_makes_no_tls_context(
    home: Path, dovecot: Dovecot, authority: Authority
) -> None:
    """One context serves the process: against a real server a verification makes none."""
    from contexts import counted

    network = {
        "ca_file": str(authority.ca_file),
        "special_domains": ["example.test"],
        "connect": dovecot.connect_map("example.test"),
    }
    (home / "inboxlink.toml").write_text(tomlkit.dumps({"network": network}))
    endpoints = (
        Endpoint(Role.IMAP, "imap.example.test", 993, Tls.IMPLICIT),
        Endpoint(Role.SUBMISSION, "smtp.example.test", 587, Tls.STARTTLS),
    )
    detection = Detection("imap", Basis.PUBLISHED, Text("x"), endpoints)
    credential = Credential(
        kind=CredentialKind.PASSWORD,
        account=ALICE,
        secrets={SecretName.PASSWORD: SecretStr(PASSWORDS[ALICE])},
    )
    with Host() as host:
        request = Request(
            owner="alice", address=host.address(ALICE), detection=detection, language="en"
        )
        with counted() as first:
            assert verify(host, request, credential, {}, endpoints).can_receive
        assert len(first) <= 1  # which IMAP and SMTP share; another test may have made it
        with counted() as made:
            for _ in range(3):
                report = verify(host, request, credential, {}, endpoints)
                assert report.can_receive, report
                assert report.can_send, report
    assert made == []
