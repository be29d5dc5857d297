"""Automatic configuration that a domain's own DNS vouches for (draft-ietf-mailmaint-pacc-04).

A TXT record holds the digest of a JSON file; who can change the file alone changes nothing.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable

from inboxlink.errors import SetupError
from inboxlink.network.policy import check_host
from inboxlink.types.detection import PublishedServer, Tls, Trust

__all__ = ["address", "digests", "host", "parse", "record_name"]

_MAX_BYTES = 64 * 1024
#: Protocols by their key, with the port of their implicit TLS (RFC 8314 section 7.3). Earlier
#: drafts called submission `smtp`.
_PROTOCOLS = (("imap", "imap", 993), ("submit", "smtp", 465), ("smtp", "smtp", 465))


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
    found = []
    for text in texts:
        tags = dict(part.strip().split("=", 1) for part in text.split(";") if "=" in part)
        if tags.get("v") != "UAAC1" or tags.get("a") != "sha256":
            continue
        try:
            digest = base64.b64decode(tags.get("d", ""), validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(digest) == hashlib.sha256().digest_size:
            found.append(digest)
    return tuple(found)


def parse(body: bytes, announced: Iterable[bytes]) -> tuple[PublishedServer, ...] | None:
    """The servers of the file; None = it is not the one that was announced, or none at all."""
    if len(body) > _MAX_BYTES or hashlib.sha256(body).digest() not in set(announced):
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    protocols = document.get("protocols") if isinstance(document, dict) else None
    if not isinstance(protocols, dict):
        return None
    servers: dict[str, PublishedServer] = {}
    words = _authentication(document.get("authentication"))
    for key, protocol, port in _PROTOCOLS:
        name = _host(protocols.get(key))
        if name is not None:
            servers.setdefault(
                protocol,
                PublishedServer(protocol, name, port, Tls.IMPLICIT, None, words, Trust.VERIFIED),
            )
    return tuple(servers.values())


def _host(entry: object) -> str | None:
    name = entry.get("host") if isinstance(entry, dict) else None
    try:
        return check_host(name) if isinstance(name, str) else None
    except SetupError:
        return None


def _authentication(entry: object) -> tuple[str, ...]:
    if not isinstance(entry, dict):
        return ()
    words = (("password", "password-cleartext"), ("oauth-public", "OAuth2"))
    return tuple(word for key, word in words if entry.get(key))
