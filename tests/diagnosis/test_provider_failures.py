"""What Google, Microsoft and Exchange refuse, through the real providers: each has its rule."""

from collections.abc import Callable
from typing import Any

import pytest

from diagnosis.world import all_rules
from exchange.test_verification import verified
from exchange.world import AUTODISCOVER, HOST, PASSWORD
from exchange.world import World as ExchangeWorld
from gmail.test_verification import REFUSALS
from gmail.world import Host, problem_of
from inboxlink.diagnosis import Diagnosis, diagnose
from inboxlink.errors import CODES, Kind, Problem, problem
from inboxlink.testing.peers.faults import HTML, Fault, busy, instead, redirected_with, unavailable
from inboxlink.types.report import VerifyReport
from inboxlink.types.steps import Abort, Form, Step
from outlook.world import Visit
from peers.exchange.autodiscover import Advice
from peers.oauth.google_answers import grant_ended
from peers.oauth.google_answers import token_error as google_error
from peers.oauth.microsoft_answers import (
    graph_busy,
    graph_error,
    mailbox_not_enabled,
    redirected_error,
    token_error,
    user_purpose,
)
from peers.oauth.worlds import BOB, MicrosoftWorld


def told(trouble: Problem, provider: str, stage: str | None = None) -> Diagnosis:
    """What the rules say of a problem, told all that a host knows."""
    return diagnose(trouble, language="en", rules=all_rules(), stage=stage, provider=provider)


def first(report: VerifyReport, provider: str) -> Diagnosis:
    check = next(each for each in report.checks if each.problem is not None)
    assert check.problem is not None
    return told(check.problem, provider, check.stage)


#: The codes of Microsoft's that the peer can answer, each with its rule.
AADSTS = {
    50020: "entra.account_foreign",
    500011: "entra.graph_missing",
    50076: "entra.second_factor",
    50173: "entra.token_revoked",
    53003: "entra.conditional_access",
    54005: "entra.code_used",
    65001: "entra.not_consented",
    65004: "entra.declined",
    70011: "entra.scope_invalid",
    700016: "entra.client_unknown",
    700082: "entra.token_unused",
    7000215: "entra.secret_wrong",
    7000222: "entra.secret_expired",
    90002: "entra.tenant_unknown",
    90094: "entra.admins_only",
    90095: "entra.approval_requested",
}


@pytest.mark.parametrize("code", AADSTS)
@pytest.mark.parametrize("where", ["token", "page", "renewal"])
def test_microsoft_refuses(microsoft_world: MicrosoftWorld, code: int, where: str) -> None:
    """Each code ends in its own rule, wherever Microsoft answers it."""
    visit = Visit(microsoft_world)
    if where == "renewal":
        from inboxlink.errors import InboxlinkError

        credential = visit.done().credential
        microsoft_world.faults.at_token(token_error(code), "refresh_token")
        with pytest.raises(InboxlinkError) as caught:
            visit.refresh(credential)
        found = caught.value.problem
    else:
        if where == "token":
            microsoft_world.faults.at_token(token_error(code))
        else:
            microsoft_world.faults.at_authorization(redirected_error(code))
        step = visit.sign_in()
        assert isinstance(step, Abort)
        found = step.error
    diagnosis = told(found, "outlook")
    assert diagnosis.rule == AADSTS[code]
    assert diagnosis.code == f"AADSTS{code}"


GRAPH: dict[str, tuple[Fault, str]] = {
    "not in the cloud": (mailbox_not_enabled(404), "graph.mailbox_missing"),
    "on premises": (
        instead(
            graph_error(
                *(404, "MailboxNotEnabledForRESTAPI"),
                "REST API is not yet supported for this mailbox.",
            )
        ),
        "graph.mailbox_on_premises",
    ),
    "denied": (
        instead(graph_error(403, "ErrorAccessDenied", "Access is denied.")),
        "graph.access_denied",
    ),
    "expired": (
        instead(graph_error(401, "InvalidAuthenticationToken", "Expired.")),
        "graph.token_invalid",
    ),
    "busy": (graph_busy(7), "graph.throttled"),
    "down": (unavailable(503), "flow.server_unavailable"),
    "a page": (instead(HTML), "flow.protocol_error"),
    "odd": (instead(graph_error(400, "ErrorOdd", "Odd.")), "http.400"),
}


@pytest.mark.parametrize("name", GRAPH)
def test_graph_refuses(microsoft_world: MicrosoftWorld, name: str) -> None:
    """Each refusal of Graph ends in the rule of its cause."""
    fault, rule = GRAPH[name]
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    microsoft_world.faults.at_api(fault, "/inbox")
    assert first(visit.verify(credential), "outlook").rule == rule


def test_a_shared_mailbox_is_told(microsoft_world: MicrosoftWorld) -> None:
    """A mailbox that is nobody's own ends in its rule."""
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    microsoft_world.faults.at_api(user_purpose("shared"), "/userPurpose")
    found = first(visit.verify(credential), "outlook")
    assert found.rule == "graph.shared_mailbox_unsupported"


