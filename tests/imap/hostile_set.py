"""Servers that break the standards, lie, flood, drip and echo: named cases as data.

A case bends one of the two servers, on ports with TLS from the start or with STARTTLS; the other
one is good. `code` is what the verification must call it, None where nothing may come of it.
"""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass

from imap.scripts import Peer, hang_up, no, taking_literals

__all__ = [
    "ANY",
    "BEFORE_TLS",
    "CASES",
    "EITHER",
    "SECONDS",
    "SECRET",
    "SLOW",
    "Case",
    "echo_imap",
    "echo_smtp",
    "token_imap",
    "token_smtp",
]

#: Whatever the code, it is one of the catalogue.
ANY = "any"

#: Refusing is right, and going on does no harm.
EITHER = "either"

#: All that may go out before TLS (RFC 9051 section 6.2.1, RFC 3207 section 4).
BEFORE_TLS = frozenset({b"", b"a1 CAPABILITY", b"a2 STARTTLS", b"EHLO [127.0.0.1]", b"STARTTLS"})

#: What each hook is given.
SECONDS = 1.0

#: With what has to be quoted, escaped or sent as a literal.
SECRET = 'hünter"2\\ {5}x'

Imap = Callable[[Peer, bytes, bytes], None]
Smtp = Callable[[Peer, bytes], None]

_GOOD = b"IMAP4rev1 SASL-IR AUTH=PLAIN"
_MANY = 100_000


@dataclass(frozen=True)
class Case:
    """One hostile server.

    Args:
        imap: What the IMAP server does; None = it is good.
        smtp: The same for the submission server.
        code: Of the first problem in the report, or `ANY` of them, or `EITHER` that or none;
            None = both directions work all the same.
        is_starttls: Whether both are reached by STARTTLS.
        certificate: `good`, `other` (for another name) or `unknown` (of no known authority).
        is_token: Whether the secret is an access token, and the good server takes one.
    """

    imap: Callable[[Peer], None] | None = None
    smtp: Callable[[Peer], None] | None = None
    code: str | None = ANY
    is_starttls: bool = False
    certificate: str = "good"
    is_token: bool = False


def imap(code: str | None, *arguments: bytes, **answers: object) -> Case:
    """An IMAP server: its capabilities, its greeting, and the commands that it answers oddly."""
    return Case(imap=lambda peer: peer.imap(*arguments, **answers), code=code)  # type: ignore[arg-type]


def smtp(code: str | None, *extensions: bytes, **answers: object) -> Case:
    offered = extensions or (b"AUTH PLAIN LOGIN",)
    return Case(smtp=lambda peer: peer.smtp(offered, **answers), code=code)  # type: ignore[arg-type]


def starttls_imap(code: str = ANY, **answers: object) -> Case:
    return Case(lambda peer: peer.imap(**answers), code=code, is_starttls=True)  # type: ignore[arg-type]


def starttls_smtp(code: str = ANY, **answers: object) -> Case:
    return Case(smtp=lambda peer: peer.smtp(**answers), code=code, is_starttls=True)  # type: ignore[arg-type]


def token_imap(peer: Peer, **answers: object) -> None:
    """An IMAP server that takes tokens too."""
    peer.imap(_GOOD + b" AUTH=XOAUTH2", **answers)  # type: ignore[arg-type]


def token_smtp(peer: Peer, **answers: object) -> None:
    """A submission server that takes tokens too."""
    peer.smtp((b"AUTH PLAIN XOAUTH2",), **answers)  # type: ignore[arg-type]


def by_token(code: str | None, **answers: object) -> Case:
    """A server that bends its answer to a token: `authenticate` over IMAP, `auth` over SMTP."""
    if "auth" in answers:
        return Case(smtp=lambda peer: token_smtp(peer, **answers), code=code, is_token=True)
    return Case(imap=lambda peer: token_imap(peer, **answers), code=code, is_token=True)


def before(data: bytes, then: bytes = b" OK done") -> Imap:
    """Bytes of any kind, and the answer behind them."""
    return lambda peer, tag, _: peer.raw(data + tag + then + b"\r\n")


def instead(data: bytes) -> Callable[..., None]:
    """Bytes in the place of the answer, and then silence."""

    def answer(peer: Peer, *_: bytes) -> None:
        peer.raw(data)
        peer.hear()

    return answer


