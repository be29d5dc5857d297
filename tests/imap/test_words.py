"""Strings and disclosures, in both languages."""

import ast
import json
import re
import string
from pathlib import Path

import pytest

import inboxlink_imap
from inboxlink.errors import CODES
from inboxlink.prose import LANGUAGES
from inboxlink.texts import Words
from inboxlink.types.address import parse_address
from inboxlink.types.detection import Basis, Detection, Endpoint, Refusal, Role, Tls
from inboxlink.types.disclosure import Application, Audience, Capability, DiscloseContext
from inboxlink.types.text import Text
from inboxlink_imap import bearer_exchange, policy, reply_codes
from inboxlink_imap.disclosing import VERSIONS
from inboxlink_imap.draft import Draft
from inboxlink_imap.forms import servers_form, sign_in_form
from inboxlink_imap.provider import disclose

PACKAGE = Path(inboxlink_imap.__file__).parent
STRINGS = {
    language: json.loads((PACKAGE / "strings" / f"{language}.json").read_text("utf-8"))
    for language in LANGUAGES
}
ACME = Application("Acme", "https://acme.example/privacy", "help@acme.example")
PLACES = {
    "I": Detection("imap", Basis.GUESS, Text("x")),
    "G-C": Detection("imap", Basis.GUESS, Text("x"), settings={"variant": "gmail"}),
    "I-O": Detection(
        "imap",
        Basis.GUESS,
        Text("x"),
        (Endpoint(Role.IMAP, "outlook.office365.com", 993, Tls.IMPLICIT),),
    ),
}


def context(language: str, application: Application = ACME) -> DiscloseContext:
    return DiscloseContext(application, language, Audience.PERSONAL, frozenset(Capability))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_key_of_the_code_has_a_string() -> None:
    """No text that the code names is missing, and none that is written is unused."""
    address = parse_address("ann@example.org")
    forms = servers_form(Draft(), address, {}), sign_in_form(Draft(), address)
    keys = {form.title.key for form in forms}
    for form in forms:
        for field in form.fields:
            keys |= {field.label.key, field.help.key if field.help else field.label.key}
    source = "".join(module.read_text("utf-8") for module in PACKAGE.glob("*.py"))
    keys |= {key for key in re.findall(r'"(imap\.[a-z_.0-9]+)"', source) if key in STRINGS["en"]}
    for name in re.findall(r'_refusal\(\s*"(\w+)"[,)]', source):
        keys |= {f"imap.refused.{name}", f"imap.refused.{name}.instead"}
    named = re.findall(r'Text\("(imap\.[^"]+)"', source)
    assert set(named) <= STRINGS["en"].keys()
    # What an administrator is asked is the core's to look for: tests/doctor/test_letters.py.
    assert keys == {key for key in STRINGS["en"] if ".handoff." not in key}


