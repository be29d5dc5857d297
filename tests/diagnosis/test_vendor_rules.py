"""A vendor's rule names the error that a connection shows for the same refusal."""

import json
import re
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import exchangelib.errors
import pytest
from requests import Response

from inboxlink.errors import Problem
from inboxlink.oauth.api import Api, Judge
from inboxlink.texts import Words
from inboxlink.types.context import HttpAnswer, HttpSession
from inboxlink_exchange import policy as exchange_policy
from inboxlink_exchange.autodiscover import pox, soap
from inboxlink_gmail import api_refusals, code_flow
from inboxlink_gmail import sign_in as gmail_sign_in
from inboxlink_imap.reply_codes import (
    imap_complaint,
    imap_refusal,
    smtp_auth_refusal,
    smtp_refusal,
)
from inboxlink_outlook import entra_errors, graph
from inboxlink_outlook import policy as outlook_policy

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
FILES = (
    *(
        ROOT / f"plugins/{name}/src/inboxlink_{name}/rules.json"
        for name in ("outlook", "gmail", "exchange")
    ),
    ROOT / "core/src/inboxlink/diagnosis/rules/app_passwords.json",
)
RULES: dict[str, dict[str, Any]] = {
    raw["id"]: raw for file in FILES for raw in json.loads(file.read_text("utf-8"))["rules"]
}
ROWS: list[dict[str, str]] = [
    row
    for name in ("entra", "graph", "exchange_online", "google", "ews", "app_passwords")
    for row in json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
]

#: What is refused where it is not the sign-in.
COMMANDS = {
    "exchange_online.smtp_not_signed_in": "sender",
    "exchange_online.send_as_denied": "sender",
    "exchange_online.send_as_denied_later": "message",
    "exchange_online.daily_limit": "message",
    "exchange_online.sender_blocked": "message",
    "exchange_online.sending_threads": "message",
    "exchange_online.imap_not_connected": "select",
    "google.daily_limit": "message",
    "google.bandwidth": "select",
    "app_password.netease_unsafe_login": "select",
}
OTHERWISE = {
    "sender": "sender_refused",
    "message": "message_refused",
    "select": "inbox_missing",
}

#: What inboxlink itself says, where the other side says nothing.
OWN: dict[str, Problem] = {
    "graph.shared_mailbox_unsupported": outlook_policy.shared_mailbox("shared"),
    "google.offline_access_missing": gmail_sign_in._no_refresh_token(),
    "ews.no_ews": exchange_policy.no_ews("https://mail.example.test/owa/", 200),
    "ews.no_scheme": exchange_policy.no_scheme("mail.example.test", ()),
    "ews.exchange_too_old": exchange_policy.too_old("8.3.83.6"),
    "autodiscover.autodiscover_failed": exchange_policy.autodiscover_failed("example.test", "-"),
    "autodiscover.address_unusable": exchange_policy.address_unusable(
        "autodiscover.example.test", "-"
    ),
    "autodiscover.sent_in_circles": exchange_policy.sent_in_circles("autodiscover.example.test"),
}

#: What the table does not have: another name of Yandex's servers, and what runs on this machine.
NOT_IN_THE_TABLE = {"yandex.ru", "127.0.0.1"}


def of_protocol(*protocols: str) -> Any:
    rows = [
        row
        for row in ROWS
        if RULES[row["rule"]]["protocol"] in protocols and row["rule"] not in OWN
    ]
    assert rows
    ids = [f"{row['rule']}-{number}" for number, row in enumerate(rows)]
    return pytest.mark.parametrize("row", rows, ids=ids)


def codes_of(topic: str) -> set[str]:
    return {
        code for name, raw in RULES.items() if name.startswith(f"{topic}.") for code in raw["codes"]
    }


def of_an_api(text: str, judge: Judge) -> Problem:
    """What an answer such as `403 {"error": …}` means."""
    status, _, body = text.partition(" ")
    api = Api(cast("HttpSession", None), "api.test", "t0ken", judge)
    return api._problem(HttpAnswer("https://api.test/", int(status), {}, body.encode()))


def entra(text: str, **how: bool) -> str:
    return entra_errors.problem_of(
        {"error": "invalid_request", "error_description": text}, **how
    ).code


