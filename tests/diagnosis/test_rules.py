"""The rules as data: their form, their words, and the text that each was made for."""

import json
import re
from collections import Counter
from datetime import date
from importlib import resources
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from diagnosis.world import FILES, GOLDEN, PACKAGES, ROOT, all_rules, golden
from inboxlink.diagnosis import explain
from inboxlink.diagnosis.matching import Question, literal_of
from inboxlink.diagnosis.reading import Text
from inboxlink.diagnosis.rule import PROTOCOLS
from inboxlink.errors import CODES, Blame
from inboxlink.texts import LANGUAGES

KEYS = (
    *("id", "protocol", "stages", "codes", "patterns", "hosts", "error", "who", "link"),
    *("source", "read", "en", "ja"),
)
RAW = [
    (file, raw) for file in FILES for raw in json.loads(file.read_text(encoding="utf-8"))["rules"]
]
IDS = [raw["id"] for _, raw in RAW]
#: What errors say, of the core and of each provider.
STRINGS = {
    language: [
        json.loads(file.read_text(encoding="utf-8"))
        for file in (
            ROOT / f"core/src/inboxlink/strings/{language}.json",
            *sorted(ROOT.glob(f"plugins/*/src/*/strings/{language}.json")),
        )
    ]
    for language in LANGUAGES
}
each_rule = pytest.mark.parametrize(("file", "raw"), RAW, ids=IDS)


def sentences(text: str) -> set[str]:
    return {each.strip() for each in re.split(r"(?<=[.!?])\s+|(?<=。)\s*", text) if each.strip()}


def test_there_are_enough() -> None:
    """At least 120 rules are known, each by an id of its own, each in a file of its topic."""
    assert len(IDS) == len(set(IDS)) == len(all_rules().all) >= 120
    for file, raw in RAW:
        topic, dot, name = raw["id"].partition(".")
        assert re.fullmatch(r"[a-z0-9_]+", topic), raw["id"]
        assert dot
        assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", name), raw["id"]
        if file.parent.name == "rules":
            assert topic.startswith(file.stem.rstrip("s")), raw["id"]


@each_rule
def test_the_form(file: Path, raw: dict[str, Any]) -> None:
    """A rule has exactly the keys of the format, with values that mean something."""
    assert tuple(raw) == KEYS
    assert raw["protocol"] in PROTOCOLS
    assert raw["who"] is None or raw["who"] in list(Blame)
    assert raw["link"] is None or re.fullmatch(r"https://[\x21-\x7e]+", raw["link"])
    assert date(2026, 1, 1) <= date.fromisoformat(f"{raw['read']}-01") <= date(2030, 1, 1)
    assert raw["source"].strip()
    is_of_error = raw["id"].rpartition(".")[2] == raw["error"]
    assert raw["codes"] or raw["patterns"] or is_of_error
    for name in ("stages", "codes", "patterns", "hosts"):
        assert len(set(raw[name])) == len(raw[name])
    for host in raw["hosts"]:
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host)


@each_rule
def test_the_error_is_one_that_a_connection_shows(file: Path, raw: dict[str, Any]) -> None:
    """The code is of the core's catalogue, or stands in the sources of the rule's provider."""
    if raw["error"] not in CODES:
        assert file.name == "rules.json", raw["error"]
        code = "".join(each.read_text("utf-8") for each in file.parent.rglob("*.py"))
        # A provider makes some of its codes of a prefix, or an ending, and a name.
        names = {raw["error"], raw["error"].partition("_")[2]}
        names |= {each.removesuffix("_unsupported") for each in names}
        assert any(f'"{name}"' in code for name in names if name)


@each_rule
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words(file: Path, raw: dict[str, Any], language: str) -> None:
    """A cause and steps stand in both languages, in sentences, with no placeholder but {app}."""
    words = raw[language]
    assert tuple(words) == ("cause", "steps")
    assert len(words["steps"]) == len(raw["en"]["steps"]) >= 1
    for said in (words["cause"], *words["steps"]):
        assert said == said.strip()
        assert set(re.findall(r"\{[^}]*\}", said)) <= {"{app}"}
        if language == "ja":
            assert re.search(r"[\u3040-\u30ff]", said), said
            assert said.endswith("。")
            # です・ます, or a polite request.
            assert re.search(r"(です|ます|した|ません|ください)。$", said), said
            assert not re.search(r"[()]", re.sub(r"「[^」]*」", "", said)), said
        else:
            assert said[-1] in ".!?"
            assert said[0].isupper() or said[0] in "{1", said
            assert said.isprintable()


