"""Read who signed in from an ID token that came from the token endpoint itself.

TLS to the token endpoint stands for the signature (OpenID Connect Core 1.0 section 3.1.3.7, rule
6); the token must still be meant for this application and be of this sign-in. One that comes any
other way must not be read by this.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from inboxlink.errors import SignInError, problem

__all__ = ["claims"]

#: Clocks differ.
_LEEWAY = timedelta(minutes=10)
_MAX_CHARACTERS = 32 * 1024


def claims(
    token: str, *, issuers: frozenset[str], audience: str, nonce: str | None, now: datetime
) -> Mapping[str, Any]:
    """The claims of an ID token.

    Args:
        token: As the token endpoint gave it.
        issuers: Whose it may be.
        audience: The application's client id.
        nonce: What was sent with the authorization request; None = none was.
        now: Aware.

    Raises:
        SignInError: `wrong_account`: it is no ID token, or is somebody else's, or of another
            sign-in; nothing in it counts.
    """
    found = _payload(token)
    audiences = found.get("aud")
    listed = audiences if isinstance(audiences, list) else [audiences]
    is_meant = (
        str(found.get("iss")) in issuers
        and audience in listed
        and (len(listed) == 1 or found.get("azp") == audience)
        and (nonce is None or _same(found.get("nonce"), nonce))
        and _is_current(found, now)
    )
    if not is_meant:
        raise _refused()
    return found


def _payload(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _MAX_CHARACTERS:
        raise _refused()
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        raise _refused() from None
    if not isinstance(found, dict):
        raise _refused()
    return found


def _same(found: object, nonce: str) -> bool:
    # The token may hold anything, half a character too, and that is no reason to raise.
    return hmac.compare_digest(str(found).encode("utf-8", "surrogatepass"), nonce.encode())


def _is_current(found: Mapping[str, Any], now: datetime) -> bool:
    ends = found.get("exp")
    if not isinstance(ends, int | float):
        return False
    return now.timestamp() <= ends + _LEEWAY.total_seconds()


def _refused() -> SignInError:
    return SignInError(problem("wrong_account", address="-", found="-"))
