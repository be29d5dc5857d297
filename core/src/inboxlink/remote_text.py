"""What a server said, made fit to be shown and kept: for providers.

A server can put anything into its words: an escape sequence for the terminal, or the LOGIN line
that it was just sent. So its words pass through here before they enter a problem or a report,
and whoever sends a secret says first which one.
"""

import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property
from urllib.parse import quote

__all__ = ["MAX_CHARACTERS", "RemoteText"]

#: RFC 5321 section 4.5.3.1.5 gives a reply line 512 octets; more helps nobody.
MAX_CHARACTERS = 512

_MASK = "•••"

_BASE64 = re.compile(r"[A-Za-z0-9+/]+=*")

# Cc control, Cf format (bidirectional overrides too), Cs lone surrogates, Zl and Zp separators.
_UNSHOWABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class RemoteText:
    """Clean the words of one server.

    Args:
        secrets: What must not come back, in the clear, quoted, percent-encoded or inside any
            base64, which every SASL exchange is.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        secrets = tuple(secret for secret in secrets if secret)
        self._forms = {form for secret in secrets for form in _forms(secret)}
        self._encoded = tuple(part for secret in secrets for part in _encoded(secret))
        # A pattern matches as many characters as it has: what is shorter holds no secret.
        self._shortest = min(map(len, (*self._forms, *self._encoded)), default=0)

    def clean(self, said: bytes | str) -> str | None:
        """The words in one line of at most `MAX_CHARACTERS`; None = nothing was said."""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        # Once as it came, once more without the characters that may have split a secret.
        text = self.masked(text)
        if not text.isprintable():  # or it holds nothing unshowable
            text = "".join(" " if unicodedata.category(c) in _UNSHOWABLE else c for c in text)
        text = self.masked(" ".join(text.split()))
        if len(text) > MAX_CHARACTERS:
            text = f"{text[: MAX_CHARACTERS - 1]}…"
        return text or None

    def masked(self, text: str) -> str:
        """The text whole, with each secret in it masked."""
        if not self._forms or len(text) < self._shortest:
            return text
        return _BASE64.sub(self._masked_run, self._secret.sub(_MASK, text))

    @cached_property
    def _secret(self) -> re.Pattern[str]:
        # Compiled for the first text that is long enough: many servers never say one.
        forms = sorted(self._forms, key=len, reverse=True)
        return re.compile("|".join(re.escape(form) for form in forms), re.IGNORECASE)

    def _masked_run(self, run: re.Match[str]) -> str:
        return _MASK if any(part in run[0] for part in self._encoded) else run[0]


def _forms(secret: str) -> tuple[str, ...]:
    quoted = secret.replace("\\", "\\\\").replace('"', '\\"')
    return secret, quoted, quote(secret, safe="", errors="replace")


def _encoded(secret: str) -> Iterator[str]:
    octets = secret.encode("utf-8", "surrogateescape")
    for before in range(3):
        # Six bits a character: those at the edges also hold bits of what stands beside the
        # secret, so the ones in between are looked for, and the whole run of base64 goes.
        text = base64.b64encode(bytes(before) + octets).decode()
        part = text[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6]
        if len(part) > 1:
            yield part
