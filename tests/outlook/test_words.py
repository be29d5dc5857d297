"""Strings and the disclosure, in both languages."""

import ast
import json
import re
import string
from pathlib import Path

import pytest

import inboxlink_outlook
from inboxlink.errors import CODES
from inboxlink.prose import LANGUAGES
from inboxlink.texts import Words
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.disclosure import (
    Application,
    Audience,
    Capability,
    DiscloseContext,
    Disclosure,
)
from inboxlink.types.text import Text
from inboxlink_outlook import entra_errors
from inboxlink_outlook.provider import disclose, revoke

PACKAGE = Path(inboxlink_outlook.__file__).parent
SOURCE = "".join(module.read_text("utf-8") for module in PACKAGE.glob("*.py"))
STRINGS = {
    language: json.loads((PACKAGE / "strings" / f"{language}.json").read_text("utf-8"))
    for language in LANGUAGES
}
ACME = Application("Acme", "https://acme.example/privacy", "help@acme.example")
ANYWHERE = Detection("outlook", Basis.GUESS, Text("x"))


def disclosed(language: str, application: Application = ACME, *wanted: Capability) -> Disclosure:
    context = DiscloseContext(
        application, language, Audience.PERSONAL, frozenset(wanted or Capability)
    )
    (found,) = disclose(ANYWHERE, context)
    return found


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_key_of_the_code_has_a_string() -> None:
    """No text that the code names is missing, and none that is written is unused."""
    keys = set(re.findall(r'"(outlook\.[a-z_.0-9]+)"', SOURCE)) & STRINGS["en"].keys()
    for name in entra_errors.OWN:
        keys |= {f"outlook.entra.{name}", f"outlook.entra.{name}.remedy"}
    for name in re.findall(r'_invalid\("(\w+)"', SOURCE):
        keys |= {f"outlook.client.{name}", f"outlook.client.{name}.remedy"}
    for name in re.findall(r'_own\("(\w+)"', SOURCE):
        keys |= {f"outlook.graph.{name}", f"outlook.graph.{name}.remedy"}
    keys |= {"outlook.because.outlook_com", "outlook.because.microsoft_365"}
    assert set(re.findall(r'Text\("(outlook\.[^"]+)"', SOURCE)) <= STRINGS["en"].keys()
    # What an administrator is asked is the core's to look for: tests/doctor/test_letters.py.
    assert keys == {key for key in STRINGS["en"] if ".handoff." not in key}


def test_every_code_is_worded_in_every_language() -> None:
    """Each code of the core's catalogue that this provider names has its parameters filled."""
    calls = []
    for module in PACKAGE.glob("*.py"):
        for call in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "problem":
                code = call.args[0]
                if isinstance(code, ast.Constant):
                    calls.append((str(code.value), {each.arg for each in call.keywords}))
    given = {"host", "port", "provider", "app", "url"}
    calls += [(code, given) for code in entra_errors._CODES.values() if code in CODES]
    assert len({code for code, _ in calls}) > 12
    for language in LANGUAGES:
        words = Words(language)
        for code, params in calls:
            for key in (f"error.{code}", f"error.{code}.remedy"):
                # Those that every text may use, and the many ones that `**params` brings.
                needed = placeholders(words(key)) - {"app"}
                assert needed <= params or None in params, (code, needed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_disclosure_is_whole(language: str) -> None:
    """It is filled in, versioned, shown once, and says how to end the access here and there."""
    # req 26, 55, 108, 110
    found = disclosed(language)
    assert found.reference == "outlook.O@1"
    assert found.language == language
    assert not found.is_repeated
    for text in (found.title, found.body, found.remove_here, found.revoke_there, *found.data):
        assert text
        assert "{" not in text
    assert "Acme" in found.title
    assert "https://acme.example/privacy" in found.body
    assert "help@acme.example" in found.body
    for place in ("https://myapps.microsoft.com", "https://account.live.com/consent/Manage"):
        assert place in found.revoke_there


#: Each requirement, and the words that show its sentence: (language, in the data, in the body).
SENTENCES: dict[int, dict[str, tuple[str, ...]]] = {
    59: {
        "en": (
            *("Contacts", "Email:", "Calendar", "Distribution lists", "subjects of messages"),
            "tracked links, if tracking is on",
        ),
        "ja": (
            *("連絡先", "メール:", "予定表", "配布リスト", "メールの件名"),
            "追跡対象のリンクの URL (追跡が有効な場合)",
        ),
    },
    60: {
        "en": ("scans", "to find those that it tracks"),
        "ja": ("追跡対象のメールを見つけて", "スキャン"),
    },
    61: {
        "en": (
            *("the replies", "the messages that were sent", "their headers", "their subjects"),
            *("lists of recipients", "your aliases", "dates and times", "the bodies"),
        ),
        "ja": (
            *("返信", "送信したメール", "ヘッダー", "件名", "受信者の一覧", "エイリアス"),
            *("送信日時", "メールの本文"),
        ),
    },
    62: {
        "en": ("are shown to the other people on your team",),
        "ja": ("チームのほかのメンバーにも表示されます",),
    },
}

#: What Gmail's text says and this one does not.
ABSENT = {
    "en": ("modify", "create", "delete", "sensitive", "financ", "health", "revoke", "may be shown"),
    "ja": ("変更", "作成", "機微", "金銭", "健康", "取り消", "表示されることがあります"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", SENTENCES)
def test_each_required_sentence_is_there(number: int, language: str) -> None:
    """Data accessed, the scan, what is stored and who sees it each have their words."""
    # req 59, 60, 61, 62
    found = disclosed(language)
    paragraphs = ["\n".join(found.data)] if number == 59 else found.body.split("\n\n")
    words = SENTENCES[number][language]
    assert any(all(word in paragraph for word in words) for paragraph in paragraphs), number


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_not_gmails_text(language: str) -> None:
    """No line about changing mail, none about sensitive data, and none about revoking."""
    # req 63
    found = disclosed(language)
    said = "\n".join((found.title, found.body, *found.data)).lower()
    assert [word for word in ABSENT[language] if word in said] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_microsofts_lack_of_revocation_is_said(language: str) -> None:
    """Before and after: no application can end one access at Microsoft; the person can."""
    # req 110
    said = {"en": "offers applications no way to end one", "ja": "方法を提供してい"}[language]
    before = disclosed(language).revoke_there
    after = revoke(None, None)  # type: ignore[arg-type]
    assert after.revoked is None
    worded = Words(language, {"outlook": "inboxlink_outlook"})(after.detail)
    for text in (before, worded):
        assert said in text
        assert "https://myapps.microsoft.com" in text
        assert "https://account.live.com/consent/Manage" in text


def test_what_the_operator_did_not_give_is_left_out() -> None:
    """Without a privacy policy the paragraph that would name it is gone, not half empty."""
    full, bare = disclosed("en"), disclosed("en", Application("Acme"))
    assert len(full.body.split("\n\n")) == len(bare.body.split("\n\n")) + 2
    assert full.digest != bare.digest


def test_only_what_is_needed_is_disclosed_and_asked_for() -> None:
    """The permissions follow from what the application wants to do."""
    always = ("User.Read", "MailboxSettings.Read")
    assert disclosed("en").scopes == (*always, "Mail.Read", "Mail.Send")
    assert disclosed("en", ACME, Capability.RECEIVE).scopes == (*always, "Mail.Read")
    assert disclosed("en", ACME, Capability.SEND).scopes == (*always, "Mail.Send")


def test_an_unknown_language_is_english() -> None:
    """A language without texts gets English, and the disclosure says so."""
    assert disclosed("xx").language == "en"