@each_rule
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_said_twice(file: Path, raw: dict[str, Any], language: str) -> None:
    """What a rule says is not what the error, which is shown with it, says already."""
    said: set[str] = set()
    for strings in STRINGS[language]:
        for key, text in strings.items():
            if raw["error"] in key.split("."):
                said |= sentences(text)
    words = raw[language]
    steps = [sentences(step) for step in words["steps"]]
    for told in (sentences(words["cause"]), *steps):
        assert told & said == set()
    assert sum(map(len, steps)) == len(set().union(*steps))


@each_rule
def test_patterns_are_cheap(file: Path, raw: dict[str, Any]) -> None:
    """A pattern has a literal of five characters that it always needs, and no nested repeats."""
    for pattern in raw["patterns"]:
        re.compile(pattern)
        assert len(literal_of(pattern)) >= 5, pattern
        assert repeats(_parser.parse(pattern)) <= 1, pattern


def repeats(parsed: Any) -> int:
    """How many repeats without a small bound there are; inside of another one they count double."""
    count = 0
    for operator, argument in parsed:
        name = str(operator)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _, most, inner = argument
            inside = repeats(inner)
            is_wide = most > 1
            count += 2 * inside if is_wide else inside
            count += is_wide and len(inner) > 0 and not _is_narrow(most)
        elif name == "SUBPATTERN":
            count += repeats(argument[-1])
        elif name == "BRANCH":
            count += max(repeats(each) for each in argument[1])
    return count


def _is_narrow(most: Any) -> bool:
    return int(most) <= 8


def test_a_rule_has_a_text_that_it_was_made_for() -> None:
    """Every rule has a golden text, and every golden text a rule."""
    assert {row["rule"] for row in golden()} == set(IDS)
    texts = Counter((row["text"], row.get("host"), row.get("stage")) for row in golden())
    assert texts.most_common(1)[0][1] == 1


@pytest.mark.parametrize(
    "row", golden(), ids=[f"{row['rule']}-{row['text'][:40]}" for row in golden()]
)
def test_golden(row: dict[str, Any]) -> None:
    """The text answers its rule, and no other rule as precisely."""
    assert set(row) <= {"text", "rule", "host", "stage"}
    question = Question(Text(row["text"]), row.get("host"), stage=row.get("stage"))
    found = all_rules().matches(question)
    assert [each.rule.id for each in found][:1] == [row["rule"]]
    assert [each.rule.id for each in found if each.weight == found[0].weight] == [row["rule"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_golden_texts_are_explained(language: str) -> None:
    """What a person is told is the rule's, in their language."""
    raws = {raw["id"]: raw for _, raw in RAW}
    for row in golden():
        if "stage" in row:
            continue
        found = explain(
            row["text"], language=language, rules=all_rules(), app="Acme", host=row.get("host")
        )
        raw = raws[row["rule"]]
        assert found.rule == row["rule"]
        assert found.cause == raw[language]["cause"].replace("{app}", "Acme")
        assert list(found.steps) == [
            each.replace("{app}", "Acme") for each in raw[language]["steps"]
        ]
        assert (found.link, found.error) == (raw["link"], raw["error"])
        assert found.who == (None if raw["who"] is None else Blame(raw["who"]))
        assert found.fingerprint is None


def test_rules_travel_with_their_distribution() -> None:
    """Every file of rules is data of an installed package, which is where it is read from."""
    for file in FILES:
        package = file.relative_to(next(each for each in file.parents if each.name == "src"))
        found = resources.files(package.parts[0]).joinpath(*package.parts[1:])
        assert found.is_file()
    assert set(PACKAGES) == {"exchange", "gmail", "imap", "outlook"}
    assert GOLDEN.is_dir()
