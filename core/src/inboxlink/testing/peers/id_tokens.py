"""Sign ID tokens by RS256 (OpenID Connect Core 1.0 section 2, RFC 7515, RFC 7518 section 3.3)."""

import base64
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

__all__ = ["Signer", "base64url"]

_KEY_ID = "1"


def base64url(octets: bytes) -> str:
    """Base64 for addresses, without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Signer:
    """One key, made when it is first needed."""

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A signed token with these claims."""
        head = {"alg": "RS256", "kid": _KEY_ID, "typ": "JWT"}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (head, dict(claims)))
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{base64url(signature)}"

    @property
    def keys(self) -> dict[str, Any]:
        """The public key, as a set (RFC 7517 section 5)."""
        numbers = self._key.public_key().public_numbers()
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "alg": "RS256",
                    "kid": _KEY_ID,
                    "n": base64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)),
                    "e": base64url(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8)),
                }
            ]
        }

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