def last(data: bytes) -> Callable[..., None]:
    """Bytes in the place of the answer, and the end."""

    def answer(peer: Peer, *_: bytes) -> None:
        peer.raw(data)
        hang_up()

    return answer


def flood(data: bytes) -> Callable[..., None]:
    """The same bytes for as long as somebody takes them."""

    def answer(peer: Peer, *_: bytes) -> None:
        for _ in range(_MANY):
            peer.raw(data)

    return answer


def drip(data: bytes = b"x") -> Callable[..., None]:
    """A byte now and then, which keeps a timeout of the socket's own from ever coming."""

    def answer(peer: Peer, *_: bytes) -> None:
        for _ in range(_MANY):
            peer.raw(data)
            time.sleep(0.1)

    return answer


def pieces(step: int, talk: Callable[[Peer], None]) -> Callable[[Peer], None]:
    """A good server that sends so many bytes at a time."""

    def script(peer: Peer) -> None:
        peer.step = step
        talk(peer)

    return script


def echo_imap(peer: Peer, tag: bytes, line: bytes) -> None:
    plain = base64.b64decode(line.split()[-1] + b"==") if b"PLAIN" in line else line
    said = b"\x1b]0;x\x07\x9b31m\x1b[2J you sent " + line + b" " + plain.replace(b"\0", b" ")
    peer.say(b"* OK [ALERT] " + said, tag + b" NO [AUTHENTICATIONFAILED] " + said)


def echo_unexpected(peer: Peer, _: bytes, line: bytes) -> None:
    peer.say(b"? " + line + b" " + base64.b64decode(line.split()[-1]).replace(b"\0", b" "))


def echo_token_imap(peer: Peer, tag: bytes, line: bytes) -> None:
    """The message of a token in the challenge, and in the no."""
    message = line.split()[-1]
    peer.say(b"+ " + message)
    peer.hear_line()
    plain = base64.b64decode(message).replace(b"\x01", b" ")
    peer.say(tag + b" NO [AUTHENTICATIONFAILED] \x1b[2J " + message + b" " + plain)


def echo_smtp(peer: Peer, line: bytes) -> None:
    plain = base64.b64decode(line.split()[-1]).replace(b"\0", b" ")
    peer.say(b"535-5.7.8 \x1b]52;c;eA==\x07" + line, b"535 5.7.8 \x9b2J" + plain)


def echo_smtp_unexpected(peer: Peer, line: bytes) -> None:
    peer.say(b"what is " + base64.b64decode(line.split()[-1]).replace(b"\0", b" "))


def ask_again(peer: Peer, *_: bytes) -> None:
    for _ in range(_MANY):
        peer.say(b"334 VXNlcm5hbWU6")
        peer.hear()


def asking_on(peer: Peer, *_: bytes) -> None:
    for _ in range(_MANY):
        peer.say(b"+ UGFzc3dvcmQ6")
        peer.hear()


def twice(peer: Peer, tag: bytes, _: bytes) -> None:
    peer.say(tag + b" OK in", tag + b" OK in")


def leave_then(*steps: bytes | float) -> Callable[..., None]:
    """Give leave to begin TLS, with something behind it: bytes, or seconds of waiting."""

    def answer(peer: Peer, *words: bytes) -> None:
        peer.raw(words[0] + b" OK begin\r\n" if len(words) == 2 else b"220 go ahead\r\n")
        _do(peer, steps)
        peer.start_tls()

    return answer


def leave_together(data: bytes) -> Callable[..., None]:
    """Give leave to begin TLS, with something behind it in the same segment."""

    def answer(peer: Peer, *words: bytes) -> None:
        leave = words[0] + b" OK begin\r\n" if len(words) == 2 else b"220 go ahead\r\n"
        peer.raw(leave + data)
        peer.start_tls()

    return answer


def _do(peer: Peer, steps: tuple[bytes | float, ...]) -> None:
    for step in steps:
        if isinstance(step, bytes):
            peer.raw(step)
        else:
            time.sleep(step)


def answering_early_imap(peer: Peer) -> None:
    """Every answer up to TLS before its question, as one who cannot see the questions would."""
    peer.say(b"* OK ready", b"* CAPABILITY IMAP4rev1 STARTTLS", b"a1 OK", b"a2 OK begin")
    peer.hear()
    peer.hear()
    peer.start_tls()
    peer.imap(greeting=None)


def answering_early_smtp(peer: Peer) -> None:
    """The same over SMTP."""
    peer.say(b"220 ready", b"250-x", b"250 STARTTLS", b"220 go ahead")
    peer.hear()
    peer.hear()
    peer.start_tls()
    peer.smtp(greeting=None)


