"""What `inboxlink doctor` finds, and what it leaves as it was."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.distributions import good, install
from inboxlink.cli.app import run
from inboxlink.connect.checkup import Finding, check_up
from inboxlink.connect.host import Host
from inboxlink.texts import Words

AUTHORIZING = Path(__file__).parent.parent / "fixtures" / "authorizing"


@pytest.fixture
def configured(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Writes the file of an installation whose only provider signs in by OAuth."""
    monkeypatch.syspath_prepend(AUTHORIZING)
    monkeypatch.setenv("INBOXLINK_PROVIDERS", "inboxlink-authorizing")

    def write(text: str) -> None:
        (home / "inboxlink.toml").write_text(text)
        (home / "inboxlink.toml").chmod(0o600)

    yield write
    for name in [name for name in sys.modules if name.startswith("inboxlink_authorizing")]:
        del sys.modules[name]


def found(*, online: bool = False) -> dict[str, Finding]:
    with Host() as host:
        return {
            each.name if each.provider is None else f"{each.name} {each.provider}": each
            for each in check_up(host, online=online)
        }


def codes(findings: dict[str, Finding]) -> dict[str, str]:
    return {name: each.problem.code for name, each in findings.items() if each.problem}


def first_use() -> None:
    with Host() as host:
        _ = host.vault


def test_a_new_installation_is_in_order_and_stays_as_it_is(
    configured: Callable[[str], None], home: Path
) -> None:
    """What is made at the first use is not made by looking, and is no fault."""
    findings = found()
    assert {name: each.ok for name, each in findings.items()} == {
        "config": True,
        "versions": True,
        "data": None,
        "store": None,
        "key": None,
        "providers": True,
        "trust": True,
        "client authorizing": None,
        "clock": True,
    }
    assert list(home.iterdir()) == []


def test_an_installation_in_use_is_in_order(configured: Callable[[str], None], home: Path) -> None:
    """Store and key are there; the key is named by its id, as everywhere."""
    configured('[oauth.authorizing]\nclient_id = "known"\n')
    first_use()
    findings = found()
    assert {each.ok for each in findings.values()} == {True}
    with Host() as host:
        detail = findings["key"].detail
        assert detail is not None
        assert detail.params["key_id"] == host.vault.recorded.key_id
        assert detail.params["source"] == "file"


def test_a_file_that_cannot_be_used_ends_the_round(configured: Callable[[str], None]) -> None:
    """Everything else hangs on it, so that its problem stands alone."""
    configured('[application]\nnam = "x"\n')
    findings = found()
    assert list(findings) == ["config"]
    assert codes(findings) == {"config": "config_invalid"}


def test_a_data_directory_that_others_can_open(
    configured: Callable[[str], None], home: Path
) -> None:
    """It is named, and store and key behind it are not opened."""
    first_use()
    (home / "data").chmod(0o755)
    findings = found()
    assert codes(findings) == {"data": "file_exposed"}
    assert (findings["store"].ok, findings["key"].ok) == (None, None)


def test_a_store_that_is_damaged(configured: Callable[[str], None], home: Path) -> None:
    """The store's own problem is said, and the key is not looked for in it."""
    first_use()
    database = home / "data" / "inboxlink.db"
    for beside in database.parent.glob("inboxlink.db-*"):
        beside.unlink()
    database.write_bytes(b"not a database, whatever its name says" * 100)
    findings = found()
    assert codes(findings) == {"store": "store_corrupt"}
    assert findings["key"].ok is None


def test_a_key_that_is_gone(configured: Callable[[str], None], home: Path) -> None:
    """A store that was written with a key that is not there says which one it needs."""
    first_use()
    for each in (home / "data").glob("*key*"):
        if each.is_file() and "lock" not in each.name:
            each.unlink()
    assert codes(found()) == {"key": "key_missing"}


