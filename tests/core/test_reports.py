"""A verification as it is told: to a person in a line a stage, to a script whole."""

import pytest

from inboxlink.cli.output import report_document
from inboxlink.cli.session import Session
from inboxlink.texts import Words
from inboxlink.types.report import Chain, Check, VerifyReport
from inboxlink.types.text import Text


def told(evidence: str | Text | None, language: str = "en") -> str | None:
    """What the document says of the one stage of a report."""
    check = Check(chain=Chain.RECEIVE, stage="message", ok=True, evidence=evidence, took_ms=1.0)
    words = Words(language, {"imap": "inboxlink_imap"})
    document = report_document(Session(words, is_json=True), VerifyReport(checks=(check,)), "imap")
    seen: str | None = document["checks"][0]["evidence"]
    return seen


def test_a_script_gets_what_was_seen_whole() -> None:
    """What a terminal has no room for is in the document all the same."""
    assert told("AUTH=PLAIN " * 40) == "AUTH=PLAIN " * 40
    assert told(None) is None


@pytest.mark.parametrize(
    ("language", "said"), [("en", "found, removed"), ("ja", "受信を確認し、削除しました")]
)
def test_words_of_ours_are_in_the_language(language: str, said: str) -> None:
    """What became of a message is worded, and what a server said is left as it is."""
    assert told(Text("imap.evidence.removed", default="?"), language) == said


def test_a_report_that_was_kept_still_has_its_words() -> None:
    """Words of ours go through the store as what they are."""
    check = Check(chain=Chain.SEND, stage="message", ok=True, evidence=Text("imap.evidence.marked"))
    kept = VerifyReport(checks=(check,)).model_dump_json()
    assert VerifyReport.model_validate_json(kept).checks[0].evidence == check.evidence
