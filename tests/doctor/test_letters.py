"""What an administrator is asked: the exact place, address or command, and nothing secret."""

import json
import re
import string
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import inboxlink
from inboxlink.errors import CODES, Blame, Kind, Problem, problem
from inboxlink.handoff.letter import Letter, Matter, is_for_admin, write
from inboxlink.texts import LANGUAGES, Words
from inboxlink.types.address import parse_address
from inboxlink.types.disclosure import Application, Capability
from inboxlink.types.text import Text

PROVIDERS = ("exchange", "gmail", "imap", "outlook")
CORE = Path(inboxlink.__file__).parent / "strings"
CLIENT = "11111111-2222-3333-4444-555555555555"
CONSENT = f"https://login.microsoftonline.com/contoso.com/adminconsent?client_id={CLIENT}"


def words(language: str = "en") -> Words:
    packages = {name: f"inboxlink_{name}" for name in PROVIDERS}
    return Words(language, packages, {"app": "Acme"})


def strings(folder: Path) -> dict[str, str]:
    return dict(json.loads((folder / "en.json").read_text("utf-8")))


def letter(found: Problem, language: str = "en", **changes: Any) -> Letter:
    fields: dict[str, Any] = {
        "problem": found,
        "address": parse_address("ann@contoso.com"),
        "provider": "outlook",
        "title": Text("outlook.title"),
        "application": Application("Acme", "https://acme.example/privacy", "help@acme.example"),
        "client_id": CLIENT,
        "scopes": ("User.Read", "Mail.Read", "Odd.Scope"),
        "wanted": frozenset(Capability),
        "happened_at": datetime(2026, 11, 26, 9, 30, tzinfo=UTC),
        "resume": "inboxlink connect --resume T1",
        "has_ticket": True,
    }
    return write(Matter(**fields | changes), words(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_says_what_happened_what_is_asked_and_why(language: str) -> None:
    """It names the application, the address to open, each permission with its reason."""
    found = problem("admin_consent_required", app="Acme", url=CONSENT, remote="AADSTS90094: no")
    written = letter(found, language)
    assert "ann@contoso.com" in written.subject
    assert "\n" not in written.subject
    for part in (
        *(CONSENT, CLIENT, "AADSTS90094: no", "2026-11-26 09:30 UTC", "Odd.Scope"),
        *("https://acme.example/privacy", "help@acme.example", "https://entra.microsoft.com"),
        "inboxlink connect --resume T1",
    ):
        assert part in written.body
    assert f"Mail.Read: {words(language)('outlook.handoff.scope.mail_read')}" in written.body
    assert not re.search(r"\{\w+\}", written.text), "every placeholder has its value"
    assert (language == "ja") == bool(re.search("[ぁ-ん]", written.body))


def test_what_is_copied_stands_on_a_line_of_its_own() -> None:
    """Addresses of the consent, commands and the way on begin with spaces, and are whole."""
    consent = problem("admin_consent_required", app="Acme", url=CONSENT)
    lines = letter(consent).body.splitlines()
    assert f"   {CONSENT}" in lines
    assert "   inboxlink connect --resume T1" in lines
    for code, provider in (("login_disabled", "imap"), ("ews_forbidden", "exchange")):
        found = Problem(
            code,
            Kind.SIGN_IN,
            Blame.ADMIN,
            Text("x", {"host": "smtp.office365.com", "port": "587"}),
        )
        for language in LANGUAGES:
            copied = [
                each
                for each in letter(found, language, provider=provider).body.splitlines()
                if "CASMailbox -" in each
            ]
            assert copied
            assert all(each.startswith("   ") for each in copied)


def test_only_a_ticket_is_over_after_a_while() -> None:
    """A connection that is signed in again has no such end."""
    found = problem("admin_policy", app="Acme")
    again = {"resume": "inboxlink accounts reconnect X", "has_ticket": False}
    assert "within 14 days" in letter(found).body
    assert "14 days" not in letter(found, **again).body
    assert "   inboxlink accounts reconnect X" in letter(found, **again).body.splitlines()


def test_smtp_that_is_switched_off_is_asked_for_by_its_command() -> None:
    """At Microsoft the command for this one mailbox stands there; elsewhere the server is named."""
    off = problem("login_disabled", host="smtp.office365.com", port="587", remote="535 5.7.139 x")
    asked = letter(off, provider="imap", scopes=()).body
    command = "Set-CASMailbox -Identity 'ann@contoso.com' -SmtpClientAuthenticationDisabled $false"
    assert command in asked
    elsewhere = problem("login_disabled", host="smtp.notoffice365.com", port="587")
    asked = letter(elsewhere, provider="imap", scopes=()).body
    assert "Set-CASMailbox" not in asked
    assert "smtp.notoffice365.com:587" in asked


def test_an_address_cannot_add_to_a_command() -> None:
    """Whatever ends a quoted text of PowerShell is doubled, typographic quotes too."""
    off = problem("login_disabled", host="smtp.office365.com", port="587")
    for quote in ("'", "\u2018", "\u2019", "\u201a", "\u201b"):
        address = parse_address(f"a{quote}$x@contoso.com")
        asked = letter(off, provider="imap", scopes=(), address=address).body
        assert f"-Identity 'a{quote}{quote}$x@contoso.com' -Smtp" in asked


def test_what_the_server_said_cannot_steer_whoever_reads_the_letter() -> None:
    """Control characters of the remote side, and of the problem's values, are shown as escapes."""
    found = problem("admin_consent_required", app="Acme", url="\x1b[31mx", remote="a\x1b]0;b\x07")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", letter(found).text)


def test_the_most_precise_words_count() -> None:
    """The provider's own, then those of the place, then the error's, then one for all."""
    policy = problem("admin_policy", app="Acme")
    assert "Conditional Access" in letter(policy).body
    assert "API controls" in letter(policy, provider="gmail").body
    assert "End User Access" in letter(policy, provider="imap").body
    assert "client id" in letter(policy, provider="nobody").body
    refused = problem("message_refused", host="mail.example.org", port="587")
    assert words()("handoff.ask", address="ann@contoso.com", code="message_refused") in (
        letter(refused).body
    )


@pytest.mark.parametrize("code", [code for code, (_, who) in CODES.items() if who is Blame.ADMIN])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_that_an_administrator_mends_has_a_letter(code: str, language: str) -> None:
    """None of them leaves a placeholder, with the values that the error itself has."""
    template = strings(CORE)[f"error.{code}"] + strings(CORE)[f"error.{code}.remedy"]
    names = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    found = problem(code, **dict.fromkeys(names | {"host", "port"}, "x.example"))
    assert is_for_admin(found)
    for provider in PROVIDERS:
        written = letter(found, language, provider=provider)
        assert not re.search(r"\{\w+\}", written.text), written.text


def test_what_is_asked_belongs_to_an_error_that_exists() -> None:
    """Each text of the core and of the providers is for a code that some of their code gives."""
    source = {
        name: "".join(
            file.read_text("utf-8")
            for file in Path(str(import_module(f"inboxlink_{name}").__file__)).parent.glob("*.py")
        )
        for name in PROVIDERS
    }
    for name in PROVIDERS:
        folder = Path(str(import_module(f"inboxlink_{name}").__file__)).parent / "strings"
        for key in strings(folder):
            _, _, rest = key.partition(".handoff.")
            if rest and not rest.startswith("scope."):
                of_core = CODES.get(rest, (None, None))[1] is Blame.ADMIN
                assert of_core or f'"{rest}"' in source[name], key
    for key in strings(CORE):
        group, _, code = key.removeprefix("handoff.").partition(".")
        if code and key.startswith("handoff.") and group in ("ask", "microsoft", "google"):
            assert CODES[code][1] is Blame.ADMIN, key


def test_only_what_an_administrator_can_mend_is_for_one() -> None:
    """A wrong password or a server that is down makes no letter."""
    assert not is_for_admin(problem("invalid_credentials"))
    assert not is_for_admin(problem("remote_error"))
    assert is_for_admin(problem("device_flow_blocked"))
