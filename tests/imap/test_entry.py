"""What is typed into the forms, judged without a network."""

from collections.abc import Mapping

import pytest

from inboxlink.types.address import parse_address
from inboxlink.types.detection import CertificatePin, Endpoint, Role, Tls
from inboxlink_imap.draft import Draft
from inboxlink_imap.entry import read_draft
from inboxlink_imap.usernames import rendered

ANN = parse_address("ann@example.org")
PIN = CertificatePin("ab" * 32, "AAAA", any_name=True)
KNOWN = Draft(
    username="ann",
    imap=Endpoint(Role.IMAP, "imap.example.org", 993, Tls.IMPLICIT, "{local}", PIN),
    smtp=Endpoint(Role.SUBMISSION, "smtp.example.org", 2525, Tls.STARTTLS),
)
GOOD = {
    "imap_host": "imap.example.org",
    "imap_port": "993",
    "imap_tls": "",
    "smtp_host": "smtp.example.org",
    "smtp_port": "2525",
    "smtp_tls": "starttls",
    "username": "ann",
}


def errors_of(known: Draft, **values: str) -> dict[str, str]:
    return {name: each.code for name, each in read_draft(known, GOOD | values, ANN)[1].items()}


def test_what_was_not_changed_stays_whole() -> None:
    """The form sent back as it came gives the same servers, their trust and template included."""
    draft, errors = read_draft(KNOWN, GOOD, ANN)
    assert errors == {}
    assert draft == KNOWN


def test_a_state_is_json_and_comes_back() -> None:
    """What is kept between two steps survives the way through JSON."""
    import json

    assert Draft.of(json.loads(json.dumps(KNOWN.kept()))) == KNOWN
    assert Draft.of(json.loads(json.dumps(Draft().kept()))) == Draft()


def test_another_server_inherits_no_trust() -> None:
    """A pin and a template belong to the server that they were made for."""
    draft, errors = read_draft(KNOWN, GOOD | {"imap_host": "other.example.org"}, ANN)
    assert errors == {}
    assert draft.imap == Endpoint(Role.IMAP, "other.example.org", 993, Tls.IMPLICIT)
    assert draft.smtp == KNOWN.smtp


@pytest.mark.parametrize(
    ("port", "tls", "expected"),
    [
        ("993", "", Tls.IMPLICIT),
        ("143", "", Tls.STARTTLS),
        ("10993", "implicit", Tls.IMPLICIT),
        ("10143", "StartTLS ", Tls.STARTTLS),
    ],
)
def test_the_port_says_how_tls_begins(port: str, tls: str, expected: Tls) -> None:
    """A conventional port says it by itself, another one needs the word."""
    draft, errors = read_draft(Draft(), GOOD | {"imap_port": port, "imap_tls": tls}, ANN)
    assert errors == {}
    assert draft.imap is not None
    assert draft.imap.tls is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"imap_host": ""}, {"imap_host": "host_invalid"}),
        ({"imap_host": "imap example"}, {"imap_host": "host_invalid"}),
        ({"imap_host": "imap.example.org:993"}, {"imap_host": "host_invalid"}),
        ({"imap_host": "https://imap.example.org"}, {"imap_host": "host_invalid"}),
        ({"imap_host": "a\r\nb"}, {"imap_host": "host_invalid"}),
        ({"imap_host": "127.1"}, {"imap_host": "host_invalid"}),
        ({"imap_host": "x." * 130}, {"imap_host": "host_invalid"}),
        ({"imap_host": "b\u00fc..example"}, {"imap_host": "host_invalid"}),
        ({"smtp_port": "0"}, {"smtp_port": "port_invalid"}),
        ({"smtp_port": "65536"}, {"smtp_port": "port_invalid"}),
        ({"smtp_port": "４６５"}, {"smtp_port": "port_invalid"}),
        ({"smtp_port": ""}, {"smtp_port": "port_invalid"}),
        ({"imap_port": "1993"}, {"imap_tls": "value_missing"}),
        ({"imap_tls": "none"}, {"imap_tls": "value_invalid"}),
        ({"imap_port": "995"}, {"imap_port": "pop3_unsupported"}),
        ({"imap_port": "110"}, {"imap_port": "pop3_unsupported"}),
        ({"imap_host": "pop.example.org"}, {"imap_host": "pop3_unsupported"}),
        (
            {"smtp_host": "email-smtp.us-east-1.amazonaws.com"},
            {"smtp_host": "amazon_ses_unsupported"},
        ),
        (
            {"imap_host": "imap.mail.us-east-1.awsapps.com"},
            {"imap_host": "amazon_workmail_unsupported"},
        ),
        ({"username": "a\0b"}, {"username": "value_invalid"}),
        ({"username": "x" * 255}, {"username": "value_invalid"}),
        ({"same_outgoing": "maybe"}, {"same_outgoing": "value_invalid"}),
        (
            {"imap_host": "", "smtp_port": "x"},
            {"imap_host": "host_invalid", "smtp_port": "port_invalid"},
        ),
    ],
)
def test_what_is_wrong_is_said_by_its_field(
    values: Mapping[str, str], expected: Mapping[str, str]
) -> None:
    """Each mistake is named where it was made, all of them at once."""
    # req 90, 91, 101
    assert errors_of(KNOWN, **values) == expected
    assert errors_of(KNOWN) == {}


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        (" IMAP.Example.ORG. ", "imap.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("localhost", "localhost"),
    ],
)
def test_hosts_are_brought_into_one_form(typed: str, host: str) -> None:
    """Case, a last dot, brackets and scripts make no different server."""
    draft, errors = read_draft(Draft(), GOOD | {"imap_host": typed}, ANN)
    assert errors == {}
    assert draft.imap is not None
    assert draft.imap.host == host


def test_an_empty_user_name_is_the_servers_default() -> None:
    """Emptied, the field falls back on the template; absent, on what was known."""
    assert read_draft(KNOWN, GOOD | {"username": ""}, ANN)[0].username == "ann"
    assert read_draft(KNOWN, {}, ANN)[0].username == "ann"
    assert read_draft(Draft(), GOOD | {"username": " "}, ANN)[0].username == "ann@example.org"


def test_templates() -> None:
    """Only the three placeholders are filled in, and never twice."""
    odd = parse_address("{domain}@example.org")
    endpoint = Endpoint(Role.IMAP, "h", 993, Tls.IMPLICIT, "{local}+{address}{0.__class__}")
    assert rendered(endpoint, odd) == "{domain}+{domain}@example.org{0.__class__}"
    assert rendered(None, ANN) == "ann@example.org"
