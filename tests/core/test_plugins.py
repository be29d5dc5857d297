"""Finding, vetting, loading and calling providers, among them bad ones."""

import sys
from pathlib import Path

import pytest

import inboxlink
from core.distributions import NOTHING, candidate, enabled, good, install, verdicts
from inboxlink.errors import MailboxError, ProviderFault
from inboxlink.plugins.calling import DEADLINES_S, Caller
from inboxlink.plugins.candidates import UNVERIFIABLE, installed
from inboxlink.plugins.doctor import examine
from inboxlink.plugins.loading import load
from inboxlink.plugins.policy import Policy, State, vet
from inboxlink.plugins.record import CheckResult, Enabled, RecordFile


def test_listing_imports_nothing(place: Path) -> None:
    """A provider whose import writes a file is listed without the file being written."""
    canary = place / "canary"
    install(place, "stranger", "stranger", f"open({str(canary)!r}, 'w').close()")
    assert verdicts()["stranger"].state is State.UNTRUSTED
    assert not canary.exists()


def test_first_party_is_on_and_strangers_must_be_enabled(place: Path) -> None:
    """Ours are available where they are installed; another one after `enable` alone."""
    install(place, "stranger", "stranger")
    assert verdicts()["inboxlink-imap"].state is State.AVAILABLE
    assert verdicts()["stranger"].state is State.UNTRUSTED
    assert verdicts(record=enabled("stranger"))["stranger"].state is State.AVAILABLE


def test_changed_content_asks_again(place: Path) -> None:
    """A distribution whose RECORD changed after it was enabled is untrusted again."""
    install(place, "stranger", "stranger")
    record = enabled("stranger")
    rows = place / "stranger-1.0.dist-info" / "RECORD"
    rows.write_text(rows.read_text().replace("aaaa", "bbbb"))
    verdict = verdicts(record=record)["stranger"]
    assert verdict.state is State.UNTRUSTED
    assert verdict.reason is not None
    assert verdict.reason.code == "provider_changed"
    assert verdict.reason.message.params["before"] == "1.0"


def test_an_editable_install_is_unverifiable() -> None:
    """The digest of an editable install says that nobody vouches for its files."""
    digest = candidate("inboxlink-imap").digest
    assert digest == UNVERIFIABLE or len(digest) == 64


def test_a_reserved_name_is_no_strangers(place: Path) -> None:
    """A stranger that calls itself `imap` is in conflict, and ours goes on working."""
    install(place, "fake-imap", "imap")
    found = verdicts(record=enabled("fake-imap"))
    assert found["fake-imap"].state is State.CONFLICT
    assert found["inboxlink-imap"].state is State.AVAILABLE


def test_one_name_from_two_distributions_names_both(place: Path) -> None:
    """Two strangers of one name are both in conflict; blocking one settles it."""
    install(place, "one", "same")
    install(place, "two", "same")
    found = verdicts(Policy(only=frozenset({"one", "two"})))
    assert {found["one"].state, found["two"].state} == {State.CONFLICT}
    reason = found["one"].reason
    assert reason is not None
    assert reason.message.params["others"] == "two"
    settled = verdicts(Policy(only=frozenset({"one"}), blocked=frozenset({"two"})))
    assert (settled["one"].state, settled["two"].state) == (State.AVAILABLE, State.BLOCKED)


def test_too_new_a_core_is_incompatible(place: Path) -> None:
    """A distribution that needs another core is refused with both versions named."""
    install(place, "future", "future", requires="inboxlink>=99")
    verdict = verdicts(Policy(only=frozenset({"future"})))["future"]
    assert verdict.state is State.INCOMPATIBLE
    assert verdict.reason is not None
    told = verdict.reason.message.params
    assert (told["version"], told["wanted"]) == ("1.0", ">=99")
    assert told["core"] == inboxlink.__version__


@pytest.mark.parametrize(
    ("environ", "state"),
    [
        ({}, State.AVAILABLE),
        ({"INBOXLINK_PROVIDERS": ""}, State.BLOCKED),
        ({"INBOXLINK_PROVIDERS": "other"}, State.BLOCKED),
        ({"INBOXLINK_PROVIDERS": "other, inboxlink-imap"}, State.AVAILABLE),
        (
            {
                "INBOXLINK_PROVIDERS": "inboxlink-imap",
                "INBOXLINK_BLOCK_PROVIDERS": "inboxlink-imap",
            },
            State.BLOCKED,
        ),
    ],
)
def test_the_environment_has_the_last_word(environ: dict[str, str], state: State) -> None:
    """Unset is the policy, empty is none, a list is exactly those, and a block wins."""
    assert verdicts(Policy.read(environ))["inboxlink-imap"].state is state


BAD = {
    "import-error": "import no_such_module_anywhere",
    "asserts": "assert False, 'at import'",
    "exits": "import sys; sys.exit(3)",
    "misspelt": good("misspelt").replace("def detect(", "def detekt("),
    "wrong-argument": good("wrong-argument").replace("(evidence)", "(evidense)"),
    "incomplete": good("incomplete").replace("@hookimpl\ndef verify", "def verify"),
}