@pytest.mark.parametrize("name", [name for name in RULES if name.startswith("entra.")])
def test_entra(name: str) -> None:
    """Each number of a rule is shown as the rule's error, in a sign-in or in a renewal."""
    texts = [row["text"] for row in ROWS if row["rule"] == name]
    for text in (*texts, *(f"{code}: So it is." for code in RULES[name]["codes"])):
        if RULES[name]["error"] == "grant_ended":
            assert entra(text, is_renewal=True) == "grant_ended"
        else:
            assert entra(text) == RULES[name]["error"], text


def test_every_number_has_a_rule() -> None:
    """What the provider tells apart by its number is explained."""
    assert {f"AADSTS{number}" for number in entra_errors._CODES} <= codes_of("entra")


@of_protocol("graph")
def test_graph(row: dict[str, str]) -> None:
    """An answer of Graph's is shown as the rule's error, and keeps the code that it is found by."""
    found = of_an_api(row["text"], graph._judge("Acme"))
    rule = RULES[row["rule"]]
    assert found.code == rule["error"]
    assert found.remote is not None
    assert any(code in found.remote for code in rule["codes"])


def test_every_code_of_graphs_has_a_rule() -> None:
    """What the provider tells apart by its code is explained."""
    assert graph._PROBLEMS.keys() <= codes_of("graph")


@of_protocol("gmail")
def test_gmail(row: dict[str, str]) -> None:
    """An answer of the Gmail API's is shown as the rule's error, and keeps its reason."""
    found = of_an_api(row["text"], api_refusals.judge("scope"))
    rule = RULES[row["rule"]]
    assert found.code == rule["error"]
    if not row["text"].startswith(("401", "429", "503")):
        assert found.remote is not None
        assert any(code in found.remote for code in rule["codes"])


def test_every_reason_of_gmails_has_a_rule() -> None:
    """What the provider tells apart by its reason is explained."""
    told = api_refusals._RATES | api_refusals._SCOPES | api_refusals._DISABLED
    assert told | {"domainPolicy", "failedPrecondition"} <= codes_of("google")


@pytest.mark.parametrize(
    "row",
    [
        row
        for row in ROWS
        if row["rule"].startswith("google.")
        and RULES[row["rule"]]["protocol"] == "oauth"
        and row["rule"] not in OWN
    ],
    ids=lambda row: row["rule"],
)
def test_google_oauth(row: dict[str, str]) -> None:
    """What Google's pages and its token endpoint say is shown as the rule's error."""
    name, text = row["rule"], row["text"]
    answer = json.loads(text) if text.startswith("{") else None
    if answer is None and name != "google.redirect_unknown":
        query = parse_qs(urlsplit(text.split()[-1]).query)
        page = re.search(r"Error 4\d\d: (\w+)", text)
        error = page[1] if page else query["error"][0]
        found = gmail_sign_in._refusal({"error": error})
        assert found is not None
    else:
        response = Response()
        response.status_code = 400
        error = answer["error"] if answer else "redirect_uri_mismatch"
        found = code_flow._refusal(response, answer or {"error": error}, ())
        assert found.remote is not None
    assert error in RULES[name]["codes"]
    if name == "google.code_spent":
        # No grant has ended that never began: `sign_in` names it so.
        assert (found.code, RULES[name]["error"]) == ("grant_ended", "sign_in_timed_out")
    else:
        assert found.code == RULES[name]["error"]
    if found.remote is not None:
        assert error in found.remote


@of_protocol("smtp")
def test_smtp(row: dict[str, str]) -> None:
    """A reply to AUTH, MAIL or the message is shown as the rule's error."""
    lines = row["text"].split("\n")
    code, said = int(lines[0][:3]), "\n".join(line[4:].strip() for line in lines)
    command = COMMANDS.get(row["rule"])
    found = (
        smtp_auth_refusal(code, said) if command is None else smtp_refusal(code, OTHERWISE[command])
    )
    assert found == RULES[row["rule"]]["error"]


@of_protocol("imap")
def test_imap(row: dict[str, str]) -> None:
    """A tagged NO or BAD is shown as the rule's error."""
    _, kind, said = row["text"].split(" ", 2)
    otherwise = OTHERWISE.get(COMMANDS.get(row["rule"], ""), "invalid_credentials")
    found = imap_refusal(said, otherwise) if kind == "NO" else imap_complaint(said)
    assert found == RULES[row["rule"]]["error"]


