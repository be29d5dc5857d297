"""A try that waits for an administrator, and how it is gone on with."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.custody import sql, traces
from core.test_flows import begun, play, request_for, script
from e2e.oauth_mailbox import Mailbox
from inboxlink.cli.app import run
from inboxlink.connect.handing_off import acknowledged_before, hand_off, resumed
from inboxlink.connect.host import Host
from inboxlink.connect.keeping import disconnect
from inboxlink.connect.request import Connected
from inboxlink.errors import HostError, problem
from inboxlink.handoff.ticket import Ticket
from inboxlink.store.rotation import rotate
from inboxlink.testing.installation import Running
from peers.oauth.microsoft_answers import redirected_error

REFUSED = problem("sign_in_refused")


def kept(host: Host, typed: str = "me@scripted.test") -> Ticket:
    handed = hand_off(host, request_for(host, typed), REFUSED)
    assert handed is not None
    assert handed.ticket is not None
    return handed.ticket


def refusal(host: Host, ticket: str, owner: str = "me") -> str:
    with pytest.raises(HostError) as caught:
        resumed(host, owner, ticket, "en")
    return caught.value.code


def connected(host: Host) -> Connected:
    outcome = play(host, begun(host), script())
    assert isinstance(outcome, Connected), outcome
    return outcome


def test_a_ticket_holds_what_a_fresh_sign_in_needs(scripted: Host) -> None:
    """Another process makes of it the request of before, for the same person."""
    ticket = kept(scripted)
    with Host() as other:
        request = resumed(other, "me", ticket.id, "en")
    assert request == request_for(scripted)
    assert ticket.problem_code == "sign_in_refused"
    assert [(each.id, each.version) for each in ticket.acknowledgements] == [("scripted.S", 1)]


def test_nobody_but_an_administrator_can_mend_it_or_there_is_no_ticket(scripted: Host) -> None:
    """What the person can mend themselves is neither kept nor written about."""
    assert hand_off(scripted, request_for(scripted), problem("invalid_credentials")) is None
    assert scripted.tickets.all_of("me", scripted.clock()) == ()


def test_a_ticket_lasts_fourteen_days_and_is_one_persons(scripted: Host) -> None:
    """Up to its last second it is gone on with; after that, or by another, it is not."""
    ticket = kept(scripted)
    assert ticket.expires_at - ticket.created_at == timedelta(days=14)
    assert refusal(scripted, ticket.id, owner="else") == "ticket_unknown"
    assert refusal(scripted, "nonesuch") == "ticket_unknown"
    with Host(clock=lambda: ticket.expires_at - timedelta(seconds=1)) as soon:
        assert resumed(soon, "me", ticket.id, "en").owner == "me"
    with Host(clock=lambda: ticket.expires_at) as late:
        assert refusal(late, ticket.id) == "ticket_expired"
        assert late.tickets.all_of("me", late.clock()) == ()
        kept(late, "other@scripted.test")
        assert refusal(late, ticket.id) == "ticket_unknown", "what is over is forgotten"


def test_a_second_try_takes_the_place_of_the_first(scripted: Host) -> None:
    """A person's mailbox has one ticket, however it is spelt, and another person's has its own."""
    first, second = kept(scripted), kept(scripted, "ME@scripted.test")
    assert refusal(scripted, first.id) == "ticket_unknown"
    assert [each.id for each in scripted.tickets.all_of("me", scripted.clock())] == [second.id]


def test_a_changed_ticket_is_refused(scripted: Host) -> None:
    """It says where a password goes, so that no word of it counts without the key's own mark."""
    ticket = kept(scripted)
    data = scripted.paths.data
    (row,) = sql(data, "SELECT content FROM ticket")
    changed = row[0].replace('"settings":{}', '"settings":{"a":"b"}')
    assert changed != row[0]
    sql(data, "UPDATE ticket SET content = :c", c=changed)
    assert refusal(scripted, ticket.id) == "sealed_broken"
    sql(data, "UPDATE ticket SET content = :c", c=row[0])
    assert resumed(scripted, "me", ticket.id, "en")
    sql(data, "UPDATE ticket SET key_id = 'other'")
    assert refusal(scripted, ticket.id) == "sealed_broken"


def test_a_ticket_in_another_persons_place_is_refused(scripted: Host) -> None:
    """A row that was given to somebody else names whose it was."""
    ticket = kept(scripted)
    sql(scripted.paths.data, "UPDATE ticket SET owner = 'else'")
    assert refusal(scripted, ticket.id, owner="else") == "sealed_broken"


def test_tickets_outlive_a_rotated_key(scripted: Host) -> None:
    """They are authenticated anew; one that was changed before is not made good by that."""
    ticket, other = kept(scripted), kept(scripted, "other@scripted.test")
    sql(
        scripted.paths.data,
        "UPDATE ticket SET content = replace(content, 'other@', 'evil@') WHERE id = :id",
        id=other.id,
    )
    rotate(scripted.store, scripted.vault)
    with Host() as host:
        assert resumed(host, "me", ticket.id, "en").address == request_for(host).address
        assert refusal(host, other.id) == "ticket_unknown"


def test_a_ticket_ends_with_the_connection(scripted: Host) -> None:
    """Whichever way the mailbox was connected, nothing waits for it any more."""
    ticket = kept(scripted)
    connected(scripted)
    assert refusal(scripted, ticket.id) == "ticket_unknown"


