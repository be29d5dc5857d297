"""What `detect --explain` tells a person of a look-up, in the person's language."""

import re
from pathlib import Path

import pytest

from inboxlink import network
from inboxlink.cli.evidence import show_evidence
from inboxlink.cli.session import Session
from inboxlink.evidence import table
from inboxlink.evidence.rules import RULES
from inboxlink.network.answers import Outcome
from inboxlink.texts import LANGUAGES, Words
from inboxlink.types.detection import Evidence, HostingFact, Lookup, Strength, Trust

LOG = (
    Lookup("preset", "none"),
    Lookup("table", "sakura"),
    Lookup("dns:mx a.test", "1 mx.a.test, 5 mx.b.test", 12.4, Trust.DNS),
    Lookup("dns:txt a.test", "nonexistent", 0.0, Trust.DNS),
    Lookup("imap://mx.a.test:993", "greets: IMAP4REV1\x1b[2J", 3.0, Trust.VERIFIED),
    Lookup("https://a.test/x", "HTTP 404, 0 B", 3.0, Trust.VERIFIED),
    Lookup("https://a.test/y", "of_some_day", 3.0, Trust.VERIFIED),
)
FACTS = (
    table.fact("sakura", "a.test"),
    HostingFact("gateway", "proofpoint, MX mx.b.test\x1b[2J", Strength.HINT),
    HostingFact("of_another_day", "x", Strength.LIKELY),
)
ENGLISH = """\
What was asked
  T4 presets of the operator: nothing
  T4 known hosters: Sakura Rental Server
  T1 dns:mx a.test: 1 mx.a.test, 5 mx.b.test (12\u00a0ms)
  T1 dns:txt a.test: no such name
  T3 imap://mx.a.test:993: answers as it should: IMAP4REV1\\x1b[2J (3\u00a0ms)
  T3 https://a.test/x: HTTP 404, 0 B (3\u00a0ms)
  T3 https://a.test/y: of_some_day (3\u00a0ms)
  T4 known here, T3 verified https, T2 validated or within the domain, T1 DNS,
  T0 can be forged by anybody
What it shows
  Sakura Rental Server (certain): a.test
  A mail filter in front (a hint): proofpoint, MX mx.b.test\\x1b[2J
  of_another_day (likely): x
"""
JAPANESE = """\
調べた内容
  T4 管理者の設定: なし
  T4 既知の事業者: さくらのレンタルサーバ
  T1 dns:mx a.test: 1 mx.a.test, 5 mx.b.test (12\u00a0ms)
  T1 dns:txt a.test: 存在しない名前
  T3 imap://mx.a.test:993: 正しく応答: IMAP4REV1\\x1b[2J (3\u00a0ms)
  T3 https://a.test/x: HTTP 404, 0 B (3\u00a0ms)
  T3 https://a.test/y: of_some_day (3\u00a0ms)
  T4 手元の情報、T3 検証済みの https、T2 検証済み DNS または同じドメイン内、T1
  DNS、T0 誰でも偽れる情報
分かったこと
  さくらのレンタルサーバ（確実）: a.test
  手前のメールフィルター（参考）: proofpoint, MX mx.b.test\\x1b[2J
  of_another_day（有力）: x
"""


@pytest.mark.parametrize(("language", "said"), [("en", ENGLISH), ("ja", JAPANESE)])
def test_it_reads_as_people_write(
    language: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words of ours are in their language, names of DNS as they are; what is unknown stays."""
    monkeypatch.setenv("COLUMNS", "80")
    with Session(Words(language), is_json=False) as session:
        show_evidence(session, Evidence("a.test", hosting=FACTS, log=LOG))
    shown = capsys.readouterr().out
    assert [line.rstrip() for line in shown.splitlines()] == said.splitlines()


def test_where_nothing_was_learnt_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """No heading stands over nothing."""
    with Session(Words("en"), is_json=False) as session:
        show_evidence(session, Evidence("a.test", log=LOG[:1]))
    assert "What it shows" not in capsys.readouterr().out


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_a_look_up_is_worded(language: str) -> None:
    """What the core writes down of its sources, their outcomes and its conclusions."""
    sources = "".join(
        file.read_text("utf-8") for file in Path(str(network.__file__)).parent.glob("*.py")
    )
    troubles = set(re.findall(r'_trouble\("([a-z_]+)"', sources))
    assert len(troubles) > 10
    outcomes = {
        *("none", "kept", "kept_none", "stopped_waiting"),
        *("no_greeting", "another_protocol", "greets"),
        *Outcome,
        *troubles,
    }
    names = {name for name, _ in RULES.values() if name and not table.fact(name, "").title}
    keys = {
        *(f"cli.source.{each}" for each in ("preset", "table", "look_up")),
        *(f"cli.outcome.{each}" for each in outcomes),
        *(f"cli.strength.{each}" for each in Strength),
        *(f"cli.hosting.{each}" for each in names),
    }
    words = Words(language)
    assert [each for each in keys if not words.has(each)] == []
