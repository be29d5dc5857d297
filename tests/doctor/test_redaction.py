"""What may be written of a dialogue and of an answer, and what may not, whatever its form."""

import base64
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.bundle import documents
from inboxlink.bundle.dialogue import Dialogue
from inboxlink.bundle.pseudonyms import Pseudonyms
from inboxlink.types.detection import Role

KEY = b"k" * 32
SECRET = "correct horse battery"
ANN = "ann.lee@example.org"


def names() -> Pseudonyms:
    return Pseudonyms(KEY, names=[ANN], secrets=[SECRET])


def imap() -> Dialogue:
    return Dialogue(Role.IMAP, names())


def smtp() -> Dialogue:
    return Dialogue(Role.SUBMISSION, names())


def sent(dialogue: Dialogue, *lines: str) -> list[str]:
    return [text for line in lines for text in dialogue.sent(f"{line}\r\n".encode())]


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "lines",
    [
        (f'A1 LOGIN ann "{SECRET}"',),
        (f'A1 login "ann" "{SECRET}"',),
        ("A1 LOGIN {3}", "ann {21}", SECRET),
        ("A1 LOGIN {3+}", f'ann "{SECRET}"'),
        (f"A1 AUTHENTICATE PLAIN {b64(chr(0) + 'ann' + chr(0) + SECRET)}",),
        ("A1 AUTHENTICATE PLAIN", b64(SECRET)),
        (f"A1 AUTHENTICATE XOAUTH2 {b64('user=ann' + SECRET)}", ""),
        ("A1 AUTHENTICATE LOGIN", b64("ann"), b64(SECRET)),
        # A password that looks like a command of its own is none where a secret is waited for.
        ("A1 LOGIN {3}", "ann {9}", f"A2 NOOP {SECRET}"),
        ("A1 AUTHENTICATE X", f"A2 EXAMINE {SECRET}"),
        (f"A1 XUNKNOWN {SECRET}",),
        (f"A1 SELECT {SECRET}",),
        (SECRET,),
    ],
)
def test_nothing_of_a_sign_in_over_imap_is_written(lines: tuple[str, ...]) -> None:
    """Quoted, as a literal, in SASL with and without an initial answer, or in no known command."""
    written = "\n".join(sent(imap(), *lines))
    for part in (SECRET, "correct", "horse", b64(SECRET)[:12], "ann"):
        assert part not in written


@pytest.mark.parametrize(
    "lines",
    [
        (f"AUTH PLAIN {b64(chr(0) + 'ann' + chr(0) + SECRET)}",),
        ("AUTH LOGIN", b64("ann"), b64(SECRET)),
        ("AUTH LOGIN", f"NOOP {SECRET}"),
        (f"auth xoauth2 {b64(SECRET)}",),
        (f"XCLIENT {SECRET}",),
        (SECRET,),
    ],
)
def test_nothing_of_a_sign_in_over_smtp_is_written(lines: tuple[str, ...]) -> None:
    """In one line, in several, or in no known command."""
    written = "\n".join(sent(smtp(), *lines))
    for part in (SECRET, "correct", b64(SECRET)[:12], b64("ann")):
        assert part not in written


def test_after_the_servers_word_commands_are_written_again() -> None:
    """What ends the silence is the last word on that sign-in, and nothing else that is said."""
    dialogue = imap()
    assert sent(dialogue, "A1 AUTHENTICATE PLAIN") == ["A1 AUTHENTICATE PLAIN [redacted]"]
    dialogue.heard(b"+ \r\n")
    dialogue.heard(b"* OK still here\r\n")
    assert sent(dialogue, "A2 NOOP") == ["[redacted]"]
    dialogue.heard(b"A1 NO [AUTHENTICATIONFAILED] no\r\n")
    assert sent(dialogue, "A2 NOOP") == ["A2 NOOP"]
    dialogue = smtp()
    sent(dialogue, "AUTH LOGIN")
    dialogue.heard(b"334 VXNlcm5hbWU6\r\n")
    assert sent(dialogue, "NOOP") == ["[redacted]"]
    dialogue.heard(b"235-yes\r\n")
    assert sent(dialogue, "NOOP") == ["[redacted]"]
    dialogue.heard(b"235 yes\r\n")
    assert sent(dialogue, "NOOP") == ["NOOP"]


