"""The command line with good input, wrong input, and nobody to ask."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pexpect
import pytest

from core.custody import custody, sql, without_keyring  # noqa: F401 - a fixture
from core.distributions import install
from e2e.conftest import Program
from inboxlink.cli.wrapping import cells
from inboxlink.consent.ledger import EntryKind


def test_the_demo_connects_and_cleans_up(program: Program, home: Path) -> None:
    """The demo ends well, says so in its last line, and leaves the person's installation alone."""
    ran = program("demo")
    assert ran.status == 0, ran.err
    assert ran.out.splitlines()[-1] == (
        "alice@demo.test connected, verified (receive: yes, send: yes) and disconnected again"
    )
    assert ran.err == ""
    assert list(home.iterdir()) == []


def test_the_demo_asks_nothing_on_a_terminal(home: Path) -> None:
    """Where somebody could answer, the demo runs through all the same."""
    controller, terminal = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", "from inboxlink.cli import main; main()", "demo"],
            stdin=terminal,
            stderr=terminal,
            stdout=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(controller)
        os.close(terminal)
    assert done.returncode == 0
    assert b"and disconnected again" in done.stdout.splitlines()[-1]


def test_the_demo_speaks_json(program: Program) -> None:
    """With --json the demo prints one document that shows the connection before and after."""
    ran = program("--json", "demo")
    assert ran.status == 0, ran
    shown = ran.json
    assert (shown["connected"]["state"], shown["ended"]["state"]) == ("active", "disconnected")


def test_the_demo_leaves_the_persons_own_installation_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written where the program would keep things, nor taken from where one stands."""
    home, stands = tmp_path / "me", tmp_path / "stands"
    for directory in (home, stands):
        directory.mkdir(mode=0o700)
    (stands / "json.py").write_text("raise SystemExit('taken from the directory')")
    for name in [name for name in os.environ if name.startswith(("INBOXLINK_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(stands)
    program = "from inboxlink.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, "--json", "demo"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["ended"]["state"] == "disconnected"
    assert list(home.iterdir()) == []


def test_the_demo_needs_its_extra(home: Path) -> None:
    """Without the servers' distributions a person is told what to install."""
    absent = "import sys; sys.modules['trustme'] = None"
    done = subprocess.run(
        [sys.executable, "-c", f"{absent}; from inboxlink.cli import main; main()", "demo"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 12
    assert b"inboxlink[demo]" in done.stderr
    assert b"[extra_missing]" in done.stderr


def test_the_interactive_demo_needs_a_terminal(program: Program) -> None:
    """Where nobody can answer it does not begin."""
    ran = program("demo", "--interactive")
    assert ran.status == 12
    assert "[value_missing]" in ran.err


@pytest.mark.parametrize("agrees", [True, False])
def test_a_person_plays_the_demo(home: Path, agrees: bool) -> None:
    """Whoever types the answers connects a mailbox and takes it away; a no ends it as well."""
    child = pexpect.spawn(
        sys.executable,
        ["-c", "from inboxlink.cli import main; main()", "demo", "--interactive"],
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
        dimensions=(60, 80),
        encoding="utf-8",
        timeout=30,
    )
    answers = [
        (r"Enable inbox automation\? \[y/N\]", "n"),
        ("Address: ", "alice@demo.test"),
        (r"for the settings\? \[Y/n\]", ""),
        (r"Continue with IMAP\? \[Y/n\]", ""),
        (r"Continue with this\? \[y/N\]", "y" if agrees else "n"),
    ]
    if agrees:
        answers += [
            (r"Send a test message", "n"),
            ("Password: ", "demo"),
            (r"Show advanced options\? \[y/N\]", "n"),
            (r"Disconnect alice@demo\.test\? \[y/N\]", "y"),
            ("its password is gone from here", ""),
        ]
    for question, line in answers:
        child.expect(question)
        child.sendline(line)
    child.expect("everything that was stored are gone")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("connect",), 12, "value_missing"),
        (("connect", "nonsense"), 12, "address_invalid"),
        (("connect", "me@corp.local"), 12, "address_special_domain"),
        (("connect", "me@nowhere.example", "--lookup", "offline"), 12, "provider_undetected"),
        (("connect", "me@a.org", "--lookup", "offline", "--provider", "x"), 12, "provider_unknown"),
        (("accounts", "show", "nobody"), 14, "connection_unknown"),
        (("accounts", "verify", "nobody"), 14, "connection_unknown"),
        (("disclosures", "show", "imap.none"), 14, "disclosure_unknown"),
        (("presets", "remove", "a.org"), 12, "preset_unknown"),
        (
            ("presets", "set", "a.org", "--imap-host", "a b", "--smtp-host", "s"),
            *(12, "host_invalid"),
        ),
        (("providers", "enable", "nothing"), 12, "provider_unknown"),
        (("providers", "disable", "inboxlink-imap"), 12, "provider_first_party"),
        (("providers", "disable", "stranger"), 12, "provider_not_enabled"),
        (("bogus",), 2, "usage"),
        (("connect", "--bogus"), 2, "usage"),
        (("connect", "me@a.org", "--set", "novalue"), 2, "usage"),
        (("connect", "me@a.org", "--set", "password=x"), 2, "usage"),
        (("connect", "me@a.org", "--secret-fd", "password=x"), 2, "usage"),
        (("connect", "me@a.org", "--trust", "host=sha256:1"), 2, "usage"),
    ],
)
def test_wrong_input_is_typed_in_json_and_worded_for_people(
    program: Program, arguments: tuple[str, ...], status: int, code: str
) -> None:
    """Each wrong input has its code, its exit status, words for people, and no traceback."""
    ran = program("--json", *arguments)
    assert (ran.status, ran.json["error"]["code"]) == (status, code)
    worded = program(*arguments)
    assert worded.status == status
    assert worded.err.startswith("✗ ")
    assert "Traceback" not in worded.err + ran.err
    if "password=x" in arguments:
        assert "=x" not in worded.err


