"""Names that stand for what names a person, the same for the same within one bundle.

Each is an HMAC under a key that is drawn for the bundle and never kept, so that two bundles cannot
be compared and no list of addresses can be tried on one. A domain stays: without it nobody could
look into anything, and its servers stand beside it.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address
from itertools import pairwise
from urllib.parse import unquote

from inboxlink.errors import Problem
from inboxlink.remote_text import RemoteText
from inboxlink.types.text import Text

__all__ = ["REDACTED", "Pseudonyms"]

#: Stands for what is never written.
REDACTED = "[redacted]"

#: Any address, its `@` percent-encoded or not; what looks like one is treated as one.
_ADDRESS = re.compile(
    r"([^\s<>()\[\]\"',;:=&?/\\|{}]{1,128}?)(@|%40)([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)"
)
_GUID = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])"
)
_NUMBER_OF_64_BITS = re.compile(r"[0-9a-fA-F]{16}")
_IP = re.compile(
    r"(?<![0-9A-Za-z.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![0-9A-Za-z.:])"
)

#: Microsoft's tenant of all personal accounts, and the applications of its own in challenges:
#: constants of "Access tokens in the Microsoft identity platform" (learn.microsoft.com, read
#: November 2026) and MS-SPS2SAUTH; they name nobody.
_OF_NOBODY = frozenset(
    {
        "9188040d-6c67-4c5b-b112-36a304b66dad",
        "00000002-0000-0ff1-ce00-000000000000",
        "00000003-0000-0000-c000-000000000000",
    }
)

#: Shorter names are words of protocols and of servers too.
_SHORTEST_NAME = 4


class Pseudonyms:
    """What stands for what, in one bundle.

    Args:
        key: At least 32 random octets, drawn for this bundle.
        names: What names the person besides addresses, such as a user name.
        secrets: What must not be written in any form.
    """

    def __init__(self, key: bytes, names: Iterable[str] = (), secrets: Iterable[str] = ()) -> None:
        self._key = key
        self._names: dict[str, str] = {}
        self._addresses: set[str] = set()
        self._secrets: set[str] = set()
        self._mask = RemoteText()
        for each in names:
            self.know(each)
        self.protect(secrets)

    def know(self, name: str) -> None:
        """A name of the person's: an address, a user name, the part before an `@`."""
        if "@" in name:
            self._addresses.add(name.casefold())
        local = name.partition("@")[0].rpartition("\\")[2]
        for each in (name, local):
            if len(each) >= _SHORTEST_NAME and each.isprintable():
                self._names.setdefault(each.casefold(), self.name(each))
        self.protect([name] if "@" in name else [])

    def protect(self, secrets: Iterable[str]) -> None:
        """More that must not be written, in the clear, percent-encoded or inside any base64."""
        fresh = {each for each in secrets if each} - self._secrets
        if fresh:
            self._secrets |= fresh
            self._mask = RemoteText(self._secrets)

    def name(self, name: str) -> str:
        """What stands for a name."""
        return f"p{self._digest('name', name.casefold())[:10]}"

    def address(self, address: str) -> str:
        """What stands for an address; its domain stays."""
        local, at, domain = address.rpartition("@")
        return f"{self.name(local)}@{domain.lower()}" if at else self.name(address)

    def token(self, text: str) -> str:
        """What stands for any other text: the same for the same, and nothing else of it."""
        return f"h{self._digest('text', text)[:12]}"

    def identifier(self, text: str) -> str:
        """What stands for an id, in a form that is one of the same kind."""
        if _GUID.fullmatch(text) or _NUMBER_OF_64_BITS.fullmatch(text):
            return self._guid(text)
        return self.token(text)

    def text(self, text: str) -> str:
        """Words of a server, with whatever names the person replaced and each secret masked."""
        found = _ADDRESS.sub(self._of_address, text)
        found = _GUID.sub(lambda each: self._guid(each[0]), found)
        return self._mask.masked(_IP.sub(_of_ip, found))

    def prose(self, text: str) -> str:
        """As `text`, where names can stand by themselves: not for commands and their arguments."""
        found = self.text(text)
        for name, stands in self._names.items():
            pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
            found = re.sub(pattern, stands, found, flags=re.IGNORECASE)
        return found

    def problem(self, trouble: Problem) -> Problem:
        """A problem whose values and words name nobody."""

        def kept(text: Text) -> Text:
            params = {name: self.prose(str(value)) for name, value in text.params.items()}
            return replace(text, params=params)

        return replace(
            trouble,
            message=kept(trouble.message),
            remedy=None if trouble.remedy is None else kept(trouble.remedy),
            remote=None if trouble.remote is None else self.prose(trouble.remote),
        )

    def leaks(self, written: str) -> bool:
        """Whether anything that is known, in a form that is known, stands in what was written."""
        return self._mask.masked(written) != written

    def finds_person(self, written: str) -> bool:
        """Whether an address that is known stands in what was written, in any form."""
        return RemoteText(self._addresses).masked(written) != written

    def _of_address(self, found: re.Match[str]) -> str:
        local, at, domain = found.groups()
        return f"{self.name(unquote(local))}{at}{domain.lower()}"

    def _guid(self, text: str) -> str:
        if text.lower() in _OF_NOBODY:
            return text.lower()
        # A personal account's id is a number of 64 bits here and a GUID with zeros there.
        plain = text.replace("-", "").lower().lstrip("0")
        width = 16 if len(plain) <= 16 else 32
        digits = ("f" + self._digest("guid", plain))[:width]
        if "-" not in text:
            return digits
        digits = digits.rjust(32, "0")
        cuts = (0, 8, 12, 16, 20, 32)
        return "-".join(digits[start:end] for start, end in pairwise(cuts))

    def _digest(self, kind: str, text: str) -> str:
        octets = f"{kind}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, octets, hashlib.sha256).hexdigest()


def _of_ip(found: re.Match[str]) -> str:
    # Addresses for documentation stand for all others (RFC 5737, RFC 3849).
    try:
        address = ip_address(found[0])
    except ValueError:  # such as the number of a version
        return found[0]
    if address.is_loopback or address.is_unspecified:
        return found[0]
    return "192.0.2.1" if address.version == 4 else "2001:db8::1"