def lying_before_tls(peer: Peer, tag: bytes, _: bytes) -> None:
    """Untagged answers before TLS, of which none may be heard after it."""
    if peer.is_tls:
        peer.say(b"* CAPABILITY IMAP4rev1 LOGINDISABLED", tag + b" OK done")
        return
    peer.say(
        b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR",
        b'* LIST () "/" injected',
        b"* OK [ALERT] \x1b[31mcall 555-1234",
        b"* 4 EXISTS",
        tag + b" OK done",
    )


def _listing(said: bytes, code: str | None = None) -> Case:
    # Mail is sent without knowing the folder for it, so that nothing here fails a direction.
    return imap(code, list=before(b"* LIST " + said + b"\r\n"))


SIZES = {
    "3e9": b"3000000000",
    "negative": b"-1",
    "empty": b"",
    "1e20": b"99999999999999999999",
    "of_5000_digits": b"9" * 5000,
    "exponent": b"1e9",
    "plus": b"5+",
}

_LITERALS = {
    f"imap_literal_{name}_at_{command}": Case(
        imap=lambda peer, command=command, size=size: peer.imap(  # type: ignore[misc]
            **{command: last(b"* LIST () {" + size + b"}\r\nabc")}
        ),
        code=None if command == "list" else ANY,
    )
    for name, size in SIZES.items()
    for command in ("authenticate", "list")
}

_IMAP_VERBS = ("capability", "id", "authenticate", "examine", "list")
_SMTP_VERBS = ("ehlo", "auth", "mail", "rcpt", "rset")

_ENDS = {
    **{
        f"imap_bye_at_{verb}": imap(
            None if verb == "list" else "connection_lost",
            b"IMAP4rev1 ID SASL-IR AUTH=PLAIN",
            **{verb: last(b"* BYE so long\r\n")},
        )
        for verb in _IMAP_VERBS
    },
    **{
        f"imap_hang_up_at_{verb}": imap(
            None if verb == "list" else "connection_lost",
            b"IMAP4rev1 ID SASL-IR AUTH=PLAIN",
            **{verb: last(b"* half a li")},
        )
        for verb in _IMAP_VERBS
    },
    **{
        f"smtp_421_at_{verb}": smtp("server_unavailable", **{verb: last(b"421 4.3.2 closing\r\n")})
        for verb in _SMTP_VERBS
    },
    **{
        f"smtp_hang_up_at_{verb}": smtp("connection_lost", **{verb: last(b"25")})
        for verb in _SMTP_VERBS
    },
}

_LONG = b"y" * 2_000_000

_SIZED = {
    "imap_line_2mb_greeting": imap("response_too_large", _GOOD, b"* OK " + _LONG),
    **{
        f"imap_line_2mb_at_{verb}": imap(
            None if verb == "list" else "response_too_large",
            b"IMAP4rev1 ID SASL-IR AUTH=PLAIN",
            **{verb: last(b"* OK " + _LONG)},
        )
        for verb in _IMAP_VERBS
    },
    **{
        f"imap_endless_untagged_at_{verb}": imap(
            None if verb == "list" else "response_too_large",
            b"IMAP4rev1 ID SASL-IR AUTH=PLAIN",
            **{verb: flood(b"* 1 EXISTS\r\n" * 1000)},
        )
        for verb in _IMAP_VERBS
    },
    "imap_literal_of_2mb": imap(
        "response_too_large", authenticate=before(b"* LIST () {2000000}\r\n" + _LONG + b"\r\n")
    ),
    "imap_endless_literals": imap(
        "response_too_large",
        authenticate=flood(b"* LIST () {500000}\r\n" + b"z" * 500_000 + b"\r\n"),
    ),
    "imap_endless_continuations": imap(
        "response_too_large", authenticate=flood(b"+ more\r\n" * 1000)
    ),
    "imap_nested_parentheses": _listing(b"(" * 30_000),
    "imap_ten_thousand_folders": imap(
        None, list=before(b'* LIST (\\HasNoChildren) "/" "a folder of this name"\r\n' * 9_999)
    ),
    "smtp_line_2mb_greeting": smtp("response_too_large", greeting=b"220 " + _LONG),
    "smtp_line_2mb_at_ehlo": smtp("response_too_large", ehlo=last(b"250-" + _LONG)),
    "smtp_line_2mb_at_auth": smtp("response_too_large", auth=last(b"535 " + _LONG)),
    "smtp_endless_220": Case(smtp=flood(b"220-more\r\n" * 1000), code="response_too_large"),
    **{
        f"smtp_endless_250_at_{verb}": smtp(
            "response_too_large", **{verb: flood(b"250-more\r\n" * 1000)}
        )
        for verb in _SMTP_VERBS
    },
    "smtp_ehlo_of_10k_lines": smtp(
        "response_too_large", ehlo=last(b"250-X-THING\r\n" * 10_000 + b"250 AUTH PLAIN\r\n")
    ),
    "smtp_auth_in_9k_lines": smtp(
        None,
        ehlo=lambda peer, _: peer.raw(
            b"250-scripted\r\n"
            + (b"250-AUTH " + b"X-M " * 22 + b"\r\n") * 9_000
            + b"250 AUTH PLAIN\r\n"
        ),
    ),
}