GMAIL = {
    "unauthorised": "http.401",
    "scope": "google.scope_missing",
    "scope, newer": "google.scope_missing",
    "switched off": "google.gmail_api_disabled",
    "switched off, newer": "google.gmail_api_disabled",
    "policy": "google.domain_policy",
    "no mailbox": "google.no_mailbox",
    "another precondition": "http.400",
    "busy": "http.429",
    "busy, rateLimitExceeded": "google.requests_too_many",
    "busy, userRateLimitExceeded": "google.person_rate_limited",
    "busy, dailyLimitExceeded": "google.quota_used",
    "down": "flow.server_unavailable",
    "broken": "flow.server_unavailable",
    "odd": "http.400",
    "a string": "http.403",
    "a page": "flow.protocol_error",
    "20 MB": "flow.response_too_large",
    "nothing": "flow.protocol_error",
    "a list": "flow.protocol_error",
    "another shape": "flow.protocol_error",
    "an escape": "flow.protocol_error",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_gmail_refuses(google_host: Host, name: str) -> None:
    """Each refusal of the Gmail API ends in the rule of its cause."""
    google_host.google.faults.at_api(REFUSALS[name][0], path="/profile")
    found = first(google_host.verify(google_host.done()), "gmail")
    assert found.rule == GMAIL[name]


GOOGLE: dict[str, tuple[Callable[[Any], None], str]] = {
    "client": (
        lambda faults: faults.at_token(google_error("invalid_client", "Unauthorized", 401)),
        "google.client_secret_wrong",
    ),
    "deleted": (
        lambda faults: faults.at_token(google_error("deleted_client", "gone", 401)),
        "google.client_deleted",
    ),
    "address": (
        lambda faults: faults.at_token(google_error("redirect_uri_mismatch", "Bad Request")),
        "google.redirect_unknown",
    ),
    "policy": (
        lambda faults: faults.at_token(google_error("admin_policy_enforced", "no")),
        "google.app_not_trusted",
    ),
    "busy": (lambda faults: faults.at_token(busy(7)), "http.rate_limited"),
    "down": (lambda faults: faults.at_token(unavailable(503)), "flow.server_unavailable"),
    "a page": (lambda faults: faults.at_token(instead(HTML)), "flow.protocol_error"),
    "protected": (
        lambda faults: faults.at_authorization(redirected_with(code=None, error="policy_enforced")),
        "google.advanced_protection_unsupported",
    ),
    "organisation": (
        lambda faults: faults.at_authorization(redirected_with(code=None, error="org_internal")),
        "google.other_organisation",
    ),
    "declined": (
        lambda faults: faults.at_authorization(redirected_with(code=None, error="access_denied")),
        "oauth.access_denied",
    ),
    "elsewhere": (
        lambda faults: faults.at_authorization(redirected_with(iss="https://evil.test")),
        "flow.issuer_mismatch",
    ),
}


@pytest.mark.parametrize("name", GOOGLE)
def test_google_refuses(google_host: Host, name: str) -> None:
    """Each refusal of Google's sign-in ends in the rule of its cause."""
    place, rule = GOOGLE[name]
    place(google_host.google.faults)
    assert told(problem_of(google_host.sign_in()), "gmail").rule == rule


def test_google_ends_an_access(google_host: Host) -> None:
    """A refresh token that counts no more ends in Google's own rule."""
    from gmail.world import raised

    before = google_host.done().credential
    google_host.google.faults.at_token(grant_ended())
    found = told(raised(lambda: google_host.refresh(before)), "gmail")
    assert found.rule == "google.access_ended"


def test_another_account_signs_in(google_host: Host) -> None:
    """The mailbox of somebody else ends in its rule."""
    from inboxlink.connect.proving import objection
    from inboxlink.connect.request import Request
    from inboxlink.types.address import parse_address
    from inboxlink.types.detection import Basis, Detection
    from inboxlink.types.text import Text

    report = google_host.verify(google_host.done(BOB))
    request = Request(
        owner="ann",
        address=parse_address(google_host.address, special_domains=("test",)),
        detection=Detection("gmail", Basis.GUESS, Text("x")),
        language="en",
    )
    found = objection(request, report)
    assert found is not None
    assert told(found, "gmail").rule == "flow.wrong_account"


EWS = {
    "ErrorAccountDisabled": "ews.account_disabled",
    "ErrorPasswordExpired": "ews.password_expired",
    "ErrorNonExistentMailbox": "ews.mailbox_missing",
    "ErrorMailboxMoveInProgress": "ews.mailbox_moving",
    "ErrorMailboxStoreUnavailable": "ews.store_unavailable",
    "ErrorQuotaExceeded": "ews.quota",
    "ErrorAccessDenied": "ews.access_denied",
    "ErrorServerBusy": "ews.busy",
    "ErrorFolderNotFound": "ews.folder_missing",
}


def test_exchange_refuses(exchange_world: ExchangeWorld) -> None:
    """Each response code of EWS ends in its rule."""
    server = exchange_world.serve(HOST)
    found = {}
    for code in EWS:
        server.services.refusals["GetFolder"] = code
        found[code] = first(verified(exchange_world), "exchange").rule
    assert found == EWS


def wrong_password(world: ExchangeWorld) -> VerifyReport:
    world.serve(HOST)
    return verified(world, "a typing error")


def may_not_send(world: ExchangeWorld) -> VerifyReport:
    world.serve(HOST)
    world.ann.may_send = False
    return verified(world)


def may_not_use_ews(world: ExchangeWorld) -> VerifyReport:
    world.serve(HOST)
    world.ann.is_ews_enabled = False
    return verified(world)


def somebody_elses(world: ExchangeWorld) -> VerifyReport:
    world.serve(HOST)
    world.address = world.bob.address
    return verified(world)


def opened_for_another(world: ExchangeWorld) -> VerifyReport:
    world.ann.opens = (world.bob.address,)
    return somebody_elses(world)


def too_old(world: ExchangeWorld) -> VerifyReport:
    world.serve(HOST, version=(8, 3, 83, 6))
    return verified(world)


def down(world: ExchangeWorld) -> VerifyReport:
    server = world.serve(HOST, schemes=("basic",))
    server.pages[HOST, "/ews/exchange.asmx"] = lambda it: it.answer(503, b"", "text/html")
    return verified(world, scheme="basic")


def not_there(world: ExchangeWorld) -> VerifyReport:
    world.unreachable(HOST)
    return verified(world)


def loses_mail(world: ExchangeWorld) -> VerifyReport:
    world.serve(HOST).services.delivers = False
    world.send_test_message = True
    world.seconds = 5.0
    return verified(world)


EXCHANGE = {
    wrong_password: "ews.sign_in_unexplained",
    may_not_send: "ews.send_as_denied",
    may_not_use_ews: "ews.ews_forbidden",
    somebody_elses: "ews.access_denied",
    opened_for_another: "flow.wrong_account",
    too_old: "ews.exchange_too_old",
    down: "ews.busy",
    not_there: "tcp.connection_refused",
    loses_mail: "flow.message_not_found",
}


@pytest.mark.parametrize("fail", EXCHANGE, ids=lambda each: each.__name__)
def test_exchange_fails(
    exchange_world: ExchangeWorld, fail: Callable[[ExchangeWorld], VerifyReport]
) -> None:
    """What goes wrong with an Exchange server ends in the rule of its cause."""
    assert first(fail(exchange_world), "exchange").rule == EXCHANGE[fail]


def form_error(step: Step) -> Problem:
    assert isinstance(step, Form), step
    (found,) = step.errors.values()
    return found


def locked(world: ExchangeWorld) -> Problem:
    server = world.usual(schemes=("basic",))
    page = b"<html>The referenced account is currently locked out</html>"
    headers = (("WWW-Authenticate", "Basic"),)
    path = "/autodiscover/autodiscover.svc"
    server.pages[AUTODISCOVER, path] = lambda it: it.answer(401, page, "text/html", headers)
    return form_error(world.begin().submit(PASSWORD).step)


def nothing_found(world: ExchangeWorld) -> Problem:
    return form_error(world.begin().step)


def no_https(world: ExchangeWorld) -> Problem:
    world.usual().advice[AUTODISCOVER] = Advice(external=f"http://{HOST}/EWS/Exchange.asmx")
    return form_error(world.begin().submit(PASSWORD).step)


def no_ews(world: ExchangeWorld) -> Problem:
    server = world.serve(HOST)
    server.pages[HOST, "/ews/exchange.asmx"] = lambda it: it.answer(404)
    typed = f"https://{HOST}/ews/exchange.asmx/other"
    return form_error(world.begin().submit(ews_url=typed, username="ann").step)


def no_scheme(world: ExchangeWorld) -> Problem:
    world.usual(schemes=("ntlm", "basic"))
    return form_error(world.begin().submit(PASSWORD, scheme="negotiate").step)


FORMS = {
    locked: "ews.account_locked",
    nothing_found: "autodiscover.autodiscover_failed",
    no_https: "autodiscover.address_unusable",
    no_ews: "ews.no_ews",
    no_scheme: "ews.no_scheme",
}


@pytest.mark.parametrize("fail", FORMS, ids=lambda each: each.__name__)
def test_a_sign_in_with_exchange_fails(
    exchange_world: ExchangeWorld, fail: Callable[[ExchangeWorld], Problem]
) -> None:
    """What a form of the sign-in comes back with ends in the rule of its cause."""
    assert told(fail(exchange_world), "exchange").rule == FORMS[fail]


@pytest.mark.parametrize(
    "code",
    [
        code
        for code, (kind, _) in CODES.items()
        if kind in (Kind.SIGN_IN, Kind.MAILBOX) and code not in ("remote_error", "unexplained")
    ],
)
def test_every_error_of_a_connection_has_a_rule(code: str) -> None:
    """Where the other side said nothing, the error's own rule tells more than its name."""
    found = told(problem(code), "imap")
    assert found.rule is not None
    assert found.error == code
    assert found.cause
    assert found.steps
