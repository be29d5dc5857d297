"""What IMAP and SMTP servers refuse, through the real provider: each failure has its rule."""

import socket
from contextlib import closing

import pytest

from diagnosis.world import all_rules
from imap.scripts import Peer, hang_up, no
from imap.servers import Servers
from imap.test_reply_codes import IMAP, SMTP, SMTP_AUTH
from imap.world import HOST, World
from inboxlink.diagnosis import Diagnosis, diagnose
from inboxlink.types.report import VerifyReport

#: What a test of the tables makes the server say in order not to be known.
UNKNOWN = frozenset(
    {
        *("[X-UNKNOWN] no", "[X-UNKNOWN with words] no"),
        *("535 4.7.0 which of them", "599 5.9.99 moon"),
    }
)

#: The rule of every other text to which a server's refusal is put in the tests of the provider.
RULES = {
    "[UNAVAILABLE] Temporary authentication failure.": "imap.unavailable",
    "[AUTHENTICATIONFAILED] Invalid credentials (Failure)": "imap.authenticationfailed",
    "[authenticationfailed] in lower case": "imap.authenticationfailed",
    "[AUTHORIZATIONFAILED] no": "imap.authorizationfailed",
    "[EXPIRED] That password is over": "imap.expired",
    "[PRIVACYREQUIRED] TLS first": "imap.privacyrequired",
    "[CONTACTADMIN] ask": "imap.contactadmin",
    "[NOPERM] no": "imap.noperm",
    "[INUSE] later": "imap.inuse",
    "[EXPUNGEISSUED] by another": "imap.expungeissued",
    "[CORRUPTION] of the index": "imap.corruption",
    "[SERVERBUG] oops": "imap.serverbug",
    "[CLIENTBUG] yours": "imap.clientbug",
    "[CANNOT] ever": "imap.cannot",
    "[LIMIT] Too many simultaneous connections": "imap.limit",
    "[OVERQUOTA] command or bandwidth limits": "imap.overquota",
    "[ALREADYEXISTS] as it does": "imap.alreadyexists",
    "[NONEXISTENT] mailbox": "imap.nonexistent",
    "[REFERRAL imap://ann@other.test/] not here": "imap.referral",
    "[WEBALERT https://accounts.google.com/x] Web login required.": "google.web_sign_in",
    "LOGIN failed.": "imap.no_reason_given",
    "[ALERT] Invalid credentials (Failure)": "imap.no_reason_given",
    "[ALERT] [UNAVAILABLE] later": "imap.unavailable",
    "[ann@example.test] no": "flow.invalid_credentials",
    # A code behind other words is the server's prose, and maybe not its own.
    "no [UNAVAILABLE] for you": "flow.invalid_credentials",
    "[ALERT] Application-specific password required: https://x": "google.app_password",
    "[AUTHENTICATIONFAILED] Use an app-specific password": "flow.app_password_required",
    "[ALERT] Please log in via your web browser": "google.web_sign_in_alert",
    "[UNAVAILABLE] app password service is down": "imap.unavailable",
    "[ALERT] Your account is not enabled for IMAP use.": "google.imap_off",
    "[ALERT] IMAP access is disabled for your domain.": "google.imap_off_domain",
    "[ALERT] You are yet to enable IMAP for your account.": "flow.sign_in_refused",
    "[ALERT] Too many simultaneous connections. (Failure)": "google.connections",
    "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)": (
        "imap.connections_from_one_place"
    ),
    "Unsupported authentication mechanism.": "imap.mechanism_unknown",
    "535 5.7.8 Username and Password not accepted": "smtp.auth_invalid",
    "535 5.7.3 Authentication unsuccessful": "exchange_online.smtp_sign_in_refused",
    "535 5.7.0 (#AUTH005) Too many bad auth attempts": "smtp.auth_invalid",
    "535 no": "smtp.auth_invalid",
    "554 5.7.8 no": "smtp.auth_invalid",
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication": (
        "exchange_online.smtp_auth_refused"
    ),
    "550 5.7.30 Basic authentication is not supported for Client Submission": (
        "exchange_online.smtp_basic_retired"
    ),
    "535 Please enter your authorization code to login.": "flow.app_password_required",
    "534 5.7.9 Application-specific password required.": "google.app_password_smtp",
    "534 5.7.14 Please log in via your web browser": "google.web_sign_in_smtp",
    "534 5.7.9 Mechanism too weak": "smtp.mechanism_too_weak",
    "534 no": "smtp.mechanism_too_weak",
    "523 5.7.10 Encryption needed": "smtp.encryption_needed",
    "523 Encryption needed": "smtp.encryption_needed",
    "538 5.7.11 Encryption required for this mechanism": "smtp.encryption_needed_for_mechanism",
    "538 no": "smtp.encryption_needed_for_mechanism",
    "524 5.7.11 no": "smtp.encryption_needed_for_mechanism",
    "524 no": "smtp.encryption_needed_for_mechanism",
    "525 5.7.13 Account disabled": "smtp.account_disabled",
    "525 no": "smtp.account_disabled",
    "535 5.7.13 Account disabled": "smtp.account_disabled",
    "554 5.7.14 Trust relationship required": "smtp.trust_needed",
    "432 4.7.12 A password transition is needed": "smtp.password_transition",
    "422 4.7.12 A password transition is needed": "smtp.password_transition",
    "534 5.7.12 A password transition is needed": "smtp.password_transition",
    "530 5.7.0 Authentication required": "smtp.authentication_required",
    "504 5.5.4 Unrecognized": "smtp.mechanism_not_implemented",
    "502 5.5.1 Not implemented": "smtp.mechanism_not_implemented",
    "500 5.5.6 Line too long": "smtp.auth_too_long",
    "500 5.5.2 what": "smtp.unknown_command",
    "501 5.5.2 cannot decode": "smtp.bad_argument",
    "503 5.5.1 already": "smtp.bad_sequence",
    "454 4.7.0 Temporary authentication failure": "smtp.auth_temporary",
    "454 4.7.0 Too many login attempts": "google.too_many_attempts",
    "421 4.7.0 Try later": "smtp.closing",
    "451 4.3.0 later": "smtp.local_error",
    "432 4.3.2 Concurrent connections limit exceeded": "exchange_online.connections",
    "432 later": "flow.server_unavailable",
    "499 what": "flow.server_unavailable",
    "454 5.7.8 which of them": "flow.server_unavailable",
    "550 5.7.1 go away": "smtp.policy",
    "554 no": "smtp.no_service",
    "550 5.7.60 SMTP; Client does not have permissions to send as this sender": (
        "exchange_online.send_as_denied"
    ),
    "551 5.7.1 try another": "smtp.policy",
    "552 5.3.4 Message too big": "smtp.too_large",
    "553 5.7.1 Sender address rejected: not owned by user": "smtp.sender_not_owned",
    "554 5.2.252 SendAsDenied": "exchange_online.send_as_denied_later",
    "556 5.1.10 takes no mail": "smtp.null_mx",
    "530 5.7.57 Client not authenticated to send mail": "exchange_online.smtp_not_signed_in",
    "501 5.1.7 what": "smtp.bad_argument",
    "502 5.5.1 what": "smtp.not_implemented",
    "503 5.5.1 what": "smtp.bad_sequence",
    "504 5.5.4 what": "smtp.not_implemented",
    "555 5.5.4 Unsupported option": "smtp.parameter_unknown",
    "421 4.3.2 closing": "smtp.closing",
    "450 4.2.0 Greylisted": "smtp.greylisted",
    "451 4.7.1 later": "smtp.policy_for_now",
    "452 4.2.2 Over quota": "smtp.over_quota_for_now",
}


