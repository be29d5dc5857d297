"""Why a provider that an account has cannot be called."""

from pathlib import Path

import pytest

from core.distributions import NOTHING, candidate, enabled, good, install
from inboxlink.plugins.absence import absence
from inboxlink.plugins.candidates import installed
from inboxlink.plugins.loading import load
from inboxlink.plugins.policy import Policy, vet
from inboxlink.plugins.record import Enabled, ProviderRecord, RecordFile
from inboxlink.types.text import Text

POLICY = Policy()


def told(
    provider: str, record: ProviderRecord = NOTHING, *loaded: str, policy: Policy = POLICY
) -> tuple[str, Text] | None:
    """The code and the remedy, of an installation as it is."""
    registry = load(candidate(each) for each in loaded)
    found = absence(provider, registry, vet(installed(), policy, record), record)
    if found is None:
        return None
    assert found.remedy is not None
    return found.code, found.remedy


def test_what_can_be_called_is_not_absent(place: Path) -> None:
    """A provider that was loaded is there."""
    install(place, "acme-mail", "acme")
    assert told("acme", NOTHING, "acme-mail") is None


def test_what_is_here_and_may_not_run_says_why(place: Path) -> None:
    """Ruled out or broken, it is not called missing, because to install it would not help."""
    install(place, "acme-mail", "acme")
    found = told("acme")
    assert found is not None
    assert found[0] == "provider_untrusted"
    blocked = told("acme", policy=Policy(blocked=frozenset({"acme-mail"})))
    assert blocked is not None
    assert blocked[0] == "provider_blocked"
    install(place, "bad-mail", "bad", good("bad").replace("def verify", "def verfy"))
    broken = told("bad", NOTHING, "bad-mail")
    assert broken is not None
    assert broken[0] == "provider_load_failed"


@pytest.mark.parametrize("provider", ["gmail", "outlook", "exchange", "imap"])
def test_ours_are_known_by_their_names(provider: str) -> None:
    """Each of ours comes from one distribution, which is told also where it never was."""
    found = absence(provider, load(()), (), NOTHING)
    assert found is not None
    assert found.code == "provider_not_installed"
    assert found.message.params["distribution"] == f"inboxlink-{provider}"


def test_a_stranger_is_known_while_it_is_enabled(tmp_path: Path) -> None:
    """The record remembers which providers an enabled distribution brought; nobody else does."""
    file = RecordFile(tmp_path)
    file.enable("acme-mail", Enabled("1.0", "a" * 64, "now", ("acme", "acme-team")))
    found = told("acme-team", file.read())
    assert found is not None
    assert found[0] == "provider_not_installed"
    assert found[1].params["distribution"] == "acme-mail"
    unknown = told("other", file.read())
    assert unknown is not None
    assert unknown[0] == "provider_unknown"
    file.disable("acme-mail")
    forgotten = told("acme-team", file.read())
    assert forgotten is not None
    assert forgotten[0] == "provider_unknown"


def test_a_record_of_before_is_read(tmp_path: Path) -> None:
    """One that was written without the names of the providers keeps its leave."""
    (tmp_path / "providers.json").write_text(
        '{"enabled": {"acme-mail": {"version": "1", "digest": "a", "at": "now"}}, "checks": {}}'
    )
    assert RecordFile(tmp_path).read().enabled["acme-mail"] == Enabled("1", "a", "now")


def test_a_record_that_an_operator_enabled_names_no_provider_by_itself(place: Path) -> None:
    """Leave for a distribution that is there and changed is no word of its absence."""
    install(place, "acme-mail", "acme")
    record = enabled("acme-mail")
    rows = place / "acme_mail-1.0.dist-info" / "RECORD"
    rows.write_text(rows.read_text().replace("aaaa", "bbbb"))
    found = told("acme", record)
    assert found is not None
    assert found[0] == "provider_changed"
