"""The addresses that a mailbox may send as, read again, listed, and held to the contract."""

import json
from typing import Any

import pytest

from core.renewal import Renewal, access, sign_in
from core.test_flows import begun, play, script
from inboxlink import hookimpl
from inboxlink.cli.app import run
from inboxlink.connect.aliases import refresh_aliases
from inboxlink.connect.host import Host
from inboxlink.connect.keeping import reconnection
from inboxlink.connect.request import Connected, Failed
from inboxlink.errors import ProviderFault, SetupError, SignInError
from inboxlink.types.report import Identity, Proof

OWN = Identity(address="me@renewing.test", proof=Proof.PROVEN, subject="me")


def proven(address: str) -> Identity:
    return Identity(address=address, proof=Proof.PROVEN)


def test_aliases_are_read_again(renewal: Renewal) -> None:
    """What was set up at the provider since is there, what was taken away is gone, each once."""
    # req 29, 30
    assert renewal.kept[0].identities == (OWN,)
    renewal.endpoint.aliases = ["sales@example.org", "me@renewing.test", "Sales@Example.org"]
    connection = refresh_aliases(renewal.host, renewal.kept[0])
    assert connection.identities == (OWN, proven("sales@example.org"))
    assert renewal.kept[0] == connection
    renewal.endpoint.aliases = ["help@example.org"]
    connection = refresh_aliases(renewal.host, connection)
    assert connection.identities == (OWN, proven("help@example.org"))
    renewal.endpoint.aliases = []
    assert refresh_aliases(renewal.host, connection).identities == (OWN,)


def test_the_accounts_id_stays_with_the_own_address(renewal: Renewal) -> None:
    """After the aliases were read another account is still not taken for this one."""
    renewal.endpoint.aliases = ["me@renewing.test", "you@renewing.test"]
    connection = refresh_aliases(renewal.host, renewal.kept[0])
    outcome = sign_in(renewal.host, reconnection(renewal.host, connection, "en"), "you")
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "wrong_account"


def test_aliases_are_asked_with_a_fresh_credential(renewal: Renewal) -> None:
    """A credential that has ended is renewed first; one that is refused for good says so."""
    before = access(renewal.kept[1])
    renewal.age()
    refresh_aliases(renewal.host, renewal.kept[0])
    assert access(renewal.kept[1]) != before
    renewal.endpoint.end("me")
    renewal.age()
    with pytest.raises(SignInError, match="^grant_ended$"):
        refresh_aliases(renewal.host, renewal.kept[0])
    with pytest.raises(SetupError, match="^sign_in_again$"):
        refresh_aliases(renewal.host, renewal.kept[0])
    assert renewal.kept[0].identities == (OWN,)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "a@b.example",
        ("a@b.example",),
        [proven("a@b.example")],
        (proven("a@b.example"),) * 1001,
    ],
    ids=["nothing", "text", "texts", "list", "too many"],
)
def test_what_is_no_list_of_identities_is_not_kept(
    renewal: Renewal, monkeypatch: pytest.MonkeyPatch, wrong: object
) -> None:
    """A provider that breaks the contract is named, and what was known stays."""
    from inboxlink_renewing import provider

    monkeypatch.setattr(provider, "aliases", hookimpl(lambda ctx, credential, settings: wrong))
    with Host() as host, pytest.raises(ProviderFault, match="^provider_result_invalid$"):
        refresh_aliases(host, renewal.kept[0])
    assert renewal.kept[0].identities == (OWN,)


def test_a_provider_that_cannot_tell_is_said_to(renewal: Renewal, capsys: Any) -> None:
    """Without the hook the person hears what can be done instead, and nothing is asked."""
    outcome = play(renewal.host, begun(renewal.host), script())
    assert isinstance(outcome, Connected)
    with pytest.raises(SetupError, match="^aliases_unsupported$"):
        refresh_aliases(renewal.host, outcome.connection)
    assert run(["aliases", "refresh", "me@scripted.test"]) == 12
    assert "[aliases_unsupported]" in capsys.readouterr().err


def test_the_program_lists_and_reads_again(renewal: Renewal, capsys: Any) -> None:
    """`aliases list` and `aliases refresh` say each address and how it is known."""
    # req 30
    renewal.endpoint.aliases = ["sales@example.org"]
    assert run(["aliases", "list", "me@renewing.test"]) == 0
    assert "sales" not in capsys.readouterr().out
    assert run(["aliases", "refresh", "me@renewing.test"]) == 0
    assert "sales@example.org" in capsys.readouterr().out
    assert run(["aliases", "list", renewal.id]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines() if "@" in line] == [
        "me@renewing.test",
        "sales@example.org",
    ]
    assert listed.count("the provider") == 2
    assert run(["--json", "aliases", "list", renewal.id]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {
        "account": renewal.id,
        "address": "me@renewing.test",
        "aliases": [
            {"address": "me@renewing.test", "proof": "proven", "subject": "me"},
            {"address": "sales@example.org", "proof": "proven", "subject": None},
        ],
    }
