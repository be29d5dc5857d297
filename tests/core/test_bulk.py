"""Many addresses: each domain once, each address one line, whatever ends the run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inboxlink.testing.peers.nameserver import NameServer

GOOGLE = "{0}. 60 IN MX 1 smtp.google.com."


@pytest.fixture
def names(home: Path) -> Iterator[NameServer]:
    domains = [f"d{n}.org" for n in range(30)]
    with NameServer({each: GOOGLE.format(each) for each in domains}) as server:
        home.mkdir(parents=True, exist_ok=True)
        config = f'[network]\nnameservers = ["127.0.0.1:{server.port}"]\n'
        (home / "inboxlink.toml").write_text(config)
        yield server


def command(*arguments: str | Path) -> list[str]:
    program = "import sys; from inboxlink.cli import main; main()"
    return [sys.executable, "-c", program, "detect", "--passive", *map(str, arguments)]


def detect(
    home: Path, *arguments: str | Path, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "INBOXLINK_HOME": str(home)}
    return subprocess.run(
        command(*arguments), env=environ, input=given, capture_output=True, text=True, check=False
    )


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_domain_is_asked_once_and_each_address_has_a_line(
    home: Path, names: NameServer
) -> None:
    """Repeated and empty lines count for nothing; what is no address says so in its line."""
    # case 17
    given = "a@d1.org\nb@D1.org\n\na@d1.org\n  c@d2.org  \nno address\nx@co.uk\nme@gmail.com\n"
    done = detect(home, "--from", "-", given=given)
    assert (done.returncode, done.stderr) == (0, "")
    found = {each["address"]: each for each in lines(done.stdout)}
    assert len(lines(done.stdout)) == len(found) == 6
    assert found["b@D1.org"]["domain"] == "d1.org"
    assert found["c@d2.org"]["facts"] == {"google": "decisive"}
    assert found["c@d2.org"]["detection"]["basis"] == "hosted_mx"
    assert found["me@gmail.com"]["detection"]["basis"] == "owned_domain"
    assert found["no address"]["error"]["code"] == "address_invalid"
    assert found["x@co.uk"]["error"]["code"] == "address_public_suffix"
    # What the exchangers decide needs one question.
    assert Counter(names.questions) == {("d1.org", "MX"): 1, ("d2.org", "MX"): 1}


def test_what_another_answer_makes_idle_is_not_asked(home: Path) -> None:
    """No SRV where nothing is below `_tcp`; a made-up name only where a name leads somewhere."""
    target = "60 IN CNAME autodiscover.outlook.com."
    records = {
        "bare.org": "bare.org. 60 IN MX 1 mail.bare.org.",
        "led.org": "led.org. 60 IN MX 1 mx.pphosted.com.",
        "autodiscover.led.org": f"autodiscover.led.org. {target}",
        "_tcp.led.org": "_tcp.led.org. 60 IN TXT x",
    }
    home.mkdir(parents=True, exist_ok=True)
    with NameServer(records) as server:
        config = f'[network]\nnameservers = ["127.0.0.1:{server.port}"]\n'
        (home / "inboxlink.toml").write_text(config)
        assert detect(home, "--from", "-", given="me@bare.org\nme@led.org\n").returncode == 0
    bare = sorted(each for each in server.questions if each[0].endswith("bare.org"))
    assert bare == [
        ("_tcp.bare.org", "A"),
        ("autodiscover.bare.org", "A"),
        ("bare.org", "MX"),
        ("bare.org", "TXT"),
        ("google._domainkey.bare.org", "TXT"),
        ("selector1._domainkey.bare.org", "TXT"),
    ]
    led = {each for each in server.questions if each[0].endswith("led.org")}
    assert sum(kind == "SRV" for _, kind in led) == 5
    named = {"autodiscover.led.org", "_tcp.led.org"}
    assert len({name for name, kind in led if kind == "A"} - named) == 1


def test_an_unfinished_line_is_written_anew(home: Path, names: NameServer, tmp_path: Path) -> None:
    """A run goes on where another ended, in the middle of a line if need be."""
    source, to = tmp_path / "addresses", tmp_path / "lines"
    source.write_text("".join(f"me@d{n}.org\n" for n in range(3)))
    assert detect(home, "--from", source, "--to", to).returncode == 0
    whole = to.read_text()
    first, second = whole.splitlines(keepends=True)[:2]
    to.write_text(first + second[:40])
    del names.questions[:]
    assert detect(home, "--from", source, "--to", to).returncode == 0
    assert sorted(to.read_text().splitlines()) == sorted(whole.splitlines())
    kept = json.loads(first)["domain"]
    assert kept not in {name for name, _ in names.questions}


@pytest.mark.parametrize("content", ["me@d1.org\n", '{"a": 1}\n', "[]\n"])
def test_a_file_of_something_else_is_left_alone(
    home: Path, names: NameServer, tmp_path: Path, content: str
) -> None:
    """A file that no run wrote is neither continued nor touched."""
    to = tmp_path / "lines"
    to.write_text(content)
    done = detect(home, "--from", "-", "--to", to, given="me@d1.org\n")
    assert done.returncode == 12
    assert "output_unusable" in done.stderr
    assert to.read_text() == content


def test_a_killed_run_loses_and_doubles_nothing(
    home: Path, names: NameServer, tmp_path: Path
) -> None:
    """After kill -9 in the middle, a second run completes the file, each address once."""
    source, to = tmp_path / "addresses", tmp_path / "lines"
    addresses = {f"{who}@d{n}.org" for n in range(30) for who in ("a", "b")}
    source.write_text("\n".join(sorted(addresses)))
    environ = {**os.environ, "INBOXLINK_HOME": str(home)}
    arguments = command("--from", source, "--to", to, "--queries-per-s", "25")
    with subprocess.Popen(arguments, env=environ) as process:
        end = time.monotonic() + 30
        while not (to.exists() and to.stat().st_size) and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    written = to.read_text().count("\n")
    assert 0 < written < len(addresses)
    assert detect(home, "--from", source, "--to", to, "--queries-per-s", "0").returncode == 0
    assert Counter(each["address"] for each in lines(to.read_text())) == dict.fromkeys(addresses, 1)


def test_addresses_or_a_file(home: Path) -> None:
    """What does not go together is said, a missing file is named, nothing is a traceback."""
    for arguments in (
        (),
        ("me@gmail.com", "--from", "-"),
        ("me@gmail.com", "--offline"),  # beside --passive
        ("--from", "-", "--dry-run"),
        ("--from", "-", "--explain"),
        ("me@gmail.com", "--to", "lines"),
    ):
        done = detect(home, *arguments)
        assert done.returncode == 2
        assert done.stdout == ""
    missing = detect(home, "--from", "nowhere.txt")
    assert missing.returncode == 2
    assert "nowhere.txt" in missing.stderr
    assert "Traceback" not in missing.stderr
