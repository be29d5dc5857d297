"""Which rule counts where several could, and what is no sign at all."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnosis.world import all_rules, golden
from inboxlink.diagnosis import Rules, diagnose, explain
from inboxlink.diagnosis.matching import Question, literal_of
from inboxlink.diagnosis.reading import MAX_CHARACTERS, Text
from inboxlink.diagnosis.rule import Rule, read_rule
from inboxlink.errors import problem


def rule(name: str, owner: str | None = None, **signs: Any) -> Rule:
    """A rule with these signs and words that do not matter."""
    words = {"cause": "So.", "steps": ["Do it."]}
    raw: dict[str, Any] = {
        "id": name,
        "protocol": "smtp",
        "stages": [],
        "codes": [],
        "patterns": [],
        "hosts": [],
        "error": "sender_refused",
        "who": None,
        "link": None,
        "source": "RFC 0",
        "read": "2026-11",
        "en": words,
        "ja": words,
    }
    return read_rule(raw | signs, owner)


def best(rules: list[Rule], text: str, **known: Any) -> str | None:
    found = Rules(rules).matches(Question(Text(text), **known))
    return found[0].rule.id if found else None


SAID = "550 5.7.1 no relaying for you"
BY_PATTERN = rule("a.pattern", patterns=["relaying"])
BY_REPLY = rule("b.reply", codes=["550"])
BY_ENHANCED = rule("c.enhanced", codes=["5.7.1"])
BY_BOTH_CODES = rule("d.codes", codes=["550 5.7.1"])
BY_CODE_AND_PATTERN = rule("e.both", codes=["550"], patterns=["relaying"])
BY_HOST = rule("f.host", patterns=["relaying"], hosts=["mail.example.org"])
LADDER = [BY_PATTERN, BY_REPLY, BY_ENHANCED, BY_BOTH_CODES, BY_CODE_AND_PATTERN, BY_HOST]


@pytest.mark.parametrize("place", range(1, len(LADDER)))
def test_the_more_precise_rule_counts(place: int) -> None:
    """Pattern, reply, enhanced code, both, code and pattern, host: each beats those before."""
    known = {"host": "smtp.mail.example.org"}
    expected = LADDER[place].id
    assert best(LADDER[: place + 1], SAID, **known) == expected
    assert best(LADDER[place::-1], SAID, **known) == expected


def test_a_vendors_rule_beats_a_standards() -> None:
    """Of two that are as precise, a provider's counts, and first the one that asks."""
    signs = {"protocol": "oauth", "codes": ["invalid_grant"]}
    rules = [rule("a.x", **signs), rule("b.x", "gmail", **signs), rule("c.x", "outlook", **signs)]
    assert best(rules, "invalid_grant", provider="gmail") == "b.x"
    assert best(rules, "invalid_grant", provider="outlook") == "c.x"
    assert best(rules[:2], "invalid_grant") == "b.x"


@pytest.mark.parametrize("provider", ["gmail", "outlook", "exchange"])
def test_a_status_of_http_is_no_reply_of_smtp(provider: str) -> None:
    """What a provider reports that speaks no SMTP is not read as SMTP."""
    assert best([BY_REPLY], SAID, provider=provider) is None
    assert best([BY_REPLY], SAID, provider="imap") == "b.reply"


def test_another_providers_api_has_no_say() -> None:
    """The same code of two APIs is read by the rules of the one that was asked."""
    rules = [
        rule("ews.denied", "exchange", protocol="ews", codes=["ErrorAccessDenied"]),
        rule("graph.denied", "outlook", protocol="graph", codes=["ErrorAccessDenied"]),
    ]
    assert best(rules, "ErrorAccessDenied", provider="exchange") == "ews.denied"
    assert best(rules, "ErrorAccessDenied", provider="outlook") == "graph.denied"
    assert best(rules, "ErrorAccessDenied", protocol="ews") == "ews.denied"
    assert best(rules, "ErrorAccessDenied", provider="imap") is None


