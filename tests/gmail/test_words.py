"""Strings and disclosures, in both languages."""

import ast
import json
import re
import string
from pathlib import Path

import pytest

import inboxlink_gmail
from inboxlink.errors import CODES, Problem
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
from inboxlink_gmail import policy
from inboxlink_gmail.client import invalid
from inboxlink_gmail.disclosing import VERSIONS
from inboxlink_gmail.permissions import READ, SEND
from inboxlink_gmail.provider import disclose

PACKAGE = Path(inboxlink_gmail.__file__).parent
STRINGS = {
    language: json.loads((PACKAGE / "strings" / f"{language}.json").read_text("utf-8"))
    for language in LANGUAGES
}
SOURCE = "".join(module.read_text("utf-8") for module in PACKAGE.glob("*.py"))
ACME = Application("Acme", "https://acme.example/privacy", "help@acme.example")
DETECTION = Detection("gmail", Basis.GUESS, Text("x"))

#: Values that the host fills in wherever they are named.
COMMON = {"app"}


def disclosed(
    language: str,
    application: Application = ACME,
    wanted: frozenset[Capability] = frozenset(Capability),
) -> dict[str, Disclosure]:
    context = DiscloseContext(application, language, Audience.PERSONAL, wanted)
    return {each.id: each for each in disclose(DETECTION, context)}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_key_of_the_code_has_a_string() -> None:
    """No text that the code names is missing, and none that is written is unused."""
    keys = set(re.findall(r'"(gmail\.(?!googleapis|com)[a-z_.]+)"', SOURCE))
    keys |= {f"gmail.advanced_protection.{option}" for option in ("no", "yes")}
    keys |= {f"gmail.client.{each}" for each in re.findall(r'invalid\("\w+", "(\w+)"\)', SOURCE)}
    own = re.findall(r'_own\("(\w+)"', SOURCE)
    keys |= {f"gmail.error.{each}" for each in own}
    keys |= {f"{key}.remedy" for key in keys if key.startswith("gmail.error.")}
    # What an administrator is asked is the core's to look for: tests/doctor/test_letters.py.
    assert keys == {key for key in STRINGS["en"] if ".handoff." not in key}


def problem_calls() -> list[tuple[str, frozenset[str]]]:
    """Each code that the source names in a call of `problem`, with its parameters."""
    return [
        (str(call.args[0].value), frozenset(each.arg for each in call.keywords if each.arg))
        for call in _calls()
        if getattr(call.func, "id", "") == "problem" and isinstance(call.args[0], ast.Constant)
    ]


def _calls() -> list[ast.Call]:
    trees = (ast.parse(module.read_text("utf-8")) for module in PACKAGE.glob("*.py"))
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_every_code_of_the_core_is_filled_in() -> None:
    """Whatever this provider says in the core's words has all the values that they name."""
    calls = problem_calls()
    assert len({code for code, _ in calls}) > 10
    assert {code for code, _ in calls} <= CODES.keys()
    for language in LANGUAGES:
        words = Words(language)
        for code, given in calls:
            for key in (f"error.{code}", f"error.{code}.remedy"):
                assert words.has(key)
                assert placeholders(words(key)) <= given | COMMON, (code, given)


def own_problems() -> list[Problem]:
    from inboxlink_gmail.api_refusals import _own
    from inboxlink_gmail.sign_in import _no_refresh_token

    return [
        policy.refused(policy.ADVANCED_PROTECTION),
        _own("gmail_api_disabled", None),
        _own("no_mailbox", None),
        _no_refresh_token(),
        *(
            invalid("client_id", reason)
            for reason in re.findall(r'invalid\("\w+", "(\w+)"\)', SOURCE)
        ),
    ]


def test_the_problems_of_this_provider_are_worded_in_every_language() -> None:
    """Each code of our own says what happened and what to do, in words of its language."""
    # req 31
    assert len({each.code for each in own_problems()} - CODES.keys()) == 4
    for found in own_problems():
        assert found.remedy is not None
        for text in (found.message, found.remedy):
            said = {
                language: Words(language, {"gmail": "inboxlink_gmail"}, {"app": "Acme"})(text)
                for language in LANGUAGES
            }
            assert text.key not in said.values()
            assert len(set(said.values())) == len(LANGUAGES)
            assert said["en"].isascii()
            assert not said["ja"].isascii()
            assert not any("{" in each for each in said.values()), text.key


#: What each requirement wants said, by where it is said, in both languages.
SAID: dict[int, tuple[str, str, str]] = {
    37: (
        "G-A",
        "Many of Google's services become connectable",
        "Google の多くのサービスが接続可能になり",
    ),
    38: (
        "G-A",
        "can send and receive email through it, send email at a time that you set, let you edit "
        "drafts, log email with the contacts that it concerns, and track email that was sent",
        "メールの送受信、指定した日時の送信、下書きの編集、関係する連絡先へのメールの記録、送信したメールの追跡",
    ),
    40: (
        "G-A",
        "to improve the features of Acme that connect with the Google Workspace tools that you "
        "work with every day",
        "毎日お使いの Google Workspace のツールと連携する Acme の機能を向上させるため",
    ),
    43: ("G-A", "https://acme.example/privacy", "https://acme.example/privacy"),
    45: ("G-B", "may view, modify, create and send", "閲覧、変更、作成、送信することがあります"),
    46: ("G-B", "is scanned to find email that is tracked", "追跡対象のメールを見つけて"),
    47: (
        "G-B",
        "replies, sent email, headers, subjects, recipient lists, aliases, the date and time when "
        "email was sent, and bodies",
        "返信、送信済みのメール、ヘッダー、件名、宛先の一覧、エイリアス、送信した日時、本文",
    ),
    48: (
        "G-B",
        "sensitive information, such as the names of your contacts, private exchanges, finances "
        "or health",
        "連絡先の名前、私的なやり取り、金銭、健康などの機微な情報",
    ),
    49: (
        "G-B",
        "may be shown to other people on your team",
        "チームのほかの人に表示されることがあります",
    ),
}