_SLOW = {
    "imap_silent": Case(imap=lambda peer: peer.hear() and None, code="timed_out"),
    "imap_drips_greeting": Case(imap=drip(), code="timed_out"),
    "imap_drips_at_login": imap("timed_out", authenticate=drip()),
    "imap_drips_lines_at_login": imap("timed_out", authenticate=drip(b"* OK wait\r\n")),
    "imap_drips_at_select": imap("timed_out", examine=drip()),
    "imap_drips_folders": imap(None, list=drip(b'* LIST () "/" x\r\n')),
    "imap_waits_for_a_literal": imap(
        "timed_out", authenticate=instead(b"* LIST () {400000}\r\nabc")
    ),
    "imap_starttls_drips": Case(imap=drip(), code="timed_out", is_starttls=True),
    "imap_starttls_leave_and_silence": starttls_imap("timed_out", starttls=leave_then(5.0)),
    "smtp_silent": Case(smtp=lambda peer: peer.hear() and None, code="timed_out"),
    "smtp_drips_greeting": Case(smtp=drip(b"220-x\r\n"), code="timed_out"),
    "smtp_drips_at_ehlo": smtp("timed_out", ehlo=drip(b"250-x\r\n")),
    "smtp_drips_at_auth": smtp("timed_out", auth=drip()),
    "smtp_drips_at_rcpt": smtp("timed_out", rcpt=drip()),
    "smtp_starttls_drips": Case(smtp=drip(), code="timed_out", is_starttls=True),
}