def test_bad_providers_do_not_take_the_good_one_down(place: Path) -> None:
    """Whatever happens at import or registration, the good provider loads and the bad are named."""
    for name, code in BAD.items():
        install(place, name, name, code)
    install(place, "good", "good")
    registry = load(candidate(name) for name in (*BAD, "good"))
    assert registry.names == ("good",)
    assert set(registry.faults) == set(BAD)
    for name, fault in registry.faults.items():
        assert fault.code == "provider_load_failed"
        assert name in fault.problem.message.params["provider"]


RAISE = "raise RuntimeError('the password is hunter2')"
RAISES = good("raises").replace(
    "def detect(evidence):\n    return None", f"def detect(evidence):\n    {RAISE}"
)
EXITS = RAISES.replace(RAISE, "raise SystemExit(1)")
INTERRUPTS = RAISES.replace(RAISE, "raise KeyboardInterrupt")
HANGS = RAISES.replace(RAISE, "import threading; threading.Event().wait(3)")
SLOW_SERVER = """from inboxlink.errors import MailboxError, problem
    raise MailboxError(problem('timed_out', host='h', port='1'))"""


@pytest.mark.parametrize("code", [RAISES, EXITS, INTERRUPTS])
def test_what_a_hook_raises_is_contained(place: Path, code: str) -> None:
    """An exception of a hook names provider, hook and type, and never its words."""
    install(place, "raises", "raises", code)
    caller = Caller(load([candidate("raises")]))
    with pytest.raises(ProviderFault) as caught:
        caller.call("raises", "detect", evidence=None)
    assert caught.value.code == "provider_raised"
    assert "hunter2" not in repr(caught.value.problem)


def test_a_hook_that_overruns_is_quarantined(place: Path) -> None:
    """After its deadline a hook is given up, and its provider is not called again."""
    install(place, "raises", "raises", HANGS)
    caller = Caller(load([candidate("raises")]), DEADLINES_S | {"detect": 0.1})
    with pytest.raises(ProviderFault, match="provider_overran") as caught:
        caller.call("raises", "detect", evidence=None)
    assert caught.value.problem.message.params["seconds"] == "0.1"
    with pytest.raises(ProviderFault, match="provider_quarantined"):
        caller.call("raises", "describe")


def test_a_slow_server_is_no_fault_of_the_provider(place: Path) -> None:
    """What the network raised passes through a hook as it is, and quarantines nobody."""
    code = good("slow").replace("endpoints):\n    return None", f"endpoints):\n    {SLOW_SERVER}")
    install(place, "slow", "slow", code)
    caller = Caller(load([candidate("slow")]))
    given = {"ctx": None, "credential": None, "settings": {}, "endpoints": ()}
    for _ in range(2):
        with pytest.raises(MailboxError, match="timed_out"):
            caller.call("slow", "verify", **given)
    assert caller.quarantined == {}


def test_a_pure_hook_has_no_server_to_blame(place: Path) -> None:
    """What the network raises is no excuse of a hook that was given no network."""
    install(place, "raises", "raises", RAISES.replace(RAISE, SLOW_SERVER))
    caller = Caller(load([candidate("raises")]))
    with pytest.raises(ProviderFault) as caught:
        caller.call("raises", "detect", evidence=None)
    assert caught.value.code == "provider_raised"


def test_the_doctor_says_what_is_wrong(place: Path, tmp_path: Path) -> None:
    """Each provider is examined in a child of its own: working, broken, hanging or ruled out."""
    from datetime import UTC, datetime

    install(place, "good", "good")
    install(place, "bad", "bad", BAD["import-error"])
    install(place, "dies", "dies", "import os; os._exit(7)")
    install(place, "stranger", "stranger")
    policy = Policy(only=frozenset({"good", "bad", "dies"}))
    results = examine(vet(installed(), policy, NOTHING), datetime.now(UTC))
    states = {key: (result.state, result.code) for key, result in results.items()}
    assert states["good:good"] == ("loaded", "")
    assert states["bad:bad"] == ("broken", "provider_load_failed")
    assert states["dies:dies"] == ("broken", "provider_exited")
    assert "no_such_module_anywhere" in results["bad:bad"].params["reason"]
    assert results["dies:dies"].params == {
        "provider": "dies",
        "hook": "import",
        "reason": "status 7",
    }
    assert states["stranger:stranger"] == ("skipped", "provider_blocked")


def test_the_record_is_kept(tmp_path: Path) -> None:
    """What was enabled and found is read back, and taking leave back is final."""
    file = RecordFile(tmp_path / "data")
    assert file.read() == NOTHING
    file.enable("stranger", Enabled("1.0", "abc", "now"))
    file.note({"stranger": CheckResult("loaded", "", {}, "1.0", "now")})
    assert file.read().enabled["stranger"].digest == "abc"
    assert file.disable("stranger") is True
    assert file.disable("stranger") is False
    assert file.read().checks["stranger"].state == "loaded"


def test_loading_needs_no_cache_directory(place: Path, tmp_path: Path) -> None:
    """Stevedore's cache, which forgets distributions, is neither read nor written."""
    import os
    import subprocess

    install(place, "good", "good")
    code = (
        "from inboxlink.plugins.candidates import installed\n"
        "from inboxlink.plugins.loading import load\n"
        "print(load(c for c in installed() if c.name == 'good').names)"
    )
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "('good',)"
    assert not (tmp_path / "cache").exists()