def test_no_message_is_written() -> None:
    """From the server's go-ahead to its answer nothing that is sent is a command."""
    dialogue = smtp()
    assert sent(dialogue, "DATA") == ["DATA"]
    dialogue.heard(b"354 go on\r\n")
    assert set(sent(dialogue, "Subject: hello", "", "NOOP", ".")) == {"[redacted]"}
    dialogue.heard(b"250 taken\r\n")
    assert sent(dialogue, "QUIT") == ["QUIT"]


@pytest.mark.parametrize(
    "line",
    [
        f"* OK hello {ANN}, your password is {SECRET}",
        f"A1 NO bad login: A1 LOGIN ann.lee {SECRET}",
        f"A1 NO {b64('ann' + SECRET)}",
        f"* 1 FETCH (BODY[TEXT] {SECRET})",
        f"* XSECRET {SECRET}",
        f"+ {b64(SECRET)}",
        f"what is this {SECRET}",
        "* OK hello Ann.Lee from 203.0.113.9",
        "* OK ANN.LEE@EXAMPLE.ORG and ann.lee%40example.org",
    ],
)
def test_what_a_server_says_back_is_not_written(line: str) -> None:
    """An echo of the secret, in base64 too, of the address, of mail, and of this machine's own."""
    written = imap().heard(f"{line}\r\n".encode())
    assert written.endswith("\r\n")
    for part in (SECRET, "correct", b64(SECRET)[:16], "203.0.113.9"):
        assert part not in written
    assert "ann.lee" not in written.casefold()


def test_why_a_token_is_refused_is_written() -> None:
    """Of a challenge only the members that say why, so that the refusal can be looked into."""
    why = {"status": "401", "scope": "https://mail.google.com/", "jwt": SECRET}
    written = imap().heard(f"+ {b64(json.dumps(why))}\r\n".encode())
    kept = json.loads(base64.b64decode(written[2:]))
    assert kept == {"status": "401", "scope": "https://mail.google.com/"}


def test_folders_are_named_only_where_everybody_has_them() -> None:
    """Marks of RFC 6154 and usual names stay; the person's own become the same name each time."""
    dialogue = imap()
    lines = (
        '* LIST (\\HasNoChildren \\Sent) "/" "Gesendet"',
        '* LIST (\\HasNoChildren) "/" "Sent Items"',
        '* LIST (\\HasNoChildren) "/" "INBOX/Divorce"',
        '* LSUB (\\HasNoChildren) "." Divorce',
    )
    written = [dialogue.heard(f"{line}\r\n".encode()).rstrip() for line in lines]
    assert written[:2] == list(lines[:2])
    assert "Divorce" not in "".join(written)
    assert written[2].endswith("/" + names().token("Divorce") + '"')
    assert written[3].endswith(names().token("Divorce"))
    assert sent(dialogue, 'A1 EXAMINE "Divorce"') == [f'A1 EXAMINE "{names().token("Divorce")}"']
    assert sent(dialogue, 'A2 SELECT "INBOX"') == ['A2 SELECT "INBOX"']


def test_a_literal_stays_as_long_as_it_was_announced() -> None:
    """So that what reads it again finds its end."""
    dialogue = imap()
    assert dialogue.heard(b'* LIST (\\HasNoChildren) "/" {7}\r\n').endswith("{7}\r\n")
    written = dialogue.heard(b"Divorce")
    assert len(written) == 7
    assert written != "Divorce"


def test_a_name_is_the_same_in_one_bundle_and_another_in_the_next() -> None:
    """Case does not matter; a domain stays; ids keep their form, and their two forms agree."""
    one, other = names(), Pseudonyms(b"o" * 32)
    assert one.text(f"<{ANN}>") == one.text("<Ann.Lee@EXAMPLE.org>") == f"<{one.address(ANN)}>"
    assert one.address(ANN).endswith("@example.org")
    assert one.address(ANN) != other.address(ANN)
    guid = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    stands = one.text(f"x {guid} y").split()[1]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", stands)
    assert stands != guid
    short = "00a1b2c3d4e5f607"
    long = "00000000-0000-0000-00a1-b2c3d4e5f607"
    assert one.identifier(long).replace("-", "").lstrip("0") == one.identifier(short)
    consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"
    assert one.text(consumers) == consumers