_IMAP = {
    "imap_preauth": imap("protocol_error", _GOOD, b"* PREAUTH welcome ann"),
    "imap_bye_greeting": imap("server_unavailable", _GOOD, b"* BYE go away"),
    "imap_bye_greeting_unavailable": imap("server_unavailable", _GOOD, b"* BYE [UNAVAILABLE] full"),
    "imap_bye_greeting_limit": imap(
        "too_many_connections", _GOOD, b"* BYE [LIMIT] too many connections"
    ),
    "imap_bye_limit_at_login": imap(
        "too_many_connections", authenticate=last(b"* BYE [LIMIT] too many\r\n")
    ),
    "imap_alert_greeting": imap(None, _GOOD, b"* OK [ALERT] \x1b]0;owned\x07 call 555-1234"),
    "imap_no_greeting": imap("protocol_error", _GOOD, b"* NO never"),
    "imap_empty_greeting": imap("protocol_error", _GOOD, b""),
    "imap_greets_as_smtp": imap("protocol_error", _GOOD, b"220 ready"),
    "imap_greets_as_http": imap("protocol_error", _GOOD, b"HTTP/1.1 400 Bad Request"),
    "imap_greets_as_ssh": imap("protocol_error", _GOOD, b"SSH-2.0-OpenSSH_9.9"),
    "imap_answers_before_it_is_asked": imap(
        "protocol_error", _GOOD, b"* OK ready\r\nAAAA1 OK you are in\r\n* OK"
    ),
    "imap_referral": imap(
        "inbox_missing", authenticate=no(b"[REFERRAL imap://ann@evil.test/] not here")
    ),
    "imap_referral_with_ok": imap(
        None, authenticate=before(b"", b" OK [REFERRAL imap://ann@evil.test/] in")
    ),
    "imap_login_disabled": imap("login_disabled", b"IMAP4rev1 LOGINDISABLED"),
    "imap_login_disabled_but_token": imap(
        "mechanism_unsupported", b"IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2"
    ),
    "imap_capability_lie_in_greeting": imap(
        "login_disabled",
        b"IMAP4rev1 LOGINDISABLED",
        b"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] ready",
    ),
    "imap_capability_gone_after_login": imap(
        None, authenticate=before(b"", b" OK [CAPABILITY IMAP4rev1] in")
    ),
    "imap_capability_refused": imap(ANY, capability=no(b"none of your business")),
    "imap_capability_missing": imap("protocol_error", capability=before(b"")),
    "imap_not_imap4": imap("protocol_error", b"IMAP2"),
    "imap_id_refused": imap(None, b"IMAP4rev1 ID SASL-IR AUTH=PLAIN", id=no(b"[CANNOT] no")),
    "imap_id_is_odd": imap(
        None,
        b"IMAP4rev1 ID SASL-IR AUTH=PLAIN",
        id=before(b"* ID ((1 NIL) {3}\r\na\x1bb \xff)\r\n"),
    ),
    "imap_echo_plain": imap("invalid_credentials", authenticate=echo_imap),
    "imap_echo_login": imap("invalid_credentials", b"IMAP4rev1", login=taking_literals(echo_imap)),
    "imap_echo_unexpected": imap("protocol_error", authenticate=echo_unexpected),
    "imap_ok_of_another_tag": imap("protocol_error", authenticate=instead(b"ZZZ9 OK in\r\n")),
    "imap_ok_without_a_tag": imap("connection_lost", authenticate=last(b"* OK in\r\n")),
    "imap_ok_twice": imap("protocol_error", authenticate=twice),
    "imap_bad": imap("protocol_error", authenticate=before(b"", b" BAD what")),
    "imap_unknown_code": imap("remote_error", authenticate=no(b"[X-MOON] phase")),
    "imap_continuations_at_plain": imap(
        "protocol_error", b"IMAP4rev1 AUTH=PLAIN", authenticate=asking_on
    ),
    "imap_continuations_at_login": imap("protocol_error", b"IMAP4rev1", login=asking_on),
    "imap_continuation_for_nothing": imap(
        None, authenticate=before(b"+ tell me more\r\n", b" OK in")
    ),
    "imap_nul_and_8_bit": imap(
        None, authenticate=before(b"* OK \0\x80\xff \xe3\x81\r\n", b" OK \0\xff")
    ),
    "imap_every_octet": imap("protocol_error", authenticate=instead(bytes(range(256)) + b"\r\n")),
    "imap_empty_line": imap("protocol_error", authenticate=instead(b"\r\n")),
    "imap_bare_lf": imap("protocol_error", authenticate=last(b"* OK\n")),
    "imap_a_byte_at_a_time": Case(imap=pieces(1, Peer.imap), code=None),
    "imap_select_refused": imap("inbox_missing", examine=no(b"[NONEXISTENT] none")),
    "imap_select_counts_letters": imap("protocol_error", examine=before(b"* x EXISTS\r\n")),
    "imap_select_counts_1e20": imap(None, examine=before(b"* 99999999999999999999 EXISTS\r\n")),
    "imap_select_counts_below": imap(None, examine=before(b"* -1 EXISTS\r\n")),
    "imap_select_broken_codes": imap(
        ANY, examine=before(b"* OK [UIDVALIDITY x] y\r\n* OK [PERMANENTFLAGS (\r\n")
    ),
    "imap_list_of_numbers": _listing(b'(1 2) "/" x'),
    "imap_list_without_marks": _listing(b'1 "/" x'),
    "imap_list_with_numbers_between": _listing(b"() 7 8"),
    "imap_list_of_lists": _listing(b'() "/" (a b)'),
    "imap_list_of_nothing": _listing(b""),
    "imap_list_too_short": _listing(b'() "/"'),
    "imap_list_nil_name": _listing(b"() NIL NIL"),
    "imap_list_broken_utf7": _listing(b'() "/" "&////-&"'),
    "imap_list_with_escapes": _listing(b'(\\Sent) "/" "\x1b]0;x\x07\xff"'),
    "imap_list_quote_left_open": _listing(b'() "/" "x'),
}