def into(output: BinaryIO | int, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """A run whose output goes there, buffered as it is where nobody says otherwise."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [sys.executable, "-c", "from inboxlink.cli import main; main()", *arguments],
        stdout=output,
        stderr=subprocess.PIPE,
        env=environ,
        check=False,
        timeout=60,
    )


PRINTING = [("--help",), ("--json", "presets", "list"), ("presets", "list")]


@pytest.mark.parametrize("arguments", PRINTING)
def test_a_full_disk_is_named(home: Path, arguments: tuple[str, ...]) -> None:
    """Output that has no room left ends typed, and without a traceback."""
    with Path("/dev/full").open("wb") as full:
        done = into(full, *arguments)
    assert done.returncode == 14
    if "--json" in arguments:  # its one document belongs where there is no room
        assert done.stderr == b""
    else:
        assert b"[store_full]" in done.stderr
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", PRINTING)
def test_a_reader_that_went_away_is_no_news(home: Path, arguments: tuple[str, ...]) -> None:
    """As in `inboxlink presets list | head -0`: nothing is said, and the status is not 0."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = into(writing, *arguments)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_no_command_is_answered_with_help(program: Program) -> None:
    """Without a command the help is shown, and the status says that something was missing."""
    for arguments in ((), ("accounts",)):
        ran = program(*arguments)
        assert ran.status == 2
        assert ran.err.startswith("Usage: inboxlink")


def test_an_application_without_a_name_is_spoken_of(program: Program) -> None:
    """Where the operator gave no name, the disclosures say it in the person's language."""
    shown = program("--json", "--lang", "ja", "disclosures", "show", "imap.I").json
    assert "このアプリケーション" in shown["disclosure"]["title"]


def test_json_may_stand_behind_the_command(program: Program) -> None:
    """`--json` counts wherever it stands."""
    assert program("accounts", "list", "--json").json == {"accounts": [], "next": None}


def test_everything_speaks_japanese(program: Program) -> None:
    """With --lang ja or a Japanese environment the answers are Japanese."""
    assert "接続済みのメールボックスはありません" in program("--lang", "ja", "accounts", "list").out
    japanese = program("accounts", "list", environ={"LANG": "ja_JP.UTF-8"})
    assert "接続済みのメールボックスはありません" in japanese.out
    assert "使い方:" in program("--help", environ={"LANG": "ja_JP.UTF-8"}).out
    refused = program("--json", "--lang", "ja", "accounts", "show", "x").json["error"]
    assert (refused["code"], refused["message"]) == ("connection_unknown", "接続 x はありません。")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["detect", "--help", "--lang=ja"], ("使い方", "オプション")),
        (["detect", "--help", "--lang", "ja"], ("使い方", "オプション")),
        (["--lang=ja", "accounts", "--help"], ("使い方", "オプション", "コマンド")),
        (["detect", "--help"], ("Usage:", "Options:")),
    ],
)
def test_help_is_in_the_language_that_was_asked_for(
    program: Program, arguments: list[str], words: tuple[str, ...]
) -> None:
    """The language counts wherever it stands and however it is written."""
    ran = program(*arguments)
    assert ran.status == 0
    shown = ran.out
    assert all(word in shown for word in words)
    assert ("コマンド:" in shown) == ("accounts" in arguments)


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("command", ["", "connect", "detect", "accounts reconnect", "presets set"])
def test_no_line_of_the_help_is_wider_than_a_terminal(
    program: Program, command: str, language: str
) -> None:
    """Nor in Japanese, whose characters take two cells."""
    ran = program(*command.split(), "--help", "--lang", language, environ={"COLUMNS": "80"})
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert len(lines) > 5
    assert [line for line in lines if cells(line) > 80] == []