def test_only_words_that_were_acknowledged_need_no_second_yes(scripted: Host) -> None:
    """The ledger has to hold them too; after a disconnection, or in another language, it asks."""
    ticket = kept(scripted)
    request = resumed(scripted, "me", ticket.id, "en")
    assert acknowledged_before(scripted, request, ticket.id) == frozenset()
    begun(scripted)  # acknowledges
    assert acknowledged_before(scripted, request, ticket.id) == {"scripted.S@1"}
    japanese = resumed(scripted, "me", ticket.id, "ja")
    assert acknowledged_before(scripted, japanese, ticket.id) == frozenset()
    disconnect(scripted, connected(scripted).connection)
    again = kept(scripted)
    assert acknowledged_before(scripted, request, again.id) == frozenset()


def said(capsys: Any, *arguments: str, status: int = 0) -> str:
    assert run(list(arguments)) == status
    captured = capsys.readouterr()
    return str(captured.out + captured.err)


ABORTED = ("connect", "me@scripted.test", "--acknowledge=scripted.S@1", "--set=nickname=n")


def test_a_failed_connect_ends_with_the_letter_and_the_ticket(
    scripted: Host, capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In words, as JSON in both languages, and as a file that is never overwritten."""
    monkeypatch.setenv("LOGNAME", "me")
    abort = (*ABORTED, "--set=way=abort")
    text = said(capsys, *abort, status=10)
    (ticket,) = scripted.tickets.all_of("me", scripted.clock())
    assert f"inboxlink connect --resume {ticket.id}" in text
    assert "Please allow Acme to connect the mailbox me@scripted.test" in text
    handed = json.loads(said(capsys, "--json", *abort, status=10))["hand_off"]
    assert [each["language"] for each in handed["letters"]] == ["en", "ja"]
    assert all("me@scripted.test" in each["subject"] for each in handed["letters"])
    file = tmp_path / "letter.txt"
    text = said(capsys, *abort, f"--letter={file}", status=10)
    assert "Please allow" not in text
    assert file.read_text().startswith("Please allow Acme to connect the mailbox me@scripted.test")
    file.write_text("mine")
    assert "[letter_unwritable]" in said(capsys, *abort, f"--letter={file}", status=12)
    assert file.read_text() == "mine"


def test_a_ticket_that_cannot_be_kept_takes_nothing_from_the_letter(
    scripted: Host, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trouble that was, and the letter, are said although the store takes nothing any more."""
    monkeypatch.setenv("LOGNAME", "me")
    _ = scripted.store
    sql(
        scripted.paths.data,
        "CREATE TRIGGER full BEFORE INSERT ON ticket BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    document = json.loads(said(capsys, "--json", *ABORTED, "--set=way=abort", status=10))
    assert document["error"]["code"] == "sign_in_refused"
    assert document["hand_off"]["ticket"] is None
    assert "inboxlink connect --resume" not in document["hand_off"]["letters"][0]["body"]


def test_the_tickets_are_listed(
    scripted: Host, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`connect --resume` alone says what waits, until when, and for what."""
    monkeypatch.setenv("LOGNAME", "me")
    assert "Nothing waits" in said(capsys, "connect", "--resume")
    ticket = kept(scripted)
    text = said(capsys, "connect", "--resume")
    assert ticket.id in text
    (listed,) = json.loads(said(capsys, "--json", "connect", "--resume"))["tickets"]
    assert (listed["id"], listed["address"]) == (ticket.id, "me@scripted.test")
    wrong = said(capsys, "connect", "me@scripted.test", "--resume", ticket.id, status=2)
    assert "ADDRESS cannot be given with it" in wrong


def test_after_the_administrator_the_person_goes_on(outlook: Mailbox) -> None:
    """The whole way at Microsoft: refused, a letter with the exact address, allowed, connected."""
    outlook.world.faults.at_authorization(redirected_error(90094))
    recorder = outlook.recorded()
    status, document = outlook.connect()
    assert (status, document["error"]["code"]) == (10, "admin_consent_required")
    handed = document["hand_off"]
    english, japanese = (each["body"] for each in handed["letters"])
    for body in (english, japanese):
        assert re.search(r"https://login.microsoftonline.com/\S+/adminconsent\?client_id=", body)
        assert outlook.client["client_id"] in body
        for scope in ("User.Read", "MailboxSettings.Read", "Mail.Read", "Mail.Send"):
            assert f"- {scope}: " in body
    outlook.world.faults.clear()
    outlook.world.faults.at_token(recorder.fault)
    ticket = handed["ticket"]["id"]
    environ = outlook.environ
    # Nothing is asked again: what was acknowledged stands in the ledger, in the same words.
    running = Running(outlook.home, "--json", "connect", "--resume", ticket, environ=environ)
    status, document = outlook.answered(running)
    assert status == 0, document
    assert document["account"]["state"] == "active"
    assert outlook.run("connect", "--resume")["tickets"] == []
    said = outlook.run("connect", "--resume", ticket, status=14)
    assert said["error"]["code"] == "ticket_unknown"
    entries = outlook.run("consent", "show")["entries"]
    acknowledged = [each for each in entries if each["kind"] == "acknowledged"]
    assert len(acknowledged) == 1


def test_a_ticket_holds_no_secret(outlook: Mailbox) -> None:
    """Nothing of a device code, a verifier or a token is in the database after a refusal."""
    outlook.world.faults.at_authorization(redirected_error(90094))
    status, document = outlook.connect()
    assert status == 10
    data = outlook.home / "data"
    assert traces(data, document["hand_off"]["ticket"]["id"].encode()), "the scan finds the ticket"
    (row,) = sql(data, "SELECT content FROM ticket")
    assert set(json.loads(row[0])) == set(Ticket.model_fields)
    for word in ("verifier", "code_challenge", "state", "token", "nonce"):
        assert word not in row[0]