def test_a_provider_that_is_broken_is_told_once(
    home: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted, named with its reason, and the others are looked at all the same."""
    install(place, "well", "well")
    install(place, "breaks", "breaks", "raise RuntimeError('the password is hunter2')")
    install(place, "nameless", "nameless", good("somebody-else"))
    monkeypatch.setenv("INBOXLINK_PROVIDERS", "well,breaks,nameless")
    findings = found()
    assert codes(findings) == {
        "provider breaks": "provider_load_failed",
        "provider nameless": "provider_result_invalid",
    }
    detail = findings["providers"].detail
    assert detail is not None
    assert dict(detail.params) == {"available": "1", "faulty": "2"}


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ('client_secret = "x"', "client_missing"),
        ('client_id = "<client id>"', "client_invalid"),
        ('client_id = "known"\nclient_secret_file = "/nowhere/at/all"', "config_unreadable"),
    ],
)
def test_a_registration_that_cannot_work(
    configured: Callable[[str], None], section: str, expected: str
) -> None:
    """Found without asking anybody."""
    configured(f"[oauth.authorizing]\n{section}\n")
    assert codes(found()) == {"client authorizing": expected}


def test_a_check_of_a_provider_is_held_to_the_contract(
    home: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that gives back something else is at fault itself; one without it is checked by us."""
    ways = good("{name}").replace(
        "frozenset(Audience))", "frozenset(Audience), ways=frozenset({{Way.PASTE}}))"
    )
    code = "from inboxlink.types.way import Way\n" + ways
    for name, body in (
        ("silent", ""),
        ("junk", "@hookimpl\ndef check_client(ctx, online):\n    return ['fine']\n"),
        ("raises", "@hookimpl\ndef check_client(ctx, online):\n    raise KeyError('x')\n"),
    ):
        written = code.replace("{{", "{").replace("}}", "}").replace("{name}", name)
        install(place, name, name, written + "\n" + body)
        monkeypatch.setenv(f"INBOXLINK_OAUTH_{name.upper()}_CLIENT_ID", "<fill in>")
    monkeypatch.setenv("INBOXLINK_PROVIDERS", "silent,junk,raises")
    assert codes(found()) == {
        "client junk": "provider_result_invalid",
        "client raises": "provider_raised",
        "client silent": "client_invalid",
    }


# --- as it is shown ----------------------------------------------------------------------------


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = run(["doctor", "--offline", *arguments])
    return status, capsys.readouterr().out


def test_each_check_is_a_line(
    configured: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Marks tell good, bad and not yet; what is wrong comes with its remedy and its status."""
    status, out = shown(capsys)
    assert status == 0
    assert "✓ Configuration:" in out
    assert "· Store: made at the first use" in out
    assert "Nothing is wrong." in out
    configured('[oauth.authorizing]\nclient_secret = "x"\n')
    status, out = shown(capsys)
    assert status == 12
    assert "✗ Registration with authorizing: client_id is not set" in out
    assert "  → Register the application" in out
    assert "Nothing is wrong." not in out
    assert max(map(len, out.splitlines())) <= 80


def test_the_document_has_every_check(
    configured: Callable[[str], None], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In order, each with its name; a file that is no TOML is a check of its own."""
    configured('[oauth.authorizing]\nclient_id = "<id>"\n')
    status, out = shown(capsys, "--json")
    document: dict[str, Any] = json.loads(out)
    assert (status, document["healthy"]) == (12, False)
    assert [each["name"] for each in document["checks"]] == [
        *("config", "versions", "data", "store", "key", "providers", "trust", "client", "clock"),
    ]
    assert document["checks"][-2]["problem"]["code"] == "client_invalid"
    configured("[oauth.")
    status, out = shown(capsys, "--json")
    (only,) = json.loads(out)["checks"]
    assert (status, only["name"], only["problem"]["code"]) == (12, "config", "config_syntax")


def test_nothing_secret_is_shown(
    configured: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the id nor the secret stands in what the doctor says."""
    configured('[oauth.authorizing]\nclient_id = "two words"\nclient_secret = "hun ter2"\n')
    for arguments in ((), ("--json",)):
        status, out = shown(capsys, *arguments)
        assert status == 12
        assert "two words" not in out
        assert "hun ter2" not in out


def test_every_text_is_worded(configured: Callable[[str], None]) -> None:
    """Titles and details of both languages fill their places."""
    words = Words("ja")
    with Host() as host:
        for each in check_up(host, online=False):
            assert "{" not in words(each.title)
            assert each.detail is None or "{" not in words(each.detail)