def test_a_rule_needs_each_kind_of_its_signs() -> None:
    """A code without the words, and the words without the code, are no match."""
    assert best([BY_CODE_AND_PATTERN], "550 5.7.1 spam") is None
    assert best([BY_CODE_AND_PATTERN], "451 relaying") is None


def test_a_host_is_a_name_or_one_below_it() -> None:
    """`mail.example.org` covers what ends in it behind a dot, given or named in the text."""
    for host in ("mail.example.org", "IMAP.mail.example.org"):
        assert best([BY_HOST], SAID, host=host) == "f.host"
    for other in ("webmail.example.org", "mail.example.org.evil.test", None):
        assert best([BY_HOST], SAID, host=other) is None
    assert best([BY_HOST], f"smtp.mail.example.org: {SAID}") == "f.host"
    assert best([BY_HOST], f"bob@mail.example.org: {SAID}") is None


def test_a_stage_counts_where_it_is_known() -> None:
    """A rule of the stage goes first there, last where none is known, and nowhere else."""
    rules = [rule("a.any", codes=["504"]), rule("b.auth", codes=["504"], stages=["auth"])]
    assert best(rules, "504 no", stage="auth") == "b.auth"
    assert best(rules, "504 no", stage="sender") == "a.any"
    assert best(rules, "504 no") == "a.any"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("550 no", True),
        ("550-no\n550 no", True),
        ("log: (550, b'no')", True),
        ("the server responded with code 550", True),
        ("SMTP error: 550 no", True),
        ("it took 550 ms", False),
        ("message 550 of 600", False),
        ("1550 no", False),
        ("550.5 kB", False),
        # Both tell one class (RFC 2034 section 4), or neither is believed.
        ("550 4.7.1 which of them", False),
        ("550 5.9.9 unknown and of one class", True),
    ],
)
def test_a_number_is_a_reply_where_one_would_stand(text: str, is_one: bool) -> None:
    """A reply of SMTP is told from any other number."""
    assert (best([BY_REPLY], text) is not None) is is_one


def test_an_enhanced_code_of_another_class_is_not_believed() -> None:
    """Neither of two that contradict each other is a sign."""
    assert best([BY_ENHANCED], "450 5.7.1 which of them") is None
    assert best([BY_ENHANCED], "at 5.7.1 no") == "c.enhanced"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("a1 NO [LIMIT] too many", True),
        ("a1 NO [limit] too many", True),
        ("a1 NO [LIMIT 5] too many", True),
        ("LIMIT", True),
        ("limit", True),
        ("the LIMIT is reached", False),
        ("[LIMITED] no", False),
    ],
)
def test_a_response_code_stands_in_brackets(text: str, is_one: bool) -> None:
    """In any case, with arguments or not; a word of prose is none, a word alone is one."""
    found = best([rule("imap.limit", protocol="imap", codes=["LIMIT"])], text)
    assert (found is not None) is is_one


def test_pythons_octets_and_versions_of_http_stand_in_nobodys_way() -> None:
    """`(535, b'5.7.8 no')` has both codes, and `HTTP/1.1 401` the code `HTTP 401`."""
    assert best([rule("a.x", codes=["535 5.7.8"])], "(535, b'5.7.8 no')") == "a.x"
    assert best([rule("a.x", protocol="http", codes=["HTTP 401"])], "HTTP/1.1 401 No") == "a.x"


def test_what_a_connection_shows_is_understood_too() -> None:
    """The code in brackets below our own errors leads to the rule of that error."""
    said = "✗ The certificate of mail.example.org:993 has expired.\n  [certificate_expired]"
    found = explain(said, language="en", rules=all_rules())
    assert found.rule == "tls.certificate_expired"


def test_the_providers_reading_of_a_code_counts() -> None:
    """A standard code in the middle of prose does not turn a wrong password into an outage."""
    trouble = problem("invalid_credentials", remote="no [UNAVAILABLE] for you")
    found = diagnose(trouble, language="en", rules=all_rules(), provider="imap")
    assert found.rule == "flow.invalid_credentials"