def test_an_answer_keeps_its_shape_and_no_persons_words() -> None:
    """Members, numbers and words of the provider's stay; names, ids and tokens are replaced."""
    body = {
        "displayName": "Ann Lee",
        "mail": ANN,
        "proxyAddresses": [f"SMTP:{ANN}"],
        "access_token": "eyJhbGciOi",
        "totalItemCount": 7,
        "labels": [{"id": "INBOX", "name": "INBOX"}, {"id": "Label_9", "name": "Divorce"}],
        "error": {"code": "ErrorAccessDenied", "message": f"no access for {ANN}"},
        "value": "shared",
    }
    written = json.loads(
        documents.answer_body("application/json", 200, json.dumps(body).encode(), names())
    )
    assert written["totalItemCount"] == 7
    assert written["labels"][0] == {"id": "INBOX", "name": "INBOX"}
    assert written["error"]["code"] == "ErrorAccessDenied"
    assert written["value"] == "shared"
    assert written["mail"] == names().address(ANN)
    assert written["proxyAddresses"] == [f"SMTP:{names().address(ANN)}"]
    said = json.dumps(written)
    for part in ("Ann", "Lee", "eyJhbGciOi", "Divorce", "Label_9"):
        assert part not in said


def test_an_answer_of_ews_keeps_its_shape() -> None:
    """Codes and counts stay; names, addresses and ids are replaced, the same by the same."""
    body = (
        '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://x/y"><m:R '
        'ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><t:FolderId Id="AAk=" '
        'ChangeKey="Ag=="/><t:DisplayName>Divorce</t:DisplayName><t:TotalCount>7</t:TotalCount>'
        f"<t:EmailAddress>{ANN}</t:EmailAddress></m:R></s:Envelope>"
    )
    written = documents.answer_body("text/xml; charset=utf-8", 200, body.encode(), names())
    for part in ('xmlns:s="http://x/y"', "NoError", ">7<", 'ResponseClass="Success"', "<?xml"):
        assert part in written
    for part in ("Divorce", ANN, "AAk=", "Ag=="):
        assert part not in written
    assert names().address(ANN) in written
    assert f'Id="{names().token("AAk=")}"' in written


def test_of_a_request_only_what_is_known_to_be_harmless() -> None:
    """Its path and some of its query; of an authorization the scheme, and never a body."""
    target = documents.request_target(
        f"/v1.0/users/{ANN}/x?$select=id,mail&code={SECRET}&login_hint={ANN}", names()
    )
    assert target == (
        f"/v1.0/users/{names().address(ANN)}/x?$select=id,mail"
        "&code=[redacted]&login_hint=[redacted]"
    )
    kept = documents.request_headers(
        {"Authorization": f"Bearer {SECRET}", "Accept": "a/b", "Cookie": "x", "X-Y": SECRET},
        names(),
    )
    assert kept == {
        "Authorization": "Bearer [redacted]",
        "Accept": "a/b",
        "Cookie": "[redacted]",
        "X-Y": "[redacted]",
    }


@given(st.text(max_size=200), st.binary(max_size=200))
def test_anything_can_be_heard_and_sent(text: str, octets: bytes) -> None:
    """Whatever comes, something is written, and a planted secret is not."""
    for dialogue in (imap(), smtp(), Dialogue(Role.EWS, names())):
        dialogue.heard(octets)
        list(dialogue.sent(octets))
        line = f"{text} {SECRET}\r\n".encode("utf-8", "surrogatepass")
        assert SECRET not in dialogue.heard(line)
    for kind in ("application/json", "text/xml", "text/html"):
        documents.answer_body(kind, 500, octets, names())
        body = f"{text}{SECRET}".encode("utf-8", "surrogatepass")
        assert SECRET not in documents.answer_body(kind, 500, body, names())
