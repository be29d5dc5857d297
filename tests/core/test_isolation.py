"""What one provider does wrong stays its own: at import, in a hook, and in what it prints."""

import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from core.distributions import candidate, detecting, good, install
from inboxlink.connect.host import Host
from inboxlink.connect.proving import verify
from inboxlink.connect.request import Request
from inboxlink.detection import chosen_by_hand
from inboxlink.errors import InboxlinkError, MailboxError, ProviderFault
from inboxlink.plugins import loading
from inboxlink.plugins.calling import DEADLINES_S, Caller
from inboxlink.plugins.loading import Registry, load
from inboxlink.plugins.threads import provider_thread, silenced
from inboxlink.testing.peers.ports import LOOPBACK
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import Endpoint, Role, Tls

HANG = "import threading; threading.Event().wait(30)"


def reason(registry: Registry, name: str) -> str:
    return registry.faults[name].problem.message.params["reason"]


def verifying(name: str, body: str) -> str:
    """A provider that is good but for its `verify`."""
    return good(name).replace("endpoints):\n    return None", f"endpoints):\n    {body}")


def call_verify(caller: Caller, name: str) -> object:
    return caller.call(name, "verify", ctx=None, credential=None, settings={}, endpoints=())


def test_imports_that_hang_cost_one_deadline(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five that never end are given up together, and the good one beside them works."""
    monkeypatch.setattr(loading, "IMPORT_S", 1.0)
    names = [f"hangs-{n}" for n in range(5)]
    for name in names:
        install(place, name, name, HANG)
    install(place, "good", "good")
    began = time.monotonic()
    registry = load(candidate(name) for name in (*names, "good"))
    assert time.monotonic() - began < 3
    assert registry.names == ("good",)
    assert {fault.code for fault in registry.faults.values()} == {"provider_overran"}
    assert registry.faults["hangs-0"].problem.message.params["hook"] == "import"
    with pytest.raises(ProviderFault, match="provider_overran"):
        Caller(registry).call("hangs-0", "describe")


STRANGE = "class Strange(Exception):\n    def __str__(self): raise SystemExit\nraise Strange"
TOUCHY = "class Touchy:\n    def __dir__(self): raise RuntimeError('hands off')\ntouchy = Touchy()"


@pytest.mark.parametrize(
    ("code", "entry", "said"),
    [
        ("raise KeyboardInterrupt", None, "KeyboardInterrupt"),
        ("raise GeneratorExit('x')", None, "GeneratorExit: x"),
        ("raise ImportError('two\\n\\n lines')", None, "ImportError: two lines"),
        ("raise ImportError('x' * 10_000_000)", None, "ImportError: xxx"),
        (STRANGE, None, "Strange: …"),
        (TOUCHY, "bad_module:touchy", "RuntimeError: hands off"),
        (None, "no_such_modul.provider", "ModuleNotFoundError: No module named 'no_such_modul'"),
        (None, "bad_module:provder", "AttributeError: module 'bad_module' has no attribute"),
        ("provider = 42", "bad_module:provider", "no hook describe, no hook detect"),
        (good("bad").replace("def detect(", "def detekt("), None, "unknown hook detekt, no hook"),
        (good("bad").replace("def describe(", "def title("), None, "unknown hook title"),
        (good("bad").replace("@hookimpl\ndef describe", "def describe"), None, "no hook describe"),
        (good("bad").replace("def disclose(detection,", "def disclose(address,"), None, "address"),
    ],
)
def test_what_fails_at_import_is_named(
    place: Path, code: str | None, entry: str | None, said: str
) -> None:
    """The reason is one line that says what was wrong, and nobody else is concerned."""
    install(place, "bad", "bad", code, entry=entry)
    install(place, "good", "good")
    registry = load(candidate(name) for name in ("bad", "good"))
    assert registry.names == ("good",)
    assert registry.faults["bad"].code == "provider_load_failed"
    assert said in reason(registry, "bad")
    assert "\n" not in reason(registry, "bad")
    assert not reason(registry, "bad").endswith(": ")
    assert len(reason(registry, "bad")) <= 300
    assert Caller(registry).call("good", "detect", evidence=None) is None
    assert not any(registry.has("bad", hook) for hook in DEADLINES_S)


def test_two_names_for_one_module_are_one_too_many(place: Path) -> None:
    """Pluggy knows a module once; the second name is refused, and the first works."""
    install(place, "good", "good")
    install(place, "twin", "twin", entry="good_module")
    registry = load(candidate(name) for name in ("good", "twin"))
    assert registry.names == ("good",)
    assert "already registered" in reason(registry, "twin")


def test_an_entry_point_that_nobody_can_read_is_its_own_fault(place: Path) -> None:
    """A line that the standard library's parser stumbles over fails one import."""
    install(place, "bad", "bad")
    install(place, "good", "good")
    (place / "bad-1.0.dist-info" / "entry_points.txt").write_text(
        "[inboxlink.providers]\nbad = bad_module\nno value here\n"
    )
    assert load(candidate(name) for name in ("bad", "good")).names == ("good",)


def test_a_hook_of_a_later_contract_may_be_optional(place: Path) -> None:
    """What is marked as optional is no misspelling; capabilities are what is implemented."""
    later = "\n@hookimpl(optionalhook=True)\ndef calendar(ctx):\n    return None\n"
    revoke = "\n@hookimpl\ndef revoke(ctx, credential):\n    return None\n"
    install(place, "good", "good", good("good") + later + revoke)
    registry = load([candidate("good")])
    assert registry.faults == {}
    assert registry.has("good", "revoke")
    assert not registry.has("good", "refresh")
    assert not registry.has("absent", "revoke")


def test_each_is_called_by_its_name(place: Path) -> None:
    """One provider answers, whichever was registered first, and no other one is called."""
    for name in ("one", "two", "three"):
        install(place, name, name)
    caller = Caller(load(candidate(name) for name in ("one", "two", "three")))
    for name in ("one", "two", "three"):
        assert caller.call(name, "describe").name == name


def test_a_fault_does_not_grow_with_every_call(place: Path) -> None:
    """What kept a provider from loading is raised anew, so that no traceback piles up."""
    install(place, "bad", "bad", "raise ImportError")
    registry = load([candidate("bad")])
    depths = set()
    for _ in range(3):
        with pytest.raises(ProviderFault, match="provider_load_failed") as caught:
            Caller(registry).call("bad", "detect", evidence=None)
        depths.add(len(caught.traceback))
    assert len(depths) == 1


def test_an_unknown_provider_is_told_from_those_there_are(place: Path) -> None:
    """A name that was mistyped is answered with the names that would do."""
    install(place, "good", "good")
    with pytest.raises(ProviderFault) as caught:
        Caller(load([candidate("good")])).call("godo", "detect", evidence=None)
    assert caught.value.code == "provider_unknown"
    assert caught.value.problem.remedy is not None
    assert caught.value.problem.remedy.params == {"provider": "godo", "providers": "good"}


@pytest.mark.parametrize(
    "body",
    [
        "from inboxlink.errors import MailboxError; raise MailboxError.__new__(MailboxError)",
        "from inboxlink.errors import InboxlinkError, Kind, Problem\n"
        "    raise InboxlinkError(Problem('x', 'mailbox', None, 'no text'))",
        "raise ExceptionGroup('hunter2', [ValueError('hunter2')])",
    ],
)
def test_an_error_that_lacks_its_parts_is_a_bug_of_the_provider(place: Path, body: str) -> None:
    """Only a whole problem is passed on; whoever words it needs all of it."""
    install(place, "bad", "bad", verifying("bad", body))
    with pytest.raises(InboxlinkError) as caught:
        call_verify(Caller(load([candidate("bad")])), "bad")
    assert caught.value.code == "provider_raised"
    assert "hunter2" not in repr(caught.value.problem)


@pytest.fixture
def silent_port():
    """A server that accepts a connection and never says a word."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


def test_a_silent_server_quarantines_nobody(
    home: Path, place: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network gives up before the hook's time is over, by the clock of both."""
    install(place, "slow", "slow", verifying("slow", "return ctx.open(endpoints[0])"))
    monkeypatch.setenv("INBOXLINK_PROVIDERS", "slow")
    monkeypatch.setitem(DEADLINES_S, "verify", 3.3)
    (home / "inboxlink.toml").write_text(
        '[application]\nname = "Acme"\n[network]\nspecial_domains = ["silent.test"]\n'
        f'[network.connect]\n"imap.silent.test:993" = "127.0.0.1:{silent_port}"\n'
    )
    with Host() as host:
        request = Request(
            owner="me",
            address=host.address("me@silent.test"),
            detection=chosen_by_hand("slow"),
            language="en",
        )
        credential = Credential(
            kind=CredentialKind.PASSWORD,
            account="me",
            secrets={SecretName.PASSWORD: "x"},  # type: ignore[dict-item]
        )
        endpoints = (Endpoint(Role.IMAP, "imap.silent.test", 993, Tls.IMPLICIT),)
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(MailboxError, match="timed_out"):
                verify(host, request, credential, {}, endpoints)
            assert time.monotonic() - began < 2, "the network gives up 3 s before the hook does"
        assert host.caller.quarantined == {}


def test_only_the_threads_of_providers_are_silenced(capsys: pytest.CaptureFixture[str]) -> None:
    """By whatever way it writes to a standard stream, a provider is not heard; others are."""

    def chatter() -> None:
        sys.stdout.write("\x1b[31mPRINTED")
        sys.stdout.writelines(["PRINTED"])
        sys.stdout.buffer.write(b"PRINTED")
        sys.stderr.write("PRINTED")
        sys.stderr.flush()

    before = sys.stdout, sys.stderr
    with silenced():
        provider_thread("loud", "import", chatter).join()
        sys.stdout.write("heard\n")
        other = threading.Thread(target=lambda: sys.stdout.write("heard too\n"))
        other.start()
        other.join()
    assert (sys.stdout, sys.stderr) == before
    captured = capsys.readouterr()
    assert captured.out == "heard\nheard too\n"
    assert captured.err == ""


def test_a_provider_runs_in_a_thread_that_keeps_no_program_from_ending() -> None:
    """The thread is a daemon, and so is what it starts without saying otherwise."""
    kinds: list[bool] = []

    def start() -> None:
        kinds.append(threading.current_thread().daemon)
        kinds.append(threading.Thread(target=int).daemon)

    thread = provider_thread("acme", "detect", start)
    thread.join()
    assert kinds == [True, True]
    assert thread.name == "inboxlink-acme-detect"


WHERE = """import threading
    if evidence:
        began, going_on = evidence
        began.set()
        going_on.wait(0.9)
    return threading.get_native_id()"""


def test_the_pure_hooks_of_a_provider_share_a_thread(place: Path) -> None:
    """One for however many calls; whoever calls while it is busy does not wait for it."""
    install(place, "sharing", "sharing", detecting("sharing", WHERE))
    caller = Caller(load([candidate("sharing")]))
    assert len({caller.call("sharing", "detect", evidence=None) for _ in range(20)}) == 1
    began, going_on = threading.Event(), threading.Event()
    slow: list[int] = []

    def call() -> None:
        slow.append(caller.call("sharing", "detect", evidence=(began, going_on)))

    busy = threading.Thread(target=call)
    busy.start()
    assert began.wait(5)
    quick = caller.call("sharing", "detect", evidence=None)
    assert slow == []
    going_on.set()
    busy.join()
    assert slow != [quick]


def test_a_shared_thread_ends_with_whoever_called(place: Path) -> None:
    """Nothing is left waiting for calls that will never come."""
    install(place, "ending", "ending", detecting("ending", WHERE))
    caller = Caller(load([candidate("ending")]))
    ident = caller.call("ending", "detect", evidence=None)
    (thread,) = [each for each in threading.enumerate() if each.native_id == ident]
    del caller
    thread.join(5)
    assert not thread.is_alive()
