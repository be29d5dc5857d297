"""Automatic configuration that a domain's own DNS vouches for (draft-ietf-mailmaint-pacc-04).

A TXT record holds the digest of a JSON file; who can change the file alone changes nothing.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from inboxlink.errors import SetupError
from inboxlink.evidence.published import Published
from inboxlink.hosts import check_host
from inboxlink.types.detection import PublishedServer, Tls

__all__ = ["MAX_BYTES", "MAX_DIGESTS", "address", "digests", "host", "parse", "record_name"]

MAX_BYTES = 64 * 1024
#: More than a change from one file to the next needs.
MAX_DIGESTS = 8

#: Protocols by their key, with the port of their implicit TLS (RFC 8314 section 7.3). Up to draft
#: 02 submission was called `smtp`.
_PROTOCOLS = (
    ("imap", "imap", 993),
    ("pop3", "pop3", 995),
    ("submit", "smtp", 465),
    ("smtp", "smtp", 465),
)


def record_name(domain: str) -> str:
    """The name of the TXT record."""
    return f"_ua-auto-config.{domain}"


def host(domain: str) -> str:
    """The host of the file."""
    return f"ua-auto-config.{domain}"


def address(domain: str) -> str:
    """Where the file is."""
    return f"https://{host(domain)}/.well-known/user-agent-configuration.json"


def digests(texts: Iterable[str]) -> tuple[bytes, ...]:
    """The SHA-256 digests that the records announce; several while a file is being changed."""
    return tuple(islice(filter(None, map(_digest, texts)), MAX_DIGESTS))


def parse(body: bytes, announced: Iterable[bytes]) -> Published | None:
    """What the file says; None = it is not one that was announced, or none at all.

    Args:
        body: The content, to the byte.
        announced: What `digests` gave.
    """
    if len(body) > MAX_BYTES or hashlib.sha256(body).digest() not in set(announced):
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    protocols = _member(document, "protocols")
    if not protocols:
        return None
    words = _words(_member(document, "authentication"))
    servers: dict[str, PublishedServer] = {}
    for key, protocol, port in _PROTOCOLS:
        name = _host(_member(protocols, key).get("host"))
        if name is not None:
            server = PublishedServer(protocol, name, port, Tls.IMPLICIT, None, words)
            servers.setdefault(protocol, server)
    return Published(tuple(servers.values()))


def _digest(text: str) -> bytes | None:
    pairs = (part.partition("=") for part in text.split(";"))
    tags = {name.strip(): value.strip() for name, _, value in pairs}
    if tags.get("v") != "UAAC1" or tags.get("a") != "sha256":
        return None
    try:
        digest = base64.b64decode(tags.get("d", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == hashlib.sha256().digest_size else None


def _member(parent: object, key: str) -> Mapping[str, Any]:
    value = parent.get(key) if isinstance(parent, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _host(name: object) -> str | None:
    try:
        return check_host(name) if isinstance(name, str) and len(name) <= 255 else None
    except SetupError:
        return None


def _words(authentication: Mapping[str, Any]) -> tuple[str, ...]:
    words = (("password", "password-cleartext"), ("oauth-public", "OAuth2"))
    return tuple(word for key, word in words if authentication.get(key))
