"""What refusals mean, row by row: as a table, and from servers that say so."""

import re
from pathlib import Path

import pytest

from imap.scripts import no
from imap.servers import Servers
from imap.world import codes
from inboxlink.errors import CODES, Blame, Kind, Problem
from inboxlink.texts import LANGUAGES, Words
from inboxlink.types.report import Chain, VerifyReport
from inboxlink_imap import reply_codes
from inboxlink_imap.reply_codes import (
    Verdict,
    imap_complaint,
    imap_refusal,
    smtp_auth_refusal,
    smtp_refusal,
    verdict,
)

DEFINITE, TEMPORARY, POLICY, UNCLEAR = Verdict

#: What a server says to a sign-in, what that is, and what it says of the password.
IMAP = [
    ("[UNAVAILABLE] Temporary authentication failure.", "server_unavailable", TEMPORARY),
    ("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", "invalid_credentials", DEFINITE),
    ("[authenticationfailed] in lower case", "invalid_credentials", DEFINITE),
    ("[AUTHORIZATIONFAILED] no", "sign_in_refused", DEFINITE),
    ("[EXPIRED] That password is over", "credentials_expired", DEFINITE),
    ("[PRIVACYREQUIRED] TLS first", "login_disabled", POLICY),
    ("[CONTACTADMIN] ask", "server_unavailable", TEMPORARY),
    ("[NOPERM] no", "sign_in_refused", DEFINITE),
    ("[INUSE] later", "server_unavailable", TEMPORARY),
    ("[EXPUNGEISSUED] by another", "server_unavailable", TEMPORARY),
    ("[CORRUPTION] of the index", "server_unavailable", TEMPORARY),
    ("[SERVERBUG] oops", "server_unavailable", TEMPORARY),
    ("[CLIENTBUG] yours", "protocol_error", UNCLEAR),
    ("[CANNOT] ever", "remote_error", UNCLEAR),
    ("[LIMIT] Too many simultaneous connections", "too_many_connections", TEMPORARY),
    ("[OVERQUOTA] command or bandwidth limits", "server_unavailable", TEMPORARY),
    ("[ALREADYEXISTS] as it does", "remote_error", UNCLEAR),
    ("[NONEXISTENT] mailbox", "inbox_missing", UNCLEAR),
    ("[REFERRAL imap://ann@other.test/] not here", "inbox_missing", UNCLEAR),
    ("[WEBALERT https://accounts.google.com/x] Web login required.", "sign_in_refused", DEFINITE),
    # No code is a plain no; one that is not known may be anything.
    ("LOGIN failed.", "invalid_credentials", DEFINITE),
    ("[ALERT] Invalid credentials (Failure)", "invalid_credentials", DEFINITE),
    ("[ALERT] [UNAVAILABLE] later", "server_unavailable", TEMPORARY),
    ("[X-UNKNOWN] no", "remote_error", UNCLEAR),
    ("[X-UNKNOWN with words] no", "remote_error", UNCLEAR),
    ("[ann@example.test] no", "invalid_credentials", DEFINITE),
    # A code stands first: further on it is text, which may be the password that was sent.
    ("no [UNAVAILABLE] for you", "invalid_credentials", DEFINITE),
    (
        "[ALERT] Application-specific password required: https://x",
        "app_password_required",
        DEFINITE,
    ),
    ("[AUTHENTICATIONFAILED] Use an app-specific password", "app_password_required", DEFINITE),
    ("[ALERT] Please log in via your web browser", "sign_in_refused", DEFINITE),
    ("[UNAVAILABLE] app password service is down", "server_unavailable", TEMPORARY),
    # What says nothing of the password is no no to it.
    ("[ALERT] Your account is not enabled for IMAP use.", "sign_in_refused", DEFINITE),
    ("[ALERT] IMAP access is disabled for your domain.", "sign_in_refused", DEFINITE),
    ("[ALERT] You are yet to enable IMAP for your account.", "sign_in_refused", DEFINITE),
    ("[ALERT] Too many simultaneous connections. (Failure)", "too_many_connections", TEMPORARY),
    (
        "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)",
        "too_many_connections",
        TEMPORARY,
    ),
    ("Unsupported authentication mechanism.", "mechanism_unsupported", POLICY),
]

