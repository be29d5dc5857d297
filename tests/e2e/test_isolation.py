"""Every kind of bad provider installed at once, and a person who connects all the same."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from rich.cells import cell_len

from core.distributions import detecting, disclosing, good, install
from e2e.conftest import Program
from inboxlink.testing.installation import Ran
from peers.dovecot import Dovecot
from peers.fixtures import ALICE, PASSWORDS

#: What is wrong with each; the provider and its distribution have one name.
CODE: dict[str, str | None] = {
    "import-error": "import no_such_module_anywhere",
    "asserts": "assert False, 'at import'",
    "exits": "import sys; sys.exit(3)",
    "dies": "import inboxlink.plugins.examination; import os, sys\n"
    "if 'inboxlink.plugins.examination' == sys.modules['__main__'].__spec__.name: os._exit(7)\n"
    "raise ImportError('no')",
    "interrupts": "raise KeyboardInterrupt",
    "hangs-at-import": "import threading; threading.Event().wait(60)",
    "hangs": detecting("hangs", "import threading; threading.Event().wait(60)"),
    "junk": detecting("junk", "return {'provider': 'junk'}"),
    "misshapen": detecting(
        "misshapen",
        "from inboxlink.types.detection import Detection\n"
        "    return Detection('misshapen', 90, Text('x'), endpoints=['imap.example.test'])",
    ),
    "impostor": detecting(
        "impostor",
        "from inboxlink.types.detection import Basis, Detection\n"
        "    return Detection('imap', Basis.ADMIN_PRESET, Text('x'))",
    ),
    "raises": detecting("raises", "raise RuntimeError('the password is hunter2')"),
    "exits-in-hook": detecting("exits-in-hook", "raise SystemExit(4)"),
    "prints": "import sys; print('\x1b[31mPRINTED' * 500_000); sys.stderr.write('PRINTED')\n"
    + detecting("prints", "print('\x1b[2JPRINTED' * 10)"),
    "misspelt": good("misspelt").replace("def detect(", "def detekt("),
    "wrong-argument": good("wrong-argument").replace("(evidence)", "(evidense)"),
    "incomplete": good("incomplete").replace("@hookimpl\ndef verify", "def verify"),
    "nameless": good("somebody-else"),
    "lingers": "from threading import Event, Thread\n"
    "Thread(target=Event().wait, daemon=False).start()\n" + good("lingers"),
    "executor": "from concurrent.futures import ThreadPoolExecutor\nfrom threading import Event\n"
    "ThreadPoolExecutor(1).submit(Event().wait)\n" + good("executor"),
    "escapes": "raise ImportError('\\x1b[31mESCAPED\\x9b2J\\n\\n\u202e' + 'x ' * 10_000)",
    "undisclosed": disclosing("undisclosed", "return []"),
    "no-module": None,
    "no-attribute": None,
    "well": good("well"),
}

#: What their entry points name, where that is not their module.
ENTRY = {"no-module": "no_modul.provider", "no-attribute": "no_attribute_module:provder"}

OURS = tuple(f"inboxlink-{name}" for name in ("exchange", "gmail", "imap", "outlook"))

#: What `providers doctor` says: the state, and a part of the reason.
EXAMINED = {
    "import-error": ("broken", "no_such_module_anywhere"),
    "asserts": ("broken", "at import"),
    "exits": ("broken", "SystemExit"),
    "dies": ("broken", "status 7"),
    "interrupts": ("broken", "KeyboardInterrupt"),
    # By the deadline of the import; on a busy machine by that of its whole process.
    "hangs-at-import": ("quarantined", ""),
    "hangs": ("quarantined", "detect"),
    "junk": ("broken", "dict, not Detection"),
    "misshapen": ("broken", "basis: int, not Basis"),
    "impostor": ("broken", "another provider"),
    "raises": ("broken", "RuntimeError"),
    "exits-in-hook": ("broken", "SystemExit"),
    "misspelt": ("broken", "detekt"),
    "wrong-argument": ("broken", "evidense"),
    "incomplete": ("broken", "verify"),
    "nameless": ("broken", "another name"),
    "lingers": ("broken", "thread"),
    "prints": ("loaded", ""),
    "executor": ("loaded", ""),
    "escapes": ("broken", r"\x1b[31mESCAPED\x9b2J \u202ex x x"),
    "undisclosed": ("broken", "disclose: list, not tuple"),
    "no-module": ("broken", "No module named 'no_modul'"),
    "no-attribute": ("broken", "has no attribute 'provder'"),
    "well": ("loaded", ""),
    **dict.fromkeys(OURS, ("loaded", "")),
}

#: Ruled out on metadata alone, so never imported: each would leave a canary.
RULED_OUT = {
    "reserved": "conflict",
    "twin-one": "conflict",
    "twin-two": "conflict",
    "blocked": "blocked",
    "too-new": "incompatible",
    "unread": "incompatible",
    "unlisted": "blocked",
    "torn": "damaged",
}


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def environ(tmp_path: Path, canary: Path) -> Mapping[str, str]:
    """All of them on the path, and all that may be enabled enabled."""
    place = tmp_path / "distributions"
    place.mkdir()
    for name, code in CODE.items():
        install(place, name, name, code, entry=ENTRY.get(name))
    sings = f"open({str(canary)!r}, 'w').close()"
    install(place, "reserved", "imap", sings)
    install(place, "twin-one", "twin", sings)
    install(place, "twin-two", "twin", sings)
    install(place, "blocked", "blocked", sings)
    install(place, "too-new", "too-new", sings, requires="inboxlink>=99")
    install(place, "unread", "unread", sings, requires="inboxlink>=not.a.version")
    install(place, "unlisted", "unlisted", sings)
    install(place, "torn", "torn", sings)
    (place / "torn-1.0.dist-info" / "METADATA").write_text("Metadata-Ver")
    only = {*CODE, *RULED_OUT, *OURS} - {"unlisted"}
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(place), os.environ.get("PYTHONPATH")))),
        "INBOXLINK_PROVIDERS": ",".join(sorted(only)),
        "INBOXLINK_BLOCK_PROVIDERS": "blocked",
    }


@pytest.fixture
def run(program: Program, environ: Mapping[str, str]) -> Callable[..., Ran]:
    def run(*arguments: str, typed: str = "", **further: str) -> Ran:
        ran = program(*arguments, typed=typed, environ={**environ, **further})
        assert "PRINTED" not in ran.out + ran.err
        assert "Traceback" not in ran.err
        assert "hunter2" not in ran.out + ran.err
        return ran

    return run


def test_the_doctor_shows_each_with_its_state_and_reason(
    run: Callable[..., Ran], canary: Path
) -> None:
    """All at once in under 10 s, however many hang; `list` then shows what was found."""
    began = time.monotonic()
    done = run("--json", "providers", "doctor")
    took_s = time.monotonic() - began
    assert done.status == 13
    found = {each["distribution"]: each for each in done.json["providers"]}
    assert found.keys() == {*EXAMINED, *RULED_OUT}
    for name, (state, reason) in EXAMINED.items():
        assert (found[name]["state"], reason in found[name]["reason"]) == (state, True), found[name]
    for name in RULED_OUT:
        assert found[name]["state"] == "skipped"
    assert took_s < 10

    listed = run("--json", "providers", "list").json["providers"]
    rows = {each["distribution"]: each for each in listed}
    for name, (state, reason) in EXAMINED.items():
        assert (rows[name]["state"], rows[name]["last_check"]) == ("available", state)
        assert reason in rows[name]["last_check_reason"]
    for name, state in RULED_OUT.items():
        assert (rows[name]["state"], rows[name]["last_check"]) == (state, None)
        assert rows[name]["reason"]
    assert "twin-two" in rows["twin-one"]["reason"]
    assert not canary.exists()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_people_are_shown_of_them(run: Callable[..., Ran], language: str) -> None:
    """Every distribution stands in the list with its state, in lines that fit a terminal."""
    shown = run("--lang", language, "providers", "list")
    assert shown.status == 0
    for name in {*EXAMINED, *RULED_OUT}:
        assert f" {name} " in shown.out
    assert max(map(cell_len, shown.out.splitlines())) <= 80


#: In what is said of them: what is wrong, what it is called, and what to do next.
SHOWN = {
    "en": (
        "✗ misspelt (misspelt 1.0): broken",
        "unknown hook detekt, no hook detect.",
        "→ Reinstall it, or tell its authors; the other providers work.",
        "✗ no-module (no-module 1.0): broken",
        "No module named 'no_modul'.",
        "✗ lingers (lingers 1.0): broken",
        "→ Tell its authors: a thread must be a daemon, or end by itself.",
        "✓ well (well 1.0): works",
        "· torn (torn ?): not examined",
        "→ Install it anew: pip install --force-reinstall torn",
        "✗ INBOXLINK_PROVIDERS\n    names what is not installed: welll",
    ),
    "ja": (
        "✗ misspelt (misspelt 1.0): 故障",
        "→ 再インストールするか、作者に知らせてください。他のプロバイダーは使えます。",
        "プロバイダー lingers がスレッドを残すため、プログラムが終了できません。",
        "✓ well (well 1.0): 正常",
        "· torn (torn ?): 未検査",
        "torn のメタデータを読み取れません。",
        "✗ INBOXLINK_PROVIDERS\n    インストールされていない名前です: welll",
    ),
}
LISTED = {
    "en": ("available, broken", "damaged, not checked yet", "unknown hook detekt"),
    "ja": ("使用可, 故障", "破損, 未検査", "unknown hook detekt"),
}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_people_read_of_an_examination(run: Callable[..., Ran], language: str) -> None:
    """What is wrong and what to do next, in their language, within 80 columns, nothing raw."""
    few = {"INBOXLINK_PROVIDERS": "misspelt,no-module,lingers,escapes,well,torn,welll"}
    examined = run("--lang", language, "providers", "doctor", **few)
    assert examined.status == 13
    listed = run("--lang", language, "providers", "list", **few)
    assert listed.status == 0
    for part in SHOWN[language]:
        assert part in examined.out
    for part in LISTED[language]:
        assert part in listed.out
    for out in (examined.out, listed.out):
        assert max(map(cell_len, out.splitlines())) <= 80
        assert not {"\x1b", "\x9b", "\u202e"} & set(out)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_name_that_was_mistyped_is_answered_with_those_there_are(
    run: Callable[..., Ran], language: str
) -> None:
    """`enable` and `--provider` say what is known here, and where to look."""
    few = {"INBOXLINK_PROVIDERS": "well,inboxlink-imap"}
    typed = ("connect", "me@a.org", "--lookup", "offline", "--provider", "wel")
    for arguments, known in (
        (("providers", "enable", "wel", "--yes"), "well"),
        (typed, "imap, well"),
    ):
        refused = run("--json", "--lang", language, *arguments, **few)
        error = refused.json["error"]
        assert (refused.status, error["code"]) == (12, "provider_unknown")
        assert "wel" in error["message"]
        assert known in error["remedy"]
        assert "inboxlink providers list" in error["remedy"]


def test_a_person_connects_all_the_same(
    run: Callable[..., Ran], example_test: Dovecot, canary: Path
) -> None:
    """Detection recommends the good one, a mailbox is connected, and the program ends."""
    # req 94, 95
    detected = run("--json", "detect", ALICE, "--offline")
    assert detected.status == 0
    # `impostor` claims the name of the provider that it wants to be taken for.
    assert [each["provider"] for each in detected.json["candidates"]] == ["imap"]
    assert detected.json["candidates"][0]["endpoints"]
    codes = {each["code"] for each in detected.json["faults"]}
    assert codes == {
        *("provider_load_failed", "provider_overran", "provider_raised"),
        "provider_result_invalid",
    }
    connected = run(
        *("--json", "connect", ALICE, "--acknowledge", "imap.I@1", "--password-stdin"),
        typed=PASSWORDS[ALICE] + "\n",
    )
    assert connected.status == 0, connected
    assert connected.json["account"]["state"] == "active"
    assert not canary.exists()


def test_the_disclosures_of_the_others_are_listed(run: Callable[..., Ran]) -> None:
    """A provider that cannot say what it does hides nobody else's."""
    listed = run("--json", "disclosures", "list")
    assert listed.status == 0
    assert "imap.I" in {each["id"] for each in listed.json["disclosures"]}