_SMTP = {
    "smtp_hang_up_at_greeting": Case(smtp=lambda peer: None, code="connection_lost"),
    "imap_hang_up_at_greeting": Case(imap=lambda peer: None, code="connection_lost"),
    "smtp_554_greeting": smtp("remote_error", greeting=b"554 no"),
    "smtp_421_greeting": smtp("server_unavailable", greeting=b"421 later"),
    "smtp_greets_as_imap": Case(smtp=lambda peer: peer.imap(), code="protocol_error"),
    "smtp_greets_as_http": smtp("protocol_error", greeting=b"HTTP/1.1 400 Bad Request"),
    "smtp_greets_with_354": smtp("protocol_error", greeting=b"354 go on"),
    "smtp_empty_greeting": smtp("protocol_error", greeting=b""),
    "smtp_ehlo_refused": smtp("protocol_error", ehlo=instead(b"502 what\r\n")),
    "smtp_code_that_changes_at_ehlo": smtp(
        "protocol_error", ehlo=instead(b"250-scripted\r\n550 no\r\n")
    ),
    "smtp_no_that_becomes_yes": smtp(
        "protocol_error", auth=instead(b"535-5.7.8 no\r\n235 2.7.0 yes\r\n")
    ),
    "smtp_code_of_letters": smtp("protocol_error", auth=instead(b"2x5 yes\r\n")),
    "smtp_code_too_short": smtp("protocol_error", auth=instead(b"25\r\n")),
    "smtp_code_too_long": smtp("protocol_error", auth=instead(b"2350 yes\r\n")),
    "smtp_code_of_no_class": smtp("protocol_error", auth=instead(b"999 yes\r\n")),
    "smtp_empty_line": smtp("protocol_error", auth=instead(b"\r\n")),
    "smtp_code_alone": smtp(None, auth=lambda peer, _: peer.say(b"235")),
    "smtp_nul_and_8_bit": smtp(None, auth=lambda peer, _: peer.say(b"235 \0\x80\xff\xe3\x81")),
    "smtp_every_octet": smtp("protocol_error", auth=instead(bytes(range(256)) + b"\r\n")),
    "smtp_bare_cr": smtp("protocol_error", auth=instead(b"535 no\r235 yes\r\n")),
    "smtp_a_byte_at_a_time": Case(smtp=pieces(1, Peer.smtp), code=None),
    "smtp_two_replies": smtp(ANY, auth=lambda peer, _: peer.say(b"235 yes", b"550 no")),
    "smtp_334_for_ever_at_plain": smtp("protocol_error", auth=ask_again),
    "smtp_334_for_ever_at_login": smtp("protocol_error", b"AUTH LOGIN", auth=ask_again),
    "smtp_echo": smtp("invalid_credentials", auth=echo_smtp),
    "smtp_echo_unexpected": smtp("protocol_error", auth=echo_smtp_unexpected),
    "smtp_unknown_code": smtp("remote_error", auth=lambda peer, _: peer.say(b"599 5.9.99 moon")),
    "smtp_no_auth": smtp("login_disabled", b"SIZE 1"),
    "smtp_no_password": smtp("mechanism_unsupported", b"AUTH XOAUTH2"),
    "smtp_size_1e20": smtp(None, b"AUTH PLAIN", b"SIZE 99999999999999999999"),
    "smtp_size_of_letters": smtp(None, b"AUTH PLAIN", b"SIZE \xff\0x"),
    "smtp_size_zero_and_refused": smtp(
        "sender_refused",
        b"AUTH PLAIN",
        b"SIZE 0",
        mail=lambda peer, _: peer.say(b"552 5.3.4 too big"),
    ),
    "smtp_sender_refused": smtp(
        "sender_refused", mail=lambda peer, _: peer.say(b"553 5.7.1 not yours")
    ),
    "smtp_recipient_refused": smtp(
        "sender_refused", rcpt=lambda peer, _: peer.say(b"550 5.1.1 who")
    ),
    "smtp_recipient_elsewhere": smtp(
        None, rcpt=lambda peer, _: peer.say(b"251 2.1.5 will forward to <x@evil.test>")
    ),
    "smtp_recipient_referred": smtp(
        "sender_refused", rcpt=lambda peer, _: peer.say(b"551 5.7.1 try <x@evil.test>")
    ),
    **{
        f"smtp_pipelining_{name}": smtp(code, b"AUTH PLAIN", b"PIPELINING", **answers)
        for name, code, answers in (
            ("sender_refused", "sender_refused", {"mail": lambda peer, _: peer.say(b"550 no")}),
            ("hang_up_at_rcpt", "connection_lost", {"rcpt": last(b"25")}),
            ("endless", "response_too_large", {"rcpt": flood(b"250-more\r\n" * 1000)}),
            ("one_too_few", "connection_lost", {"rset": last(b"")}),
            ("all_in_one", None, {"mail": lambda peer, _: peer.say(*[b"250 2.0.0 fine"] * 3)}),
        )
    },
    "smtp_greylisted": smtp(
        "server_unavailable", rcpt=lambda peer, _: peer.say(b"450 4.2.0 later")
    ),
    "smtp_signed_out_again": smtp(
        "sign_in_refused", mail=lambda peer, _: peer.say(b"530 5.7.57 not authenticated")
    ),
}

