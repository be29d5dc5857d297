"""Doors that answer from a transcript, in the cases that a whole mailbox does not show."""

import time
from datetime import UTC, datetime

import pytest

from inboxlink.bundle.pseudonyms import Pseudonyms
from inboxlink.bundle.recording import Recorder
from inboxlink.bundle.replay import Replay
from inboxlink.bundle.transcript import Conversation, Failure, Turn
from inboxlink.errors import MailboxError, UnreachableError, problem
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.types.detection import Endpoint, Role, Tls
from inboxlink.types.validity import Validity
from peers.certificates import Authority
from peers.scripted import Conversation as Scripted
from peers.scripted import ScriptedServer

HOST = "imap.example.test"
IMAP = Endpoint(Role.IMAP, HOST, 993, Tls.IMPLICIT)


def said(*turns: Turn, **head: object) -> Conversation:
    fields = {"hook": "verify", "door": "open", "role": "imap", "host": HOST, "port": 993}
    return Conversation(**{**fields, **head}, turns=turns)


def soon() -> float:
    return time.monotonic() + 5


def test_tags_of_now_stand_in_place_of_those_of_then() -> None:
    """A library that draws its tags anew is answered by the tags that it drew."""
    wire = Replay(
        [
            said(
                Turn(heard="* OK hi\r\n"),
                Turn(sent="A1 NOOP"),
                Turn(heard="* 3 EXISTS\r\n"),
                Turn(heard="A1 OK done\r\n"),
            )
        ]
    )
    channel = wire.open(IMAP, soon())
    file = channel.makefile()
    assert file.readline() == b"* OK hi\r\n"
    channel.sendall(b"XYZ7 NOOP\r\n")
    assert file.readline() == b"* 3 EXISTS\r\n"
    assert file.readline() == b"XYZ7 OK done\r\n"
    assert file.readline() == b""


def test_what_ended_a_dialogue_ends_it_again() -> None:
    """A timeout in the middle, and a question more than was asked then."""
    lost = Failure(problem=problem("timed_out", host=HOST, port="993"))
    wire = Replay([said(Turn(heard="* OK hi\r\n"), Turn(failed=lost)), said()])
    channel = wire.open(IMAP, soon())
    file = channel.makefile()
    file.readline()
    with pytest.raises(MailboxError, match="^timed_out$"):
        file.readline()
    with pytest.raises(MailboxError, match="^connection_lost$"):
        wire.open(IMAP, soon()).sendall(b"A1 NOOP\r\n")


def test_a_door_that_was_not_opened_then_is_closed() -> None:
    """Another one, or the same once more, refuses; one that was unreachable is so again."""
    down = Failure(problem=problem("certificate_expired", host=HOST, port="993"), stage="tls")
    wire = Replay([said(Turn(failed=down), took_ms=(("dns", 1.0), ("tcp", 1.0), ("tls", 1.0)))])
    with pytest.raises(UnreachableError, match="^certificate_expired$") as caught:
        wire.open(IMAP, soon())
    assert caught.value.stage == "tls"
    assert [name for name, _ in caught.value.took_ms] == ["dns", "tcp", "tls"]
    for call in (
        lambda: wire.open(IMAP, soon()),
        lambda: wire.http("api.example.test", soon()),
        lambda: wire.get("https://x.example.test/", soon()),
        lambda: wire.services("_imaps._tcp.example.test", soon()),
    ):
        with pytest.raises(UnreachableError, match="^connection_refused$"):
            call()


def test_a_certificate_is_shown_as_it_was(authority: Authority) -> None:
    """A certificate that is not trusted: recorded at a real server, the replay shows the same."""
    names = Pseudonyms(b"k" * 32)

    def hang_up(conversation: Scripted) -> None:
        conversation.send(b"* BYE\r\n")

    with ScriptedServer(hang_up, authority.issue(HOST), implicit=True) as server:
        settings = NetworkSettings(connect={f"{HOST}:993": f"127.0.0.1:{server.port}"})
        recorder = Recorder(Network(settings), names)
        facts = recorder.certificate(IMAP, soon())
        with pytest.raises(UnreachableError, match="^certificate_untrusted$"):
            recorder.open(IMAP, soon())
    wire = Replay(recorder.conversations)
    assert wire.certificate(IMAP, soon()) == facts
    with pytest.raises(UnreachableError, match="^certificate_untrusted$") as caught:
        wire.open(IMAP, soon())
    assert caught.value.stage == "tls"


def test_a_transcript_survives_json() -> None:
    """What is written is what is read, times and failures too."""
    down = Failure(problem=problem("timed_out", host=HOST, port="993"), stage="tcp")
    until = Validity(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    before = said(Turn(heard="* OK ü\r\n"), Turn(failed=down))
    before = before.model_copy(update={"validity": until})
    assert Conversation.model_validate_json(before.model_dump_json(), strict=False) == before