#: The kinds of data, in order.
DATA = {
    39: (
        "G-A",
        ("headers", "subjects", "bodies", "address"),
        ("ヘッダー", "件名", "本文", "アドレス"),
    ),
    44: (
        "G-B",
        (
            *("Contacts", "Email", "Calendar", "Lists of recipients", "Subjects"),
            "tracked links, if tracking is on",
        ),
        (
            *("連絡先", "メール", "カレンダー", "宛先の一覧", "件名"),
            "リンクのアドレス（追跡が有効な場合）",
        ),
    ),
}


@pytest.mark.parametrize("requirement", SAID)
def test_each_point_is_said_in_both_languages(requirement: int) -> None:
    """The sentence for each requirement stands in the body of its text, in each language."""
    # req 37, 38, 40, 43, 45, 46, 47, 48, 49
    name, *said = SAID[requirement]
    for language, sentence in zip(LANGUAGES, said, strict=True):
        assert sentence in disclosed(language)[f"gmail.{name}"].body


def test_data_in_the_account_becomes_accessible() -> None:
    """Both halves of the first point are said: services, and data."""
    # req 37
    assert "data in your Google Account becomes accessible" in disclosed("en")["gmail.G-A"].body
    assert "Google アカウント内のデータにアクセスできる" in disclosed("ja")["gmail.G-A"].body


@pytest.mark.parametrize("requirement", DATA)
def test_each_kind_of_data_is_listed_in_both_languages(requirement: int) -> None:
    """The kinds of data stand one to a line, in order, in each language."""
    # req 39, 44
    name, *kinds = DATA[requirement]
    for language, words in zip(LANGUAGES, kinds, strict=True):
        lines = disclosed(language)[f"gmail.{name}"].data
        assert len(lines) == len(words)
        assert all(word in line for word, line in zip(words, lines, strict=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_ends_are_explained_as_two_acts(language: str) -> None:
    """Each text says how to remove it in the application, and how to revoke it at Google."""
    # req 41, 42, 110
    for disclosure in disclosed(language).values():
        assert "Acme" in disclosure.remove_here
        assert "https://myaccount.google.com/connections" in disclosure.revoke_there
    two_acts = {"en": "is one act", "ja": "別の操作です"}[language]
    assert two_acts in disclosed(language)["gmail.G-A"].revoke_there


@pytest.mark.parametrize("language", LANGUAGES)
def test_googles_policy_is_named(language: str) -> None:
    """The text names Google's policy on user data with its Limited Use, and where it stands."""
    # GP2
    body = disclosed(language)["gmail.G-A"].body
    assert "Google API Services User Data Policy" in body
    assert "Limited Use" in body
    assert "https://developers.google.com/terms/api-services-user-data-policy" in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_texts_are_each_a_disclosure_of_its_own(language: str) -> None:
    """G-A and G-B are acknowledged separately, in this order, and G-B comes again at the end."""
    # req 32, 50, 108
    found = disclosed(language)
    assert list(found) == ["gmail.G-A", "gmail.G-B"]
    assert [each.is_repeated for each in found.values()] == [False, True]
    assert len({each.digest for each in found.values()}) == 2
    for name, disclosure in found.items():
        assert disclosure.version == VERSIONS[name.removeprefix("gmail.")]
        assert disclosure.language == language
        shown = [disclosure.title, disclosure.body, disclosure.remove_here, disclosure.revoke_there]
        assert all(text and "{" not in text for text in shown)
        assert "Acme" in disclosure.title


@pytest.mark.parametrize(
    ("wanted", "scopes"),
    [
        (frozenset({Capability.SEND}), (SEND,)),
        (frozenset({Capability.RECEIVE}), (READ,)),
        (frozenset(Capability), (READ, SEND)),
    ],
)
def test_the_scopes_are_the_whole_names(
    wanted: frozenset[Capability], scopes: tuple[str, ...]
) -> None:
    """Each text lists exactly what will be asked for, as Google writes it."""
    # req 35
    for disclosure in disclosed("en", wanted=wanted).values():
        assert disclosure.scopes == scopes


def test_what_the_operator_did_not_give_is_left_out() -> None:
    """Without a privacy policy the paragraph that would name it is gone, not half empty."""
    # req 43
    full, bare = disclosed("en"), disclosed("en", Application("Acme"))
    for name, left_out in (("gmail.G-A", 2), ("gmail.G-B", 1)):
        lengths = [len(each[name].body.split("\n\n")) for each in (full, bare)]
        assert lengths[0] == lengths[1] + left_out
        assert full[name].digest != bare[name].digest


def test_an_unknown_language_is_english() -> None:
    """A language without texts gets English, and the disclosure says so."""
    assert {each.language for each in disclosed("xx").values()} == {"en"}
