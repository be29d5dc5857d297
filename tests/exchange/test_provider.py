"""What the provider claims, says and costs before anybody signs in."""

import json
import re
import string
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import inboxlink_exchange
from inboxlink.types.detection import (
    Basis,
    Detection,
    Evidence,
    HostingFact,
    PublishedServer,
    Role,
    Strength,
    Tls,
)
from inboxlink.types.disclosure import Application, Audience, Capability, DiscloseContext
from inboxlink.types.text import Text
from inboxlink_exchange import provider
from inboxlink_exchange.schemes import Scheme

PACKAGE = Path(inboxlink_exchange.__file__).parent
LANGUAGES = ("en", "ja")
STRINGS = {
    language: json.loads((PACKAGE / "strings" / f"{language}.json").read_text("utf-8"))
    for language in LANGUAGES
}
ACME = Application("Acme", "https://acme.example/privacy", "help@acme.example")

ANSWERS = HostingFact(
    "exchange_onprem",
    "autodiscover.corp.example: Exchange 15.2",
    Strength.LIKELY,
    servers=(PublishedServer("ews", "mail.corp.example", 443, Tls.IMPLICIT),),
)


def loaded(code: str) -> set[str]:
    """The modules that a process has after some code."""
    program = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    return set(json.loads(ran.stdout))


def test_exchangelib_is_loaded_by_a_verification_alone() -> None:
    """Neither detecting, disclosing nor the whole sign-in loads it."""
    heavy = {"exchangelib", "lxml", "spnego", "requests"}
    pure = loaded(
        "from inboxlink_exchange import provider\n"
        "from inboxlink.types.detection import *\n"
        "from inboxlink.types.disclosure import *\n"
        "fact = HostingFact('exchange_onprem', 'x', Strength.LIKELY)\n"
        "found = provider.detect(Evidence('corp.example', hosting=(fact,)))\n"
        "ctx = DiscloseContext(Application('A'), 'ja', Audience.PERSONAL, frozenset())\n"
        "assert provider.disclose(found, ctx)"
    )
    assert pure.isdisjoint(heavy | {"pydantic"})
    assert loaded("import inboxlink_exchange.sign_in").isdisjoint(heavy)
    # In a process of a verification it is there, or the two lines above would show nothing.
    assert "exchangelib" in loaded("import inboxlink_exchange.exchangelib_door")


def test_a_server_that_answers_is_claimed() -> None:
    """The fact of the core becomes a recommendation with the server's own address."""
    found = provider.detect(Evidence("corp.example", hosting=(ANSWERS,)))
    assert found is not None
    assert (found.provider, found.basis) == ("exchange", Basis.FINGERPRINT)
    (endpoint,) = found.endpoints
    assert (endpoint.role, endpoint.authority) == (Role.EWS, "mail.corp.example:443")


@pytest.mark.parametrize(
    "hosting",
    [
        (),
        (HostingFact("exchange_onprem", "x", Strength.HINT),),
        (HostingFact("microsoft_365", "x"), ANSWERS),
        (HostingFact("google", "x", Strength.LIKELY), ANSWERS),
    ],
)
def test_what_is_elsewhere_is_not_claimed(hosting: tuple[HostingFact, ...]) -> None:
    """A hint is none, and beside Microsoft 365 or Google a server that answers is an old one."""
    # req 66
    assert provider.detect(Evidence("corp.example", hosting=hosting)) is None


def disclosed(language: str) -> str:
    detection = Detection("exchange", Basis.GUESS, Text("x"))
    context = DiscloseContext(ACME, language, Audience.PERSONAL, frozenset(Capability))
    (found,) = provider.disclose(detection, context)
    assert (found.id, found.version, found.language) == ("exchange.E", 1, language)
    assert found.scopes == ()
    return "\n".join((found.title, found.body, *found.data, found.remove_here, found.revoke_there))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        # req 26, 64, 65, 68, 73, 74, 75, 77, 86, 110
        ("en", "Your email address"),
        ("en", "Your password, or app password"),
        ("en", "The name, address, version and certificate of your Exchange server"),
        ("en", "metadata of your messages"),
        ("en", "The bodies of your messages"),
        ("en", "your calendar, your contacts and your distribution groups"),
        ("en", "retired signing in with a password in Exchange Online"),
        ("en", "October 2022"),
        ("en", "2010 SP2 or later"),
        ("en", "for servers that your company runs itself"),
        ("en", "may ask for more than address and password"),
        ("en", "you need an app password"),
        ("en", "Disconnect the mailbox in Acme"),
        ("en", "change your password"),
        ("ja", "メールアドレス"),
        ("ja", "パスワード、またはアプリパスワード"),
        ("ja", "Exchange サーバーの名前、アドレス、バージョン、証明書"),
        ("ja", "メッセージのメタデータ"),
        ("ja", "メッセージの本文"),
        ("ja", "予定表、連絡先、配布グループ"),
        ("ja", "2022 年 10 月に廃止"),
        ("ja", "2010 SP2 以降"),
        ("ja", "会社が自社で運用するサーバー"),
        ("ja", "アプリパスワードが必要"),
        ("ja", "Acme でメールボックスの接続を解除"),
        ("ja", "パスワードを変更"),
    ],
)
def test_disclosure_e_says_what_it_must(language: str, said: str) -> None:
    """Every kind of data and every limit stands there, in both languages."""
    assert said in disclosed(language)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_key_of_the_code_has_a_string_and_every_string_a_use() -> None:
    """No text that the code names is missing, and none that is written is unused."""
    from inboxlink_exchange import policy

    source = "".join(module.read_text("utf-8") for module in sorted(PACKAGE.rglob("*.py")))
    keys = set(re.findall(r'"(exchange\.[a-z_.0-9]+)"', source)) & STRINGS["en"].keys()
    keys |= {"exchange.message.subject", "exchange.message.body"}
    for name in re.findall(r'_refusal\("(\w+)"\)', source):
        keys |= {f"exchange.refused.{name}", f"exchange.refused.{name}.instead"}
    names = {name for name, *_ in policy._EWS.values()}
    names |= set(re.findall(r'_problem\(\s*"(\w+)"', source))
    for name in names:
        keys |= {f"exchange.error.{name}", f"exchange.error.{name}.remedy"}
    # What an administrator is asked is the core's to look for: tests/doctor/test_letters.py.
    assert keys == {key for key in STRINGS["en"] if ".handoff." not in key}


@pytest.mark.parametrize("language", STRINGS)
def test_who_uses_active_sync_is_led_here(language: str) -> None:
    """ActiveSync is no way to connect; where a person chooses a provider, EWS are theirs."""
    # req 16, 17
    assert "ActiveSync" in STRINGS[language]["exchange.summary"]
    assert "activesync" not in {scheme.value for scheme in Scheme}


@pytest.mark.parametrize("language", STRINGS)
def test_the_refusal_of_exchange_online_links_to_the_reason(language: str) -> None:
    """Microsoft's own page on the end of basic authentication."""
    # req 64, 76
    remedy = STRINGS[language]["exchange.refused.exchange_online.instead"]
    (link,) = re.findall(r"https://\S+", remedy)
    parts = urlsplit(link)
    assert parts.hostname == "learn.microsoft.com"
    assert parts.path.endswith("/deprecation-of-basic-authentication-exchange-online")