SMTP_AUTH = [
    ("535 5.7.8 Username and Password not accepted", "invalid_credentials", DEFINITE),
    ("535 5.7.3 Authentication unsuccessful", "invalid_credentials", DEFINITE),
    ("535 5.7.0 (#AUTH005) Too many bad auth attempts", "invalid_credentials", DEFINITE),
    ("535 no", "invalid_credentials", DEFINITE),
    ("554 5.7.8 no", "invalid_credentials", DEFINITE),
    ("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication", "login_disabled", POLICY),
    (
        "550 5.7.30 Basic authentication is not supported for Client Submission",
        "login_disabled",
        POLICY,
    ),
    ("535 Please enter your authorization code to login.", "app_password_required", DEFINITE),
    ("534 5.7.9 Application-specific password required.", "app_password_required", DEFINITE),
    ("534 5.7.14 Please log in via your web browser", "sign_in_refused", DEFINITE),
    ("534 5.7.9 Mechanism too weak", "mechanism_unsupported", POLICY),
    ("534 no", "mechanism_unsupported", POLICY),
    ("523 5.7.10 Encryption needed", "login_disabled", POLICY),
    ("523 Encryption needed", "login_disabled", POLICY),
    ("538 5.7.11 Encryption required for this mechanism", "mechanism_unsupported", POLICY),
    ("538 no", "mechanism_unsupported", POLICY),
    ("524 5.7.11 no", "mechanism_unsupported", POLICY),
    ("524 no", "mechanism_unsupported", POLICY),
    ("525 5.7.13 Account disabled", "sign_in_refused", DEFINITE),
    ("525 no", "sign_in_refused", DEFINITE),
    ("535 5.7.13 Account disabled", "sign_in_refused", DEFINITE),
    ("554 5.7.14 Trust relationship required", "sign_in_refused", DEFINITE),
    ("432 4.7.12 A password transition is needed", "sign_in_refused", DEFINITE),
    ("422 4.7.12 A password transition is needed", "sign_in_refused", DEFINITE),
    ("534 5.7.12 A password transition is needed", "sign_in_refused", DEFINITE),
    ("530 5.7.0 Authentication required", "sign_in_refused", DEFINITE),
    ("504 5.5.4 Unrecognized", "mechanism_unsupported", POLICY),
    ("502 5.5.1 Not implemented", "mechanism_unsupported", POLICY),
    ("500 5.5.6 Line too long", "protocol_error", UNCLEAR),
    ("500 5.5.2 what", "protocol_error", UNCLEAR),
    ("501 5.5.2 cannot decode", "protocol_error", UNCLEAR),
    ("503 5.5.1 already", "protocol_error", UNCLEAR),
    ("454 4.7.0 Temporary authentication failure", "server_unavailable", TEMPORARY),
    ("454 4.7.0 Too many login attempts", "server_unavailable", TEMPORARY),
    ("421 4.7.0 Try later", "server_unavailable", TEMPORARY),
    ("451 4.3.0 later", "server_unavailable", TEMPORARY),
    ("432 4.3.2 Concurrent connections limit exceeded", "too_many_connections", TEMPORARY),
    ("432 later", "server_unavailable", TEMPORARY),
    ("499 what", "server_unavailable", TEMPORARY),
    # RFC 2034 section 4: both codes tell one class.
    ("454 5.7.8 which of them", "server_unavailable", TEMPORARY),
    ("535 4.7.0 which of them", "remote_error", UNCLEAR),
    ("550 5.7.1 go away", "remote_error", UNCLEAR),
    ("599 5.9.99 moon", "remote_error", UNCLEAR),
    ("554 no", "remote_error", UNCLEAR),
]

#: What a server says to MAIL.
SMTP = [
    ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", "sender_refused"),
    ("551 5.7.1 try another", "sender_refused"),
    ("552 5.3.4 Message too big", "sender_refused"),
    ("553 5.7.1 Sender address rejected: not owned by user", "sender_refused"),
    ("554 5.2.252 SendAsDenied", "sender_refused"),
    ("556 5.1.10 takes no mail", "sender_refused"),
    ("530 5.7.57 Client not authenticated to send mail", "sign_in_refused"),
    ("500 5.5.2 what", "protocol_error"),
    ("501 5.1.7 what", "protocol_error"),
    ("502 5.5.1 what", "protocol_error"),
    ("503 5.5.1 what", "protocol_error"),
    ("504 5.5.4 what", "protocol_error"),
    ("555 5.5.4 Unsupported option", "protocol_error"),
    ("421 4.3.2 closing", "server_unavailable"),
    ("450 4.2.0 Greylisted", "server_unavailable"),
    ("451 4.7.1 later", "server_unavailable"),
    ("452 4.2.2 Over quota", "server_unavailable"),
    ("599 5.9.99 moon", "remote_error"),
]


def problem_at(report: VerifyReport, stage: str) -> Problem:
    return next(check.problem for check in report.checks if check.stage == stage and check.problem)


def assert_explained(found: Problem, said: str) -> None:
    """Whose it is and what to do stands in both languages, with the server's own words."""
    assert (found.kind, found.blame) == CODES[found.code]
    assert found.remote is not None
    assert said in found.remote
    for language in LANGUAGES:
        words = Words(language, {"imap": "inboxlink_imap"})
        assert found.remedy is not None
        for text in (found.message, found.remedy):
            assert words.has(text.key)
            assert "{" not in words(text)


@pytest.mark.parametrize(("said", "code", "says"), IMAP)
def test_imap(servers: Servers, said: str, code: str, says: Verdict) -> None:
    """Each answer to a login is told by its code; only where nothing was judged does SMTP try."""
    # req 107; F23; LK1, LK2, LK4
    assert imap_refusal(said, "invalid_credentials") == code
    assert verdict(code) is says
    report = servers.verify(
        servers.world(imap=lambda peer: peer.imap(authenticate=no(said.encode())))
    )
    found = problem_at(report, "login")
    assert found.code == code
    assert_explained(found, said)
    may_go_on = says in (TEMPORARY, POLICY)
    assert codes(report, Chain.SEND)["auth"] is (True if may_go_on else None)
    assert servers.uses == (2 if may_go_on else 1)


