"""Take secrets out of a text that somebody pasted, before any of it is shown.

Nobody says which secrets are in it, unlike in `remote_text`: they are told by their forms and by
what stands before them. What is masked too much harms nobody.
"""

import re
from functools import cache

__all__ = ["MASK", "masked"]

MASK = "•••"

_NAMES = (
    r"pass(?:word|wd|phrase)?|pwd|(?:client_?)?secret|(?:access|refresh|id)_?token|token|assertion"
    r"|code_verifier|api_?key|authorization_?code"
)

#: Each has one group, which stays, and masks what follows it in the match.
_SECRETS = (
    # The header of a request (RFC 9110 section 11.4), and what begins a SASL exchange.
    r"(\b(?:bearer|basic|negotiate|ntlm)[ \t]+)[A-Za-z0-9._~+/-]{8,}=*",
    r"(\bauth(?:enticate)?[ \t=]+[a-z0-9-]+[ \t]+)[A-Za-z0-9+/_-]{4,}=*",
    # IMAP's LOGIN, after a tag or with a user name that is an address or quoted.
    r'(^[^\w\n]{0,8}\w{1,8}[ \t]+login[ \t]+(?:"[^"]*"|\S+)[ \t]+)(?:"(?:[^"\\]|\\.)*"|\S+)[ \t]*$',
    r'(\blogin[ \t]+(?:"[^"]*"|\S+@\S+)[ \t]+)(?:"(?:[^"\\]|\\.)*"|\S+)',
    # The client's answer to a challenge of the server.
    r"(^[^\w\n+]{0,8}(?:s:)?[ \t]*(?:334|\+)(?:[ \t]+\S*)?[ \t]*\r?\n[^\w\n]{0,8}(?:c:)?[ \t]*)\S+",
    # A name and its value, in a query, a form, JSON, Python or a configuration.
    rf"""((?:\b|_)(?:{_NAMES})\\?["']?[ \t]*[:=][ \t]*b?\\?["'])(?:[^"'\\]|\\.)+""",
    rf"((?:\b|_)(?:{_NAMES})[ \t]*[:=][ \t]*)[^\s&;,\"'}}]+",
    r"([?&](?:code|state|session_state)=)[^\s&]+",
    # The forms of Google's and Microsoft's tokens and secrets, and of any JSON Web Token.
    r"(\b)(?:ya29\.|1//|4/0|GOCSPX-|eyJ|[01]\.A[A-Za-z]|M\.[CR])[\w.~/+-]{8,}",
    # A run that is too long for a word: the rest of a SASL exchange, or of a token.
    r"()(?<![\w./:-])(?=[A-Za-z0-9+/_-]*[0-9+/])[A-Za-z0-9+/_-]{40,}={0,2}",
)


def masked(text: str) -> str:
    """The text with a mask for each secret in it."""
    for secret in _patterns():
        text = secret.sub(rf"\1{MASK}", text)
    return text


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    # Compiled for the first text: for most, a rule says all without showing any of it.
    return tuple(re.compile(secret, re.IGNORECASE | re.MULTILINE) for secret in _SECRETS)
