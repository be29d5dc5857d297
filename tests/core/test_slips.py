"""A mistyped domain of a large hoster is noticed, and nobody's own domain is."""

import pytest

from inboxlink.detection import Recommendation
from inboxlink.evidence import table
from inboxlink.evidence.slips import probably_meant
from inboxlink.types.detection import Basis, Detection, Evidence
from inboxlink.types.text import Text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmail.con", "gmail.com"),
        ("gmial.com", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("mgail.com", "gmail.com"),
        ("gmail.cmo", "gmail.com"),
        ("hotmailcom", "hotmail.com"),
        ("hotmail.con", "hotmail.com"),
        ("yahoo.co", "yahoo.com"),
        ("yahho.co.jp", "yahoo.co.jp"),
        ("docomo.ne.jo", "docomo.ne.jp"),
    ],
)
def test_a_slip_is_noticed(typed: str, meant: str) -> None:
    """A character too many, one that is missing, another one, or two that changed places."""
    assert probably_meant(typed) == meant


@pytest.mark.parametrize(
    "domain", ["gmail.com", "example.org", "acme.com", "gmxxx.de", "xn--gmal-nza.com", "a", ""]
)
def test_what_is_no_slip_is_left_alone(domain: str) -> None:
    """Two differences are another name, and a hoster's own domain is itself."""
    assert probably_meant(domain) is None


def test_it_is_asked_only_where_nothing_was_found() -> None:
    """Whoever has mail at such a domain is not told that they meant another."""
    evidence = Evidence("gmial.com")
    found = Detection("imap", Basis.PUBLISHED, Text("x"))
    assert Recommendation(evidence, ()).meant == "gmail.com"
    assert Recommendation(evidence, (found,)).meant is None
    hosting = (table.fact("gmail", "x"),)
    assert Recommendation(Evidence("gmial.com", hosting=hosting), (found,)).meant is None