@pytest.mark.parametrize(
    ("said", "code", "says"),
    [
        ("User is authenticated but not connected.", "inbox_missing", UNCLEAR),
        ("Request is throttled. Suggested Backoff Time: 92415 ms", "server_unavailable", TEMPORARY),
        ("Command Argument Error. 12", "protocol_error", UNCLEAR),
    ],
)
def test_imap_bad(servers: Servers, said: str, code: str, says: Verdict) -> None:
    """Where a server says with BAD what is amiss, it counts; else BAD is no mail standard's."""
    assert imap_complaint(said) == code
    assert verdict(code) is says
    report = servers.verify(
        servers.world(
            imap=lambda peer: peer.imap(
                examine=lambda peer, tag, _: peer.say(tag + b" BAD " + said.encode())
            )
        )
    )
    found = problem_at(report, "select")
    assert found.code == code
    assert_explained(found, said)


@pytest.mark.parametrize(("said", "code", "says"), SMTP_AUTH)
def test_smtp_auth(servers: Servers, said: str, code: str, says: Verdict) -> None:
    """Each answer to AUTH is told by both of its codes; there is one AUTH, and IMAP stands."""
    # F29; LK1, LK3, LK4
    assert smtp_auth_refusal(int(said[:3]), said[4:]) == code
    assert verdict(code) is says
    report = servers.verify(
        servers.world(smtp=lambda peer: peer.smtp(auth=lambda peer, _: peer.say(said.encode())))
    )
    assert report.can_receive
    found = problem_at(report, "auth")
    assert found.code == code
    assert_explained(found, said)
    assert servers.uses == 2


@pytest.mark.parametrize(("said", "code"), SMTP)
def test_smtp_commands(servers: Servers, said: str, code: str) -> None:
    """A 4yz to any command is the server's own trouble, a known 5yz what it is for."""
    assert smtp_refusal(int(said[:3]), "sender_refused") == code
    report = servers.verify(
        servers.world(smtp=lambda peer: peer.smtp(mail=lambda peer, _: peer.say(said.encode())))
    )
    found = problem_at(report, "sender")
    assert found.code == code
    assert_explained(found, said)


def test_the_tables_are_whole() -> None:
    """Every code of RFC 5530 is there, and every row of the tables is met above."""
    rfc_5530 = (
        "UNAVAILABLE AUTHENTICATIONFAILED AUTHORIZATIONFAILED EXPIRED PRIVACYREQUIRED CONTACTADMIN "
        "NOPERM INUSE EXPUNGEISSUED CORRUPTION SERVERBUG CLIENTBUG CANNOT LIMIT OVERQUOTA "
        "ALREADYEXISTS NONEXISTENT"
    )
    assert set(rfc_5530.split()) <= reply_codes._IMAP.keys()
    said = [text for text, _, _ in IMAP]
    assert [
        code for code in reply_codes._IMAP if not any(f"[{code}" in text for text in said)
    ] == []
    replies = [text for text, _, _ in SMTP_AUTH]
    for code, enhanced in reply_codes._SMTP_AUTH:
        start = "" if code is None else str(code)
        assert [
            text
            for text in replies
            if text.startswith(start) and (enhanced is None or f" {enhanced} " in text)
        ], (code, enhanced)
    commands = {int(text[:3]) for text, _ in SMTP}
    assert reply_codes._SMTP.keys() | reply_codes._SMTP_NO <= commands


def test_only_a_definite_no_counts_against_the_password() -> None:
    """Of what the tables know, exactly the definite ones are a refused sign-in to the core."""
    tables = (reply_codes._IMAP, reply_codes._SMTP_AUTH, reply_codes._SMTP)
    meanings = {meaning for table in tables for meaning in table.values()}
    assert meanings <= CODES.keys()
    for meaning in meanings:
        assert (verdict(meaning) is DEFINITE) == (CODES[meaning][0] is Kind.SIGN_IN)
        assert (verdict(meaning) is POLICY) <= (CODES[meaning][1] is Blame.ADMIN)


def test_the_readme_says_the_same() -> None:
    """The table of verdicts in the README names the codes that the source gives them."""
    readme = Path(__file__).parents[2] / "plugins" / "imap" / "README.md"
    rows = re.findall(r"^\| (\w+) \| (`[^|]+) \|", readme.read_text("utf-8"), re.MULTILINE)
    told = {code: row for row, codes_ in rows for code in re.findall(r"`(\w+)`", codes_)}
    assert {
        code: row for code, row in told.items() if row in list(Verdict) and row != UNCLEAR
    } == reply_codes._VERDICTS
    unclear = [code for code, row in told.items() if row == UNCLEAR]
    assert unclear
    assert {verdict(code) for code in unclear} == {UNCLEAR}