_INJECTED_IMAP = b'* LIST () "/" injected\r\nA1 OK [CAPABILITY IMAP4rev1] in\r\n'
_INJECTED_SMTP = b"250-evil\r\n250 AUTH PLAIN\r\n235 in\r\n"

_STARTTLS = {
    "imap_starttls_stripped": starttls_imap(plain=b"IMAP4rev1 AUTH=PLAIN"),
    "imap_starttls_no": starttls_imap(starttls=no(b"not today")),
    "imap_starttls_bad": starttls_imap(starttls=before(b"", b" BAD what")),
    "imap_starttls_plus": starttls_imap(starttls=instead(b"+ go on\r\n")),
    "imap_starttls_junk": starttls_imap(starttls=instead(b"HTTP/1.1 200 OK\r\n")),
    "imap_starttls_bye": starttls_imap(starttls=last(b"* BYE bye\r\n")),
    "imap_starttls_preauth": starttls_imap(greeting=b"* PREAUTH welcome ann"),
    "imap_starttls_bye_greeting": starttls_imap(greeting=b"* BYE [ALERT] call 555-1234"),
    "imap_starttls_injected": starttls_imap(starttls=leave_together(_INJECTED_IMAP)),
    "imap_starttls_injected_later": starttls_imap(starttls=leave_then(0.05, _INJECTED_IMAP)),
    "imap_starttls_injected_in_pieces": starttls_imap(
        starttls=leave_then(_INJECTED_IMAP[:7], 0.02, _INJECTED_IMAP[7:])
    ),
    "imap_starttls_lied_before": starttls_imap("login_disabled", capability=lying_before_tls),
    "imap_starttls_answered_early": Case(answering_early_imap, code=EITHER, is_starttls=True),
    "imap_starttls_endless": starttls_imap(capability=flood(b"* OK more\r\n" * 100)),
    "imap_starttls_line_2mb": starttls_imap(greeting=b"* OK " + _LONG),
    "imap_starttls_in_the_clear": starttls_imap(starttls=instead(b"a2 OK begin\r\n* OK hi\r\n")),
    "imap_starttls_other_certificate": Case(imap=Peer.imap, is_starttls=True, certificate="other"),
    "imap_starttls_unknown_authority": Case(
        imap=Peer.imap, is_starttls=True, certificate="unknown"
    ),
    "smtp_starttls_stripped": starttls_smtp(plain=(b"AUTH PLAIN LOGIN",)),
    "smtp_starttls_look_alike": starttls_smtp(plain=(b"XSTARTTLS", b"STARTTLSX")),
    "smtp_starttls_454": starttls_smtp(starttls=instead(b"454 4.7.0 no\r\n")),
    "smtp_starttls_junk": starttls_smtp(starttls=instead(b"sure\r\n")),
    "smtp_starttls_221": starttls_smtp(starttls=last(b"221 bye\r\n")),
    "smtp_starttls_554_greeting": starttls_smtp(greeting=b"554 no"),
    "smtp_starttls_injected": starttls_smtp(starttls=leave_together(_INJECTED_SMTP)),
    "smtp_starttls_injected_later": starttls_smtp(starttls=leave_then(0.05, _INJECTED_SMTP)),
    "smtp_starttls_injected_in_pieces": starttls_smtp(
        starttls=leave_then(_INJECTED_SMTP[:5], 0.02, _INJECTED_SMTP[5:])
    ),
    "smtp_starttls_answered_early": Case(smtp=answering_early_smtp, code=EITHER, is_starttls=True),
    "smtp_starttls_endless_220": starttls_smtp(greeting=b"220-more\r\n" * 20_000 + b"220 ready"),
    "smtp_starttls_in_the_clear": starttls_smtp(starttls=instead(b"220 go\r\n250 AUTH PLAIN\r\n")),
    "smtp_starttls_other_certificate": Case(smtp=Peer.smtp, is_starttls=True, certificate="other"),
    "smtp_starttls_unknown_authority": Case(
        smtp=Peer.smtp, is_starttls=True, certificate="unknown"
    ),
    "imap_other_certificate": Case(imap=Peer.imap, certificate="other"),
    "imap_unknown_authority": Case(imap=Peer.imap, certificate="unknown"),
    "smtp_other_certificate": Case(smtp=Peer.smtp, certificate="other"),
}