def problem_calls() -> list[tuple[str, frozenset[str]]]:
    """Each code that the source names in a call of `problem` or its like, with its parameters."""
    of_endpoint = frozenset({"host", "port"})
    calls = []
    for module in PACKAGE.glob("*.py"):
        for call in ast.walk(ast.parse(module.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            given = {each.arg for each in call.keywords if each.arg}
            for code in ast.walk(call.args[0]):
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    if name == "problem":
                        calls.append((code.value, frozenset(given)))
                    elif name in ("endpoint_problem", "_error"):
                        calls.append((code.value, of_endpoint))
    return calls


def test_every_code_is_worded_in_every_language() -> None:
    """Whatever this provider can say is in the catalogue, with message and remedy, all filled."""
    tables = (reply_codes._IMAP, reply_codes._SMTP_AUTH, reply_codes._SMTP)
    calls = problem_calls()
    calls += [(code, frozenset({"host", "port"})) for table in tables for code in table.values()]
    of_token = frozenset({"host", "port", "scopes"})
    calls += [(code, of_token) for code in bearer_exchange.STATUSES.values()]
    source = "".join(module.read_text("utf-8") for module in PACKAGE.glob("*.py"))
    named = {code for code in CODES if f'"{code}"' in source}
    assert {code for code, _ in calls} <= CODES.keys()
    assert len(named) > 20
    for language in LANGUAGES:
        words = Words(language, {"imap": "inboxlink_imap"})
        for code in named:
            assert words.has(f"error.{code}")
            assert words.has(f"error.{code}.remedy")
        for code, given in calls:
            for key in (f"error.{code}", f"error.{code}.remedy"):
                assert placeholders(words(key)) <= given, (code, given)


def test_the_refusals_of_this_provider_are_worded_in_every_language() -> None:
    """Each `*_unsupported` code says why and what to do instead, in words of its language."""
    # req 11, 12, 89, 90, 91, 92
    refusals = [each for each in vars(policy).values() if isinstance(each, Refusal)]
    assert {each.code for each in refusals} == {
        f"{name}_unsupported"
        for name in ("pop3", "courier", "amazon_ses", "amazon_workmail", "team")
    }
    for refusal in refusals:
        found = policy.refused(refusal)
        assert found.remedy is not None
        for text in (found.message, found.remedy):
            said = {
                language: Words(language, {"imap": "inboxlink_imap"})(text)
                for language in LANGUAGES
            }
            assert text.key not in said.values()
            assert len(set(said.values())) == len(LANGUAGES)
            assert said["en"].isascii()
            assert not said["ja"].isascii()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PLACES)
def test_disclosures_are_whole(language: str, name: str) -> None:
    """Each kind of server has its own text, filled in, with both ways to end it."""
    # req 26, 43, 51, 87, 88, 105, 106, 110
    (disclosure,) = disclose(PLACES[name], context(language))
    assert disclosure.id == f"imap.{name}"
    assert disclosure.version == VERSIONS[name]
    assert disclosure.language == language
    assert disclosure.scopes == (("https://mail.google.com/",) if name == "G-C" else ())
    assert len(disclosure.data) == 5
    shown = [disclosure.title, disclosure.body, disclosure.remove_here, disclosure.revoke_there]
    assert all(text and "{" not in text for text in shown)
    assert "Acme" in disclosure.title
    assert "https://acme.example/privacy" in disclosure.body
    assert "help@acme.example" in disclosure.body
    assert "IT" in disclosure.body


def test_what_the_operator_did_not_give_is_left_out() -> None:
    """Without a privacy policy the paragraph that would name it is gone, not half empty."""
    (full,) = disclose(PLACES["I"], context("en"))
    (bare,) = disclose(PLACES["I"], context("en", Application("Acme")))
    assert len(full.body.split("\n\n")) == len(bare.body.split("\n\n")) + 2
    assert full.digest != bare.digest


def test_an_unknown_language_is_english() -> None:
    """A language without texts gets English, and the disclosure says so."""
    (disclosure,) = disclose(PLACES["I"], context("xx"))
    assert disclosure.language == "en"


def test_only_the_servers_of_the_variant_are_named() -> None:
    """Gmail's and Outlook's texts say that nothing else of the account is needed."""
    # req 51, 106
    (gmail,) = disclose(PLACES["G-C"], context("en"))
    (outlook,) = disclose(PLACES["I-O"], context("en"))
    assert "No other Google Workspace application" in gmail.body
    assert "No other Microsoft application" in outlook.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sign_in_with_google_is_disclosed(language: str) -> None:
    """G-C names the permission, in the body too, and says that it goes with one way alone."""
    # req 51, 110
    (gmail,) = disclose(PLACES["G-C"], context(language))
    assert gmail.version == 2
    assert all(scope in gmail.body for scope in gmail.scopes)
    (paragraph,) = (each for each in gmail.body.split("\n\n") if gmail.scopes[0] in each)
    assert {"en": "only if you sign in with Google", "ja": "した場合にのみ"}[language] in paragraph


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_acknowledged_before_stays(language: str) -> None:
    """Each earlier version of a text is kept, for whoever acknowledged it."""
    for name, version in VERSIONS.items():
        for earlier in range(1, version):
            path = PACKAGE / "disclosures" / language / f"{name}.v{earlier}.json"
            assert json.loads(path.read_text("utf-8"))["body"]