def first(report: VerifyReport) -> Diagnosis:
    """What the rules say of the first failure, told all that a host knows."""
    check = next(each for each in report.checks if each.problem is not None)
    assert check.problem is not None
    return diagnose(
        check.problem, language="en", rules=all_rules(), stage=check.stage, provider="imap"
    )


def assert_told(found: Diagnosis, said: str) -> None:
    if said in UNKNOWN:
        assert found.rule is None
        assert found.fingerprint is not None
        assert found.code is not None
        return
    assert found.rule == RULES[said]
    assert found.cause
    assert found.steps


def test_the_table_is_whole() -> None:
    """Every refusal that the provider's tests know is in the table, and no other."""
    said = {row[0] for table in (IMAP, SMTP_AUTH, SMTP) for row in table}
    assert RULES.keys() | UNKNOWN == said
    assert RULES.keys() & UNKNOWN == set()


@pytest.mark.parametrize("said", [row[0] for row in IMAP])
def test_a_refused_login(servers: Servers, said: str) -> None:
    """What an IMAP server answers to a login ends in the rule of its cause."""
    world = servers.world(imap=lambda peer: peer.imap(authenticate=no(said.encode())))
    assert_told(first(servers.verify(world)), said)


@pytest.mark.parametrize("said", [row[0] for row in SMTP_AUTH])
def test_a_refused_auth(servers: Servers, said: str) -> None:
    """What an SMTP server answers to AUTH ends in the rule of its cause."""
    world = servers.world(smtp=lambda peer: peer.smtp(auth=lambda peer, _: peer.say(said.encode())))
    assert_told(first(servers.verify(world)), said)