@of_protocol("ews")
def test_ews(row: dict[str, str]) -> None:
    """A response code, or a refusal of HTTP's, is shown as the rule's error."""
    rule, text = RULES[row["rule"]], row["text"]
    named = re.search(r"\bError[A-Z]\w+", text)
    if named is None:
        status = re.search(r"HTTP/1.1 (\d+)", text)
        assert status is not None
        found = exchange_policy.refused_request(int(status[1]), text.encode(), "/EWS/Exchange.asmx")
    else:
        # The library knows it, and so it is more than a name here.
        assert issubclass(
            getattr(exchangelib.errors, named[0]), exchangelib.errors.ResponseMessageError
        )
        found = exchange_policy.ews_error(named[0])
    assert (found.code if found else "remote_error") == rule["error"]
    assert found is None or found.remote is not None
    signs = rule["codes"] if named else rule["patterns"]
    said = str(found.remote) if found else named[0] if named else ""
    assert any(re.search(sign, said, re.IGNORECASE) for sign in signs)


def test_every_response_code_has_a_rule() -> None:
    """What the provider tells apart by its response code is explained."""
    assert exchange_policy._EWS.keys() <= codes_of("ews")
    for code in codes_of("ews"):
        if code.startswith("Error"):
            assert hasattr(exchangelib.errors, code)


@of_protocol("autodiscover")
def test_autodiscover(row: dict[str, str]) -> None:
    """An error of Autodiscover's is read from the wire as the code that the rule is found by."""
    is_soap = row["text"].startswith("<UserResponse>")
    whole = "<Autodiscover><Response>{}</Response></Autodiscover>".format(row["text"])
    found = soap.read(row["text"].encode()) if is_soap else pox.read(whole.encode())
    assert found is not None
    assert found.error in RULES[row["rule"]]["codes"]
    shown = exchange_policy.autodiscover_failed("example.test", str(found.error))
    assert shown.code == RULES[row["rule"]]["error"]
    assert found.error in str(shown.remote)


@pytest.mark.parametrize("name", OWN)
def test_what_inboxlink_says_itself(name: str) -> None:
    """A rule for what the other side does not say is found by the error's own code."""
    (row,) = [row for row in ROWS if row["rule"] == name]
    said = json.loads(row["text"])["error"]
    assert said["code"] == OWN[name].code == RULES[name]["error"] == name.partition(".")[2]
    packages = {each: f"inboxlink_{each}" for each in ("outlook", "gmail", "exchange")}
    worded = Words("en", packages, {"app": "Acme CRM"})(OWN[name].message)
    assert said["message"] == worded


def test_app_passwords_are_told_of_servers_that_ask_for_them() -> None:
    """The servers that a rule is limited to are those of hosters in the table."""
    table = json.loads((ROOT / "core/src/inboxlink/evidence/providers.json").read_text("utf-8"))
    servers = {
        endpoint[0]
        for each in table.values()
        for kind in ("imap", "submission")
        for endpoint in each[kind]
    }
    for name, raw in RULES.items():
        if not name.startswith("app_password."):
            continue
        assert raw["hosts"], name
        for host in set(raw["hosts"]) - NOT_IN_THE_TABLE:
            assert any(each == host or each.endswith(f".{host}") for each in servers), (name, host)


def test_hosters_that_take_app_passwords_alone_are_all_told_of() -> None:
    """Each hoster of the table that takes nothing but an app password has a rule for its server."""
    table = json.loads((ROOT / "core/src/inboxlink/evidence/providers.json").read_text("utf-8"))
    hosts = {host for raw in RULES.values() for host in raw["hosts"]}
    for name, each in table.items():
        if each["sign_in"] == ["app_password"]:
            for server, *_ in each["imap"]:
                assert any(server == host or server.endswith(f".{host}") for host in hosts), name


def test_at_least_75_rules() -> None:
    """The vendors' share of what is explained."""
    assert len(RULES) == sum(len(json.loads(file.read_text("utf-8"))["rules"]) for file in FILES)
    assert len(RULES) >= 75
    assert {row["rule"] for row in ROWS} == RULES.keys()