def test_a_providers_own_code_counts_whatever_it_is_shown_as() -> None:
    """A renewal asks for a consent that only an administrator gives: the code says which."""
    trouble = problem("consent_required", remote="AADSTS65001: no consent")
    found = diagnose(trouble, language="en", rules=all_rules(), provider="outlook")
    assert found.rule == "entra.not_consented"


def test_a_servers_own_rule_counts_where_it_said_nothing() -> None:
    """A bare no of a server whose provider wants app passwords ends in that provider's rule."""
    trouble = problem("invalid_credentials", host="imap.mail.yahoo.com", port="993")
    found = diagnose(trouble, language="en", rules=all_rules(), provider="imap")
    assert found.rule is not None
    assert found.rule.startswith("app_password.yahoo")
    other = diagnose(
        problem("invalid_credentials", host="imap.example.org", port="993"),
        language="en",
        rules=all_rules(),
    )
    assert other.rule == "flow.invalid_credentials"


def test_nothing_said_of_an_error_without_a_rule_is_nothing() -> None:
    """Neither a rule nor a fingerprint is made up."""
    found = diagnose(problem("remote_error"), language="en", rules=all_rules())
    assert found == type(found)()


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        ("relaying", "relaying"),
        ("Relay(ing)? denied", " denied"),
        (r"user\+IP exceeded", "user+ip exceeded"),
        ("self[- ]signed certificate", "signed certificate"),
        ("colou?rs and more", "rs and more"),
        (r"listed (in|at) \S{3,80}", "listed "),
        ("this|that", ""),
        ("certificate is valid for .{1,200}, not ", "certificate is valid for "),
        (r"^\d+ words$", " words"),
        (r"a\.b\?c.", "a.b?c"),
    ],
)
def test_a_literal_is_what_a_pattern_always_needs(pattern: str, literal: str) -> None:
    """What may be missing is no part of it, and an alternative leaves none."""
    assert literal_of(pattern) == literal


def test_no_golden_text_is_lost_by_a_literal() -> None:
    """Where a pattern matches a golden text, its literal stands in that text."""
    texts = [Text(row["text"]) for row in golden()]
    for pattern in {pattern for each in all_rules().all for pattern in each.patterns}:
        matches = re.compile(pattern, re.IGNORECASE).search
        for text in texts:
            assert literal_of(pattern) in text.lower or not matches(text.text), pattern


@given(st.text(max_size=400))
def test_any_text_has_an_end(text: str) -> None:
    """Whatever was pasted is explained or gets a fingerprint, and nothing is raised."""
    found = explain(text, language="ja", rules=all_rules())
    assert (found.rule is None) is (found.cause is None)
    if found.rule is None:
        assert (found.fingerprint is None) is (not text.strip())


HOSTILE = {
    "codes": "535 5.7.8 AADSTS65001 [LIMIT] ErrorAccessDenied ",
    "replies": "550 ",
    "brackets": "[A",
    "dots": "a.",
    "words": "a",
    "spaces": " ",
    "lines": "\n",
    "quotes": 'login "',
    "names": "password=",
    "at": "a@",
    "literals": "certificate is valid for ",
    "underscores": "a_",
    "capitals": "ErrorAa",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_long_texts_take_no_more_than_their_length(name: str) -> None:
    """A text that is four times as long takes nowhere near sixteen times the steps."""
    import time

    def took(size: int) -> float:
        text = (HOSTILE[name] * size)[:size]
        times = []
        for _ in range(3):
            began = time.process_time()
            explain(text, language="en", rules=all_rules())
            times.append(time.process_time() - began)
        return min(times)

    took(1000)
    short, long = took(MAX_CHARACTERS // 4), took(MAX_CHARACTERS)
    assert long < 10 * max(short, 0.002)
    assert took(4 * MAX_CHARACTERS) < 3 * max(long, 0.002)