@pytest.mark.parametrize("said", [row[0] for row in SMTP])
def test_a_refused_sender(servers: Servers, said: str) -> None:
    """What an SMTP server answers to MAIL ends in the rule of its cause."""
    world = servers.world(smtp=lambda peer: peer.smtp(mail=lambda peer, _: peer.say(said.encode())))
    found = first(servers.verify(world))
    # At another stage the same numbers mean another command.
    if said == "500 5.5.2 what":
        assert found.rule == "smtp.unknown_command"
    else:
        assert_told(found, said)


def say_bye(peer: Peer) -> None:
    peer.say(b"* BYE Server shutting down.")
    hang_up()


CONNECTING = {
    "says goodbye": (say_bye, "imap.shutting_down"),
    "hangs up": (lambda _: hang_up(), "tcp.connection_lost"),
    "speaks something else": (lambda peer: peer.say(b"SSH-2.0-x"), "flow.protocol_error"),
    "offers no way": (lambda peer: peer.imap(b"IMAP4rev1 LOGINDISABLED"), "flow.login_disabled"),
    "offers another way": (
        lambda peer: peer.imap(b"IMAP4rev1 LOGINDISABLED AUTH=GSSAPI"),
        "flow.mechanism_unsupported",
    ),
    "has no INBOX": (
        lambda peer: peer.imap(examine=no(b"[NONEXISTENT] Unknown Mailbox: INBOX")),
        "imap.nonexistent",
    ),
}


@pytest.mark.parametrize("name", CONNECTING)
def test_a_server_that(servers: Servers, name: str) -> None:
    """What goes wrong around the sign-in ends in the rule of its cause."""
    script, rule = CONNECTING[name]
    assert first(servers.verify(servers.world(imap=script))).rule == rule


@pytest.mark.parametrize(
    ("connect", "rule"),
    [("refused", "tcp.connection_refused"), ("unknown", "dns.host_not_found")],
)
def test_nobody_there(servers: Servers, connect: str, rule: str) -> None:
    """A server that does not exist, and one that does not listen, are told apart."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
        places = {f"{HOST}:{each}": f"127.0.0.1:{port}" for each in (993, 465)}
        world = World(places if connect == "refused" else {}, seconds=3.0)
        world.address = "ann@example.test"
        if connect == "unknown":
            from inboxlink.network.settings import NetworkSettings
            from inboxlink.network.wire import Network
            from inboxlink.testing.peers.nameserver import NameServer

            with NameServer({}) as names:
                world.wire = Network(NetworkSettings(nameservers=(f"127.0.0.1:{names.port}",)))
                assert first(servers.verify(world)).rule == rule
            return
        assert first(servers.verify(world)).rule == rule
