"""Name an error that no rule knows, so that the same one is known again wherever it is seen.

The fingerprint is made of the words of the text and of its codes. Names of servers, addresses,
numbers, dates and ids differ from one person and moment to the next and do not count; so no
fingerprint tells whose error it was. It is the first forty bits of a SHA-256, in base32 (RFC 4648
section 6, in small letters).
"""

import re

__all__ = ["fingerprint", "remote_code"]

#: The forms of codes, most telling first in each place of the text.
_CODE = re.compile(
    r"AADSTS[0-9]{4,9}"
    r"|(?<![0-9.])[45][0-9]{2}[ -][245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])"
    r"|(?<=\[)[A-Z][A-Z0-9-]{2,}(?=[\] ])"
    r"|\bError(?:[A-Z][a-z]+)+\b"
    r"|\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b"
    r"|\b[a-z]+(?:_[a-z]+)+\b"
    r"|\bHTTP[ /0-9.]*[ ][1-5][0-9]{2}\b"
    r"|^[45][0-9]{2}(?=[ -])",
    re.MULTILINE,
)
#: What a piece of a text that differs between two tellings of one error has in it: a page's or a
#: server's name, an address, a number, an id.
_PASSING = re.compile(r"[0-9@<>]|://|\w\.\w")
_WORD = re.compile(r"[^\W_]+")


def remote_code(text: str) -> str | None:
    """The first thing in a text that has the form of a code; None = nothing has."""
    found = _CODE.search(text)
    return None if found is None else found[0]


def fingerprint(text: str) -> str:
    """The fingerprint of an error.

    Args:
        text: What was said, without secrets.
    """
    from base64 import b32encode
    from hashlib import sha256

    codes = [found[0].replace("-", " ") for found in _CODE.finditer(text)]
    lasting = (piece for piece in text.lower().split() if not _PASSING.search(piece))
    words = (word for piece in lasting for word in _WORD.findall(piece))
    digest = sha256("\n".join([*codes, "", *words]).encode()).digest()
    return b32encode(digest[:5]).decode().lower()
