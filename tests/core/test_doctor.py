"""The doctor: each provider in a child of its own, all of them within a bound."""

import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.distributions import NOTHING, candidate, detecting, disclosing, good, install
from inboxlink.plugins import doctor
from inboxlink.plugins.candidates import Candidate, installed
from inboxlink.plugins.doctor import AT_ONCE, bound_s, examine
from inboxlink.plugins.policy import Policy, State, Verdict, vet
from inboxlink.plugins.record import CheckResult

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def available(candidates: Iterable[Candidate]) -> list[Verdict]:
    return [Verdict(each, State.AVAILABLE) for each in candidates]


DETECTED = "from inboxlink.types.detection import Basis, Detection\n    return Detection"


def test_children_say_where_they_ended(place: Path) -> None:
    """A thread left running, a sudden end in a hook, and two providers of one distribution."""
    lingers = "from threading import Event, Thread\n"
    lingers += "Thread(target=Event().wait, daemon=False).start()\n"
    install(place, "lingers", "lingers", lingers + good("lingers"))
    install(place, "leaves", "leaves", disclosing("leaves", "import os; os._exit(0)"))
    install(place, "killed", "killed", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    # A verdict of its own making does not count, nor does what it shouts.
    forged = '{"state": "loaded", "code": "", "params": {}}'
    forger = f"import os, sys; os.write(1, b'{forged}\\n' * 300_000); print('x' * 10_000_000)\n"
    install(place, "forges", "forges", f"{forger}raise ImportError('\x1b[31mforged')")
    install(place, "both", "left")
    entries = place / "both-1.0.dist-info" / "entry_points.txt"
    (place / "right_module.py").write_text("raise ImportError('right')")
    entries.write_text(entries.read_text() + "right = right_module\n")
    wordy = f"{DETECTED}('wordy', Basis.GUESS, Text('x'), settings={{'é' * 19_000: 1}})"
    install(place, "wordy", "wordy", detecting("wordy", wordy))
    mine = {"wordy", "lingers", "leaves", "killed", "forges", "both"}
    began = time.monotonic()
    found = examine(available(each for each in installed() if each.distribution in mine), NOW)
    assert time.monotonic() - began < doctor.DEADLINE_S, "a verdict ends its child"
    results = {key: (each.state, each.code) for key, each in found.items()}
    assert results == {
        "lingers:lingers": ("broken", "provider_lingers"),
        "leaves:leaves": ("broken", "provider_exited"),
        "killed:killed": ("broken", "provider_exited"),
        "forges:forges": ("broken", "provider_load_failed"),
        "wordy:wordy": ("broken", "provider_result_invalid"),
        "both:left": ("loaded", ""),
        "both:right": ("broken", "provider_load_failed"),
    }
    leaves, killed = (found[key].params for key in ("leaves:leaves", "killed:killed"))
    assert (leaves["hook"], leaves["reason"]) == ("disclose", "status 0")
    assert (killed["hook"], killed["reason"]) == ("import", "signal 11")
    assert found["both:left"] == CheckResult("loaded", "", {}, "1.0", NOW.isoformat())


def test_fifty_that_hang_end_within_the_bound(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hangs do not add up one by one: fifty take four deadlines, and none is left running."""
    monkeypatch.setattr(doctor, "DEADLINE_S", 0.3)
    install(place, "hangs", "hangs", "import threading; threading.Event().wait(60)")
    entries = "".join(f"hangs-{n} = hangs_module\n" for n in range(50))
    (place / "hangs-1.0.dist-info" / "entry_points.txt").write_text(
        f"[inboxlink.providers]\n{entries}"
    )
    fifty = [each for each in installed() if each.distribution == "hangs"]
    started: list[int] = []
    popen = doctor.subprocess.Popen

    def noted(*arguments, **options):
        child = popen(*arguments, **options)
        started.append(child.pid)
        return child

    monkeypatch.setattr(doctor.subprocess, "Popen", noted)
    began = time.monotonic()
    results = examine(available(fifty), NOW)
    took_s = time.monotonic() - began
    assert AT_ONCE == 16
    assert [bound_s(count) / 0.3 for count in (0, 1, 16, 17, 50)] == pytest.approx([0, 1, 1, 2, 4])
    # Starting fifty processes takes its time on a busy machine; one by one would be 15 s more.
    assert took_s < bound_s(50) + 8
    assert {(each.state, each.code) for each in results.values()} == {
        ("quarantined", "provider_overran")
    }
    assert results["hangs:hangs-49"].params["seconds"] == "0.3"
    assert len(started) == 50
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_one_that_holds_the_interpreter_is_ended_with_what_it_started(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no thread of the child gets a turn, the parent ends it and its whole group."""
    monkeypatch.setattr(doctor, "DEADLINE_S", 4.0)
    note = tmp_path / "pid"
    code = (
        "import re, subprocess\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n"
        "re.match(r'(a+)+$', 'a' * 60 + 'b')\n"
    )
    install(place, "holds", "holds", code)
    (result,) = examine(available([candidate("holds")]), NOW).values()
    assert (result.state, result.code) == ("quarantined", "provider_overran")
    assert (result.params["hook"], result.params["seconds"]) == ("import", "4")
    assert is_gone(int(note.read_text()))


def is_gone(pid: int) -> bool:
    """Whether a process ended; one that nobody has waited for yet is a zombie."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        try:
            if ") Z " in Path(f"/proc/{pid}/stat").read_text():
                return True
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


def test_an_interruption_ends_what_still_runs(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who interrupts the doctor waits for nothing that hangs, and nothing else is ended."""
    install(place, "good", "good")
    install(place, "hangs", "hangs", "import threading; threading.Event().wait(60)")
    popen, end = doctor.subprocess.Popen, doctor._end
    started, ended, began = [], [], []

    def noted(*arguments, **options):
        started.append(popen(*arguments, **options))
        return started[-1]

    def interrupted(*_):
        time.sleep(0.3)
        began.append(time.monotonic())
        raise KeyboardInterrupt

    def noting(child):
        ended.append(child)
        end(child)

    monkeypatch.setattr(doctor, "_end", noting)
    monkeypatch.setattr(doctor.subprocess, "Popen", noted)
    monkeypatch.setattr(doctor, "_result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        examine(available(candidate(name) for name in ("good", "hangs")), NOW)
    assert time.monotonic() - began[0] < 3
    (hanging,) = [child for child in started if "hangs" in child.args]
    assert ended == [hanging]
    assert hanging.returncode == -9


def test_a_verdict_is_not_held_up_by_what_was_forked(place: Path, tmp_path: Path) -> None:
    """A process that a provider leaves behind holds the pipe open, and nobody waits for it."""
    note = tmp_path / "pid"
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        f"    open({str(note)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(20)\n"
        "    os._exit(0)\n"
    )
    install(place, "forks", "forks", code + good("forks"))
    began = time.monotonic()
    (result,) = examine(available([candidate("forks")]), NOW).values()
    took_s = time.monotonic() - began
    os.kill(int(note.read_text()), 9)
    assert result.state == "loaded"
    assert took_s < 8


def test_nothing_comes_from_the_working_directory(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file where somebody happens to stand is not taken for a part of the program."""
    stand, canary = tmp_path / "stand", tmp_path / "canary"
    stand.mkdir()
    for name in ("pluggy", "stevedore", "inboxlink"):
        (stand / f"{name}.py").write_text(f"open({str(canary)!r}, 'w').close()")
    install(place, "one", "one")
    monkeypatch.chdir(stand)
    (result,) = examine(available([candidate("one")]), NOW).values()
    assert result.state == "loaded"
    assert not canary.exists()


def test_what_may_not_be_imported_is_skipped_with_its_reason(place: Path) -> None:
    """No child is started for it, and the reason is that of the policy."""
    canary = place / "canary"
    install(place, "stranger", "stranger", f"open({str(canary)!r}, 'w').close()")
    found = examine(vet([candidate("stranger")], Policy(), NOTHING), NOW)["stranger:stranger"]
    assert (found.state, found.code) == ("skipped", "provider_untrusted")
    assert found.params["distribution"] == "stranger"
    assert not canary.exists()


@pytest.mark.parametrize(
    ("said", "status", "state", "stage"),
    [
        ([], 0, "broken", "start"),
        ([], None, "quarantined", "start"),
        ([b'{"stage": "detect"}'], 3, "broken", "detect"),
        ([b'{"stage": "detect"}'], None, "quarantined", "detect"),
        ([b'{"stage": "detect"}', b"half a li"], 0, "broken", "start"),
        ([b"[]"], 0, "broken", "start"),
        ([b"7"], 0, "broken", "start"),
        ([b'{"state": "loaded"}'], 0, "broken", "start"),
        ([b'{"state": "broken", "code": "no_such_code", "params": {}}'], 0, "broken", "start"),
        ([b'{"state": "broken", "code": "internal", "params": 7}'], 0, "broken", "start"),
    ],
)
def test_a_child_may_say_anything(
    said: list[bytes], status: int | None, state: str, stage: str
) -> None:
    """Whatever comes in place of a verdict is one more way of being broken."""
    found, trouble = doctor._understood("one", said, status)
    assert trouble is not None
    assert (found, trouble.message.params["hook"]) == (state, stage)
