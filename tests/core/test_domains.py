"""Where a registered domain begins: the same as by the whole list, at a part of its cost."""

from collections import defaultdict
from pathlib import Path

import publicsuffixlist
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.domains import is_public_suffix, registrable

RULES = [
    line.strip()
    for line in Path(publicsuffixlist.PSLFILE).read_text("utf-8").splitlines()
    if line.strip() and not line.startswith("//")
]


@pytest.fixture(scope="module")
def whole() -> publicsuffixlist.PublicSuffixList:
    return publicsuffixlist.PublicSuffixList()


def chosen() -> list[str]:
    """Every top-level domain with a wildcard or an exception, and each 25th of the others."""
    tops: dict[str, list[str]] = defaultdict(list)
    for rule in RULES:
        tops[rule.rpartition(".")[2]].append(rule)
    return [
        rule
        for number, rules in enumerate(tops.values())
        if number % 25 == 0 or any(rule[0] in "*!" for rule in rules)
        for rule in rules
    ]


def test_it_is_what_the_whole_list_says(whole: publicsuffixlist.PublicSuffixList) -> None:
    """At, below and two below every rule, also where the rules are written in other scripts."""
    rules = chosen()
    assert len(rules) > 2000
    for rule in rules:
        base = rule.removeprefix("!").removeprefix("*.").encode("idna").decode()
        for host in (base, f"a.{base}", f"b.a.{base}", f"c.b.a.{base}"):
            assert registrable(host) == whole.privatesuffix(host), host
            assert is_public_suffix(host) == (whole.publicsuffix(host) == host), host


_LABELS = st.sampled_from(
    ["a", "co", "com", "uk", "jp", "kobe", "city", "ck", "www", "io", "github"]
)


@given(st.lists(_LABELS, min_size=1, max_size=5).map(".".join))
def test_the_registered_domain_is_one_label_longer(host: str) -> None:
    """It ends the host, and what is above it is a public suffix."""
    found = registrable(host)
    if found is None:
        assert is_public_suffix(host)
    else:
        assert f".{host}".endswith(f".{found}")
        assert is_public_suffix(found.partition(".")[2])
        assert not is_public_suffix(found)


@given(st.text(max_size=30))
def test_any_text_is_judged(text: str) -> None:
    """What is no domain has no registered one, or one of its own."""
    found = registrable(text)
    assert found is None or text.lower().endswith(found)
    assert is_public_suffix(text) in (True, False)