_NO_TOKEN = base64.b64encode(b'{"status": "401", "openid-configuration": "https://evil.test/x"}')


def challenging(
    sign: bytes, *said: bytes, no: bytes = b"", end: bytes = b""
) -> Callable[..., None]:
    """Challenges that are answered one by one, and then a no, or else the end."""

    def answer(peer: Peer, *words: bytes) -> None:
        for each in said:
            peer.raw(sign + each + b"\r\n")
            peer.hear_line()
        if not no:
            peer.raw(end)
            hang_up()
        peer.say(words[0] + b" " + no if len(words) == 2 else no)

    return answer


_TOKENS = {
    "token_imap_refused": by_token(
        "grant_ended", authenticate=challenging(b"+ ", _NO_TOKEN, no=b"NO [AUTHENTICATIONFAILED] x")
    ),
    "token_imap_junk_challenge": by_token(
        "grant_ended", authenticate=challenging(b"+ ", b"\x1b[2J\xff{{{", no=b"NO x")
    ),
    "token_imap_nested_challenge": by_token(
        "grant_ended",
        authenticate=challenging(b"+ ", base64.b64encode(b"[" * 40_000), no=b"NO x"),
    ),
    "token_imap_challenge_of_1mb": by_token(
        "response_too_large", authenticate=challenging(b"+ ", b"e" * 1_000_000, no=b"NO x")
    ),
    "token_imap_asks_on": by_token(
        "protocol_error", authenticate=challenging(b"+ ", b"", b"", b"", no=b"NO x")
    ),
    "token_imap_endless_challenges": by_token(
        "protocol_error", authenticate=flood(b"+ bW9yZQ==\r\n" * 1000)
    ),
    "token_imap_yes_after_challenge": by_token(
        "protocol_error", authenticate=challenging(b"+ ", _NO_TOKEN, no=b"OK in after all")
    ),
    "token_imap_bye_after_challenge": by_token(
        "connection_lost", authenticate=challenging(b"+ ", _NO_TOKEN, end=b"* BYE so long\r\n")
    ),
    "token_imap_hangs_up_after_challenge": by_token(
        "connection_lost", authenticate=challenging(b"+ ", _NO_TOKEN)
    ),
    "token_imap_echo": by_token("grant_ended", authenticate=echo_token_imap),
    "token_smtp_refused": by_token(
        "grant_ended", auth=challenging(b"334 ", _NO_TOKEN, no=b"535 5.7.8 x")
    ),
    "token_smtp_junk_challenge": by_token(
        "grant_ended", auth=challenging(b"334 ", b"\x1b[2J\xff{{{", no=b"535 5.7.8 x")
    ),
    "token_smtp_challenge_of_1mb": by_token(
        "response_too_large", auth=challenging(b"334 ", b"e" * 1_000_000, no=b"535 5.7.8 x")
    ),
    "token_smtp_asks_on": by_token(
        "protocol_error", auth=challenging(b"334 ", b"", b"", b"", no=b"535 5.7.8 x")
    ),
    "token_smtp_yes_after_challenge": by_token(
        "protocol_error", auth=challenging(b"334 ", _NO_TOKEN, no=b"235 2.7.0 in after all")
    ),
    "token_smtp_hangs_up_after_challenge": by_token(
        "connection_lost", auth=challenging(b"334 ", _NO_TOKEN)
    ),
    "token_smtp_echo": by_token("grant_ended", auth=echo_smtp),
}

_SLOW |= {
    "token_imap_drips_challenge": by_token("timed_out", authenticate=drip()),
    "token_smtp_drips_challenge": by_token("timed_out", auth=drip(b"334-x\r\n")),
}

#: By name. Those of `_SLOW` cost the whole deadline, and are met side by side.
CASES: dict[str, Case] = {
    **_LITERALS,
    **_ENDS,
    **_SIZED,
    **_IMAP,
    **_SMTP,
    **_STARTTLS,
    **_TOKENS,
    **_SLOW,
}
SLOW = frozenset(_SLOW)