def test_a_changed_row_of_the_ledger_is_named_in_japanese(
    program: Program,
    home: Path,
    without_keyring: None,  # noqa: F811
) -> None:
    """What happened to the row is told in the person's language."""
    with custody(home / "data") as (_, _, _, ledger):
        ledger.append(
            EntryKind.AUTOMATION,
            owner="alice",
            mailbox="me@example.com",
            provider="imap",
            details={},
        )
    sql(home / "data", "UPDATE ledger_entry SET content = replace(content, 'imap', 'pop3')")
    ran = program("--lang", "ja", "consent", "verify")
    assert ran.status == 14
    assert "（行が変更されています）" in "".join(ran.out.split())


def test_the_disclosures_can_be_read_at_leisure(program: Program) -> None:
    """Every disclosure is listed and shown in both languages, with both ways out."""
    # req 51, 88, 105, 106, 108, 110
    listed = program("--json", "disclosures", "list").json["disclosures"]
    assert [each["id"] for each in listed] == [
        "exchange.E",
        *("gmail.G-A", "gmail.G-B"),
        *("imap.I", "imap.G-C", "imap.I-O"),
        "outlook.O",
    ]
    for language in ("en", "ja"):
        for each in listed:
            arguments = ("--json", "--lang", language, "disclosures", "show", each["id"])
            shown = program(*arguments).json["disclosure"]
            assert shown["language"] == language
            assert shown["remove_here"]
            assert shown["revoke_there"]


def test_the_disclosures_carry_the_operators_application(
    program: Program, configure: Callable[..., None]
) -> None:
    """Name, privacy policy and support of the application stand in the disclosure."""
    # req 88
    configure(
        application={
            "name": "Acme CRM",
            "privacy_policy": "https://acme.test/privacy",
            "support": "help@acme.test",
        }
    )
    shown = program("--json", "disclosures", "show", "imap.I").json["disclosure"]
    text = shown["title"] + shown["body"]
    for part in ("Acme CRM", "https://acme.test/privacy", "help@acme.test"):
        assert part in text


def test_the_opening_says_what_it_must(program: Program) -> None:
    """Before anything is asked: one person's mailbox, the everyday one, sent through it."""
    # req 3, 4, 6, 7, 8, 18, 21, 26
    opened = " ".join(program("connect", "me@nowhere.example", "--lookup", "offline").out.split())
    assert "belongs to you alone" in opened
    assert "every day" in opened
    assert "through your own mail servers" in opened
    assert "sequence email" in opened
    assert "the replies are logged" in opened


def test_links_of_the_opening(program: Program, configure: Callable[..., None]) -> None:
    """The operator's links to the team flow and to the comparison are shown."""
    # req 12
    configure(
        application={
            "team_inbox": "https://acme.test/team",
            "compare_inboxes": "https://acme.test/compare",
        }
    )
    out = program("connect", "me@nowhere.example", "--lookup", "offline").out
    assert "https://acme.test/team" in out
    assert "https://acme.test/compare" in out


def test_presets_are_kept_and_examined(program: Program, home: Path) -> None:
    """A preset is written, used by detection, found fault with, and removed."""
    # req 23, 97
    arguments = ("presets", "set", "Acme.example", "--imap-host", "imap.acme.example")
    written = program("--json", *arguments, "--smtp-host", "smtp.acme.example").json
    assert written["domain"] == "acme.example"
    found = program("--json", "detect", "me@acme.example", "--offline").json
    assert found["candidates"][0]["basis"] == "admin_preset"
    assert program("presets", "lint").status == 0
    program(*arguments, "--smtp-host", "smtp.acme.example", "--smtp-port", "25")
    linted = program("--json", "presets", "lint")
    assert (linted.status, linted.json["findings"][0]["finding"]) == (12, "smtp_port_25")
    assert program("presets", "remove", "acme.example").status == 0
    assert program("--json", "presets", "list").json == {"presets": {}}


