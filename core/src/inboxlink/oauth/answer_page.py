"""The page that a person's browser ends on, whole in itself: nothing is loaded from anywhere.

It never says that the mailbox is connected, because nothing has been verified yet (req 28).
"""

import base64
import hashlib
from collections.abc import Callable
from enum import StrEnum
from html import escape

__all__ = ["HEADERS", "Arrival", "answer_page"]


class Arrival(StrEnum):
    """What came back to the redirect address."""

    #: A code.
    ANSWERED = "answered"
    #: The authorization server's refusal, or the person's.
    REFUSED = "refused"
    #: Not the answer that is waited for: another sign-in's, a second one, or none at all.
    UNUSABLE = "unusable"


_WORDS = {
    Arrival.ANSWERED: ("oauth.page.answered.title", "oauth.page.answered.text"),
    Arrival.REFUSED: ("oauth.page.refused.title", "oauth.page.refused.text"),
    Arrival.UNUSABLE: ("oauth.page.unusable.title", "oauth.page.unusable.text"),
}

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.05rem/1.6 system-ui,sans-serif;"
    "max-width:34rem;margin:18vh auto 0;padding:0 1.5rem}"
    "h1{font-size:1.5rem;line-height:1.3;margin:0 0 1rem}"
    "p{margin:0 0 .75rem}"
    "small{opacity:.7}"
)

_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{text}</p>
<p>{close}</p>
<p><small>inboxlink</small></p>
</main>
</body>
</html>
"""

_STYLE_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

#: With every answer to a browser. The address in its bar holds the code: it goes to nobody else,
#: and into no cache.
HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
)


def answer_page(arrival: Arrival, words: Callable[[str], str], language: str) -> str:
    """The page for what came back, of which nothing stands in it.

    Args:
        arrival: What it was.
        words: Words a key of the core's strings.
        language: That they are in, as HTML names it (RFC 5646).
    """
    title, text = _WORDS[arrival]
    return _PAGE.format(
        language=language,
        style=_STYLE,
        title=escape(words(title)),
        text=escape(words(text)),
        close=escape(words("oauth.page.close")),
    )
