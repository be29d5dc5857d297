"""The shipped hosters: every entry sound, whole labels alone match, and nothing else is known."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.evidence import table
from inboxlink.evidence.domains import is_public_suffix
from inboxlink.network.policy import check_host
from inboxlink.types.detection import SignIn, Tls, Trust

ROWS = json.loads((Path(table.__file__).with_name("providers.json")).read_text("utf-8"))
KEYS = {"title", "countries", "domains", "exchanges", "imap", "submission", "sign_in", "help"}
EUROPE = {
    *("de", "at", "ch", "fr", "it", "es", "nl", "be", "gb", "se", "dk", "no", "cz", "pl", "lt"),
    "eu",
}


def test_there_are_enough_of_them() -> None:
    """At least 60 hosters, and the United States, Europe and Japan each well represented."""
    assert len(ROWS) >= 60
    countries = Counter(country for row in ROWS.values() for country in row["countries"])
    assert countries["us"] >= 15
    assert countries["jp"] >= 8
    assert sum(countries[each] for each in EUROPE) >= 35


@pytest.mark.parametrize("name", ROWS)
def test_an_entry_is_sound(name: str) -> None:
    """Hosts, ports, TLS, placeholders, sign-in and help page are as the core uses them."""
    row = ROWS[name]
    assert re.fullmatch(r"[a-z0-9_]+", name)
    assert KEYS | {"checked"} == row.keys() - {"username"}
    assert row["checked"] == "memory" or re.fullmatch(r"20\d\d-\d\d", row["checked"])
    assert row["help"].startswith("https://")
    assert row["sign_in"]
    assert all(SignIn(each) for each in row["sign_in"])
    assert (row["sign_in"] == ["none"]) == (row["imap"] == [])
    for host, port, tls in row["imap"] + row["submission"]:
        assert check_host(host) == host
        assert (port, Tls(tls)) in ((993, Tls.IMPLICIT), (465, Tls.IMPLICIT), (587, Tls.STARTTLS))
    if row["imap"]:
        assert row["username"] in ("{address}", "{local}")
    for each in row["domains"] + row["exchanges"]:
        assert check_host(each) == each
        assert not is_public_suffix(each)


def test_no_name_belongs_to_two() -> None:
    """A domain, and an exchanger, is one hoster's."""
    for key in ("domains", "exchanges"):
        counts = Counter(each for row in ROWS.values() for each in row[key])
        assert [each for each, count in counts.items() if count > 1] == []


def test_a_domain_is_known_with_its_servers() -> None:
    """The fact names the hoster, is owned, and its servers are trusted as what was shipped."""
    fact = table.of_domain("icloud.com")
    assert fact is not None
    assert (fact.name, fact.is_owned, fact.sign_in) == ("icloud", True, (SignIn.APP_PASSWORD,))
    assert [(each.protocol, each.host, each.port) for each in fact.servers] == [
        ("imap", "imap.mail.me.com", 993),
        ("smtp", "smtp.mail.me.com", 587),
    ]
    assert {each.trust for each in fact.servers} == {Trust.SHIPPED}


@pytest.mark.parametrize(
    "domain", ["notgmail.com", "gmail.com.evil.example", "mail.gmail.com", "GMAIL.COM", "com", ""]
)
def test_other_domains_are_not_known(domain: str) -> None:
    """Only the domain itself, as an A-label in lower case, is in the table."""
    assert table.of_domain(domain) is None


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("in1-smtp.messagingengine.com", "fastmail"),
        ("messagingengine.com", "fastmail"),
        ("notmessagingengine.com", None),
        ("messagingengine.com.evil.example", None),
        ("a.olc.protection.outlook.com", "outlook_com"),
        ("protection.outlook.com", None),
        ("", None),
    ],
)
def test_exchangers_match_by_whole_labels(host: str, name: str | None) -> None:
    """A suffix counts from a label's beginning on."""
    fact = table.of_exchange(host)
    assert (fact and fact.name) == name


@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text: str) -> None:
    """Whatever is asked, the answer is a hoster or nothing."""
    table.of_domain(text)
    table.of_exchange(text)
    assert table.fact(text, "x").shown_by == "x"