def test_a_look_alike_domain_is_shown_in_both_forms(program: Program) -> None:
    """A domain in another script is shown with its A-label, and is not taken for a known one."""
    arguments = ("detect", "me@gоogle.com", "--offline")  # the first o is Cyrillic
    shown = program(*arguments).out
    assert "(xn--" in shown
    assert program("--json", *arguments).json["candidates"] == []


def test_a_slip_of_the_finger_is_noticed(program: Program) -> None:
    """Where nothing is known, a large hoster's domain that is nearly the same is named."""
    arguments = ("detect", "me@gmial.com", "--offline")
    assert "Did you mean gmail.com?" in program(*arguments).out
    assert program("--json", *arguments).json["meant"] == "gmail.com"
    right = ("detect", "me@gmail.com", "--offline")
    assert "Did you mean" not in program(*right).out
    assert program("--json", *right).json["meant"] is None


def test_a_broken_file_is_named_and_not_written_to(program: Program, home: Path) -> None:
    """A wrong key stops every command that needs the file, and a preset does not overwrite it."""
    file = home / "inboxlink.toml"
    file.write_text("[application]\nnmae = 'x'\n")
    checked = program("--json", "config", "check")
    assert (checked.status, checked.json["error"]["code"]) == (12, "config_invalid")
    assert "application.nmae" in checked.json["error"]["message"]
    arguments = ("presets", "set", "a.org", "--imap-host", "i.a.org", "--smtp-host", "s.a.org")
    assert program(*arguments).status == 12
    assert file.read_text() == "[application]\nnmae = 'x'\n"


def test_a_database_password_is_not_shown(program: Program, home: Path) -> None:
    """`config show` hides the store's address, which can hold a password."""
    url = f"sqlite:///{home}/x.db?password=hunter2"
    (home / "inboxlink.toml").write_text(f'[store]\nurl = "{url}"\n')
    ran = program("config", "show")
    assert ran.status == 0
    assert "hunter2" not in ran.out


def test_the_providers_are_listed_and_examined(program: Program) -> None:
    """The list shows what metadata and the last check tell; the doctor fills in the check."""
    before = program("--json", "providers", "list").json["providers"]
    assert [(each["name"], each["state"], each["last_check"]) for each in before] == [
        (name, "available", None) for name in ("exchange", "gmail", "imap", "outlook")
    ]
    examined = program("--json", "providers", "doctor").json["providers"]
    assert {each["state"] for each in examined} == {"loaded"}
    assert len(examined) == len(before)
    after = program("--json", "providers", "list").json["providers"]
    assert {each["last_check"] for each in after} == {"loaded"}


def test_installing_none_is_pleasant(program: Program) -> None:
    """With every provider switched off, the list says so and connecting names what to do."""
    # req 25
    environ = {"INBOXLINK_PROVIDERS": ""}
    listed = program("--json", "providers", "list", environ=environ).json["providers"]
    assert listed[0]["state"] == "blocked"
    refused = program("--json", "connect", "me@a.org", "--lookup", "offline", environ=environ)
    assert refused.json["error"]["code"] == "provider_undetected"


@pytest.mark.parametrize("agrees", [True, False])
def test_a_person_is_told_what_a_strange_provider_may_do(
    program: Program, home: Path, tmp_path: Path, agrees: bool
) -> None:
    """What it means is said before the question, and a no changes nothing."""
    install(tmp_path, "stranger", "stranger")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    child = pexpect.spawn(
        sys.executable,
        ["-c", "from inboxlink.cli import main; main()", "providers", "enable", "stranger"],
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1", "PYTHONPATH": path},
        dimensions=(50, 80),
        encoding="utf-8",
        timeout=30,
    )
    child.expect(r"Let it run\? \[y/N\]")
    assert "will run with all rights" in child.before
    child.sendline("y" if agrees else "n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == (0 if agrees else 130)
    listed = program("--json", "providers", "list", environ={"PYTHONPATH": path}).json
    (state,) = (each["state"] for each in listed["providers"] if each["name"] == "stranger")
    assert state == ("available" if agrees else "untrusted")


def test_the_export_is_json_lines(program: Program) -> None:
    """An empty ledger exports nothing, and verifies."""
    assert program("consent", "export").out == ""
    assert json.loads(program("--json", "consent", "verify").out)["ok"] is True
