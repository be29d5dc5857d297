"""Say what a text, or a problem of a connection, means."""

from typing import NamedTuple

from inboxlink.diagnosis.fingerprint import fingerprint, remote_code
from inboxlink.diagnosis.masking import masked
from inboxlink.diagnosis.matching import Match, Question, Rules
from inboxlink.diagnosis.reading import MAX_CHARACTERS, Text
from inboxlink.errors import CODES, Blame, Kind, Problem
from inboxlink.placeholders import filled
from inboxlink.texts import Words, safe_text

__all__ = ["Diagnosis", "diagnose", "explain"]

_CODE_AND_WORDS = 3

#: What a connection shows where the other side's words are not known to it.
_UNKNOWN = frozenset({"remote_error", "protocol_error"})


class Diagnosis(NamedTuple):
    """What happened, whose it is and what to do next.

    Args:
        rule: The id of the rule that says so; None = none knows the error.
        protocol: What was spoken; None = unknown.
        error: The code of the error that a connection shows for it; None = unknown.
        cause: What happened; None = unknown.
        who: Who can mend it; None = unknown.
        steps: What to do, in order.
        link: A page that helps; None = there is none.
        source: Where it is said; None = unknown.
        read: The month in which that was read; None = unknown.
        code: The other side's own code, or what has the form of one; None = there is none.
        fingerprint: Names an error that no rule knows; None = it is known, or nothing was said.
    """

    rule: str | None = None
    protocol: str | None = None
    error: str | None = None
    cause: str | None = None
    who: Blame | None = None
    steps: tuple[str, ...] = ()
    link: str | None = None
    source: str | None = None
    read: str | None = None
    code: str | None = None
    fingerprint: str | None = None


def explain(
    text: str, *, language: str, rules: Rules, app: str | None = None, host: str | None = None
) -> Diagnosis:
    """What an error means that somebody copied from anywhere.

    Args:
        text: The error; secrets may stand in it.
        language: One of `texts.LANGUAGES`.
        rules: Those that count here.
        app: What the application is called; None = it has no name here.
        host: The name of the server that said it; None = it may stand in the text.
    """
    found = rules.matches(Question(Text(text), host))
    return _worded(found[0], language, app, text) if found else _unknown(text)


def diagnose(
    problem: Problem,
    *,
    language: str,
    rules: Rules,
    app: str | None = None,
    protocol: str | None = None,
    stage: str | None = None,
    host: str | None = None,
    provider: str | None = None,
) -> Diagnosis:
    """What a problem of a connection means.

    The other side's words count first, as long as they mean what the provider made of them; where
    it said nothing, or nothing known, the problem's own code counts.

    Args:
        problem: As a report, or the end of a sign-in, has it; its remote words hold no secret.
        language: One of `texts.LANGUAGES`.
        rules: Those that count here.
        app: What the application is called; None = it has no name here.
        protocol: What was spoken; None = unknown.
        stage: Where in a verification; None = unknown.
        host: The server's name; None = the one that the problem names, if any.
        provider: Who spoke; None = unknown.
    """
    said = problem.remote or ""
    named = host or problem.message.params.get("host")
    question = Question(Text(said), named, protocol, stage, provider)
    best = _best(rules, question, problem.code)
    return _unknown(said) if best is None else _worded(best, language, app, said)


def _best(rules: Rules, question: Question, error: str) -> Match | None:
    """The rule for an error that a provider made of what was said; the first kind that there is."""
    found = rules.matches(question)
    agreed = [each for each in found if each.rule.error == error]
    kinds = (
        # A code together with words leaves no doubt, whatever the provider made of them.
        [each for each in (*agreed, *found) if each.weight.signs == _CODE_AND_WORDS],
        # Else the provider's reading counts: a code may stand in the middle of prose.
        agreed,
        # A provider's own code is shown as one thing or another, as somebody sits before it or not.
        [each for each in found if each.code and each.rule.owner == (question.provider or "")],
        # Where nobody judged the person, words may say better what the server's trouble is.
        found if error in _UNKNOWN else [],
        [each for each in found if _is_trouble(error) and _is_trouble(each.rule.error)],
        rules.for_error(question, error),
    )
    return next((each[0] for each in kinds if each), None)


def _is_trouble(error: str) -> bool:
    return error in CODES and CODES[error][0] is Kind.MAILBOX


def _worded(match: Match, language: str, app: str | None, text: str) -> Diagnosis:
    rule = match.rule
    words = rule.words.get(language) or rule.words["en"]
    name = safe_text(app) if app else Words(language)("application.unnamed")
    return Diagnosis(
        rule=rule.id,
        protocol=rule.protocol,
        error=rule.error,
        cause=filled(words.cause, {"app": name}),
        who=rule.who,
        steps=tuple(filled(step, {"app": name}) for step in words.steps),
        link=rule.link,
        source=rule.source,
        read=rule.read,
        code=match.code or remote_code(masked(text[:MAX_CHARACTERS])),
    )


def _unknown(text: str) -> Diagnosis:
    clean = masked(text[:MAX_CHARACTERS])
    if not clean.strip():
        return Diagnosis()
    return Diagnosis(code=remote_code(clean), fingerprint=fingerprint(clean))
