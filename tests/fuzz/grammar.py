"""Inputs that come close to the standard, so that they get past the first line of a reader."""

from hypothesis import strategies as st

__all__ = ["INPUTS"]

_junk = st.binary(max_size=40)
_number = st.sampled_from([b"0", b"1", b"-1", b"4294967296", b"99999999999999999999", b"", b"x"])
_atom = st.sampled_from([b"INBOX", b'"a\\"b"', b"NIL", b"()", b"{3}\r\nabc", b"{3000000000}"])


def _line(*parts: st.SearchStrategy[bytes] | bytes) -> st.SearchStrategy[bytes]:
    fixed = [st.just(part) if isinstance(part, bytes) else part for part in parts]
    return st.tuples(*fixed).map(lambda each: b"".join(each) + b"\r\n")


_imap_status = _line(
    st.sampled_from([b"TAG ", b"* ", b"+ ", b"XX1 "]),
    st.sampled_from([b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"]),
    st.sampled_from([b"", b" [AUTHENTICATIONFAILED]", b" [ALERT]", b" [LIMIT", b" [CAPABILITY"]),
    st.sampled_from([b"", b" IMAP4rev1 AUTH=PLAIN]", b" done", b" \x1b[31m \xff"]),
)
_imap_data = st.one_of(
    _line(
        b"* CAPABILITY IMAP4rev1",
        st.sampled_from([b"", b" AUTH=PLAIN", b" SASL-IR AUTH=PLAIN", b" LOGINDISABLED", b" ID"]),
    ),
    _line(b"* LIST (", st.sampled_from([b"", b"\\Sent", b"\\Noselect"]), b') "/" ', _atom),
    _line(b"* ", _number, b" ", st.sampled_from([b"EXISTS", b"RECENT", b"EXPUNGE", b"FETCH ()"])),
    _line(b"* SEARCH ", _number, b" ", _number),
    _line(b"* FLAGS ", _atom),
    _line(b"* ID ", st.sampled_from([b"NIL", b'("name" "x")', b"(", b'("name" {4}']), b""),
    _line(b"+ ", _junk),
    _line(_junk),
)
#: A server that gets a long way, into which anything is mixed.
_imap_good = st.sampled_from(
    [
        b"* OK ready\r\n",
        b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN UIDPLUS\r\nTAG OK done\r\n",
        b"TAG OK signed in\r\n",
        b"* 3 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\nTAG OK [READ-ONLY] done\r\n",
        b'* LIST (\\Sent) "/" Sent\r\nTAG OK done\r\n',
        b"TAG OK done\r\n",
        b"* SEARCH 7\r\nTAG OK done\r\n",
        b"+ go on\r\n",
    ]
)
_imap_start = st.just(
    b"* OK ready\r\n* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\nTAG OK done\r\nTAG OK in\r\n"
)

_smtp_line = _line(
    st.sampled_from(
        [b"220", b"250", b"235", b"334", b"354", b"421", b"535", b"550", b"25", b"999"]
    ),
    st.sampled_from([b" ", b"-", b"", b"\t"]),
    st.sampled_from(
        [
            b"ok",
            b"AUTH PLAIN LOGIN",
            b"AUTH=PLAIN",
            b"SIZE 9",
            b"5.7.8 no",
            b"4.7.0 later",
            b"\xff\x1b[2J",
        ]
    ),
)
_smtp_start = st.just(b"220 ready\r\n250-test\r\n250 AUTH PLAIN\r\n235 in\r\n")

_xml_part = st.sampled_from(
    [
        b"<clientConfig>", b"</clientConfig>", b'<emailProvider id="x">', b"</emailProvider>",
        b'<incomingServer type="imap">', b"</incomingServer>", b'<outgoingServer type="smtp">',
        b"</outgoingServer>", b"<hostname>a.test</hostname>", b"<hostname>{x}</hostname>",
        b"<port>993</port>", b"<port>99999</port>", b"<port>\xef\xbc\x91</port>",
        b"<socketType>SSL</socketType>", b"<username>%EMAILADDRESS%</username>",
        b"<hostname>%EMAILDOMAIN</hostname>", b"<username>%EMAILADDRESS%%REALNAME%</username>",
        b"<authentication>GSSAPI</authentication>", b"<displayName>\xe2\x80\xae</displayName>",
        b"<domain>%EMAILDOMAIN%</domain>", b"<documentation url='https://x.test/'/>",
        b"<oAuth2><issuer>x.test</issuer></oAuth2>", b"<a xmlns='x:y'>", b"</a>", b"<a>" * 15,
        b"<authentication>OAuth2</authentication>", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;",
        b'<?xml version="1.0" encoding="utf-7"?>', b"<![CDATA[", b"]]>", b"\x00", b"\xff\xfe",
    ]
)  # fmt: skip

_toml_part = st.sampled_from(
    [
        b"[network]\n", b"[application]\n", b"[presets.'a.test'.imap]\n", b"[[connect]]\n",
        b"allow = ['10.0.0.0/8']\n", b"allow = ['x']\n", b"ca_file = '/x'\n", b"name = 'A'\n",
        b"name = 1\n", b"connect = {'a:1' = 'b:2'}\n", b"port = 99999\n", b"x = 1e999\n",
        b"max_mailboxes = -1\n", b"special_domains = ['test']\n", b"= \n", b"\xff", b"a.b.c = {}\n",
    ]
)  # fmt: skip

_address_part = st.one_of(
    st.sampled_from(
        [
            "ann",
            "@",
            "example",
            ".",
            "test",
            "xn--",
            "ü",
            "\u202e",
            "\u2028",
            '"',
            "[127.0.0.1]",
            " ",
            "\r\n",
        ]
    ),
    st.text(max_size=3),
)


def _joined(
    part: st.SearchStrategy[bytes], start: st.SearchStrategy[bytes], size: int = 25
) -> st.SearchStrategy[bytes]:
    begun = st.one_of(start, st.just(b""))
    rest = st.lists(part, max_size=size).map(b"".join)
    return st.tuples(begun, rest).map(b"".join)


_nothing = st.just(b"")

INPUTS: dict[str, st.SearchStrategy[bytes]] = {
    "imap": _joined(st.one_of(_imap_good, _imap_good, _imap_status, _imap_data), _imap_start),
    "smtp": _joined(_smtp_line, _smtp_start),
    "autoconfig": _joined(st.one_of(_xml_part, _junk), st.just(b"<clientConfig><emailProvider>")),
    "address": st.lists(_address_part, max_size=8).map(
        lambda parts: "".join(parts).encode("utf-8", "surrogateescape")
    ),
    "configuration": _joined(_toml_part, _nothing, 8),
    "shown": st.one_of(st.binary(max_size=200), st.text().map(lambda text: text.encode())),
}
