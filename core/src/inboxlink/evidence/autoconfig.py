"""Read the autoconfig file that a domain publishes (draft-ietf-mailmaint-autoconfig-06).

It was written by strangers. As in Thunderbird, which everybody tests their files with, a bad
section costs that section and not the file, of repeated values the first that is known counts, and
what is not known is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from inboxlink.evidence.published import Published
from inboxlink.links import https_url
from inboxlink.markup import MAX_BYTES, root_of
from inboxlink.texts import safe_text
from inboxlink.types.detection import PublishedServer, Tls

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["MAX_BYTES", "MAX_SERVERS", "addresses", "hosts", "parse", "plain_addresses"]

MAX_SERVERS = 64
_MAX_USERNAME = 320
_MAX_SHOWN = 80

#: `plain` is known too: it is reported, and nothing is ever sent there.
_TLS = {"SSL": Tls.IMPLICIT, "STARTTLS": Tls.STARTTLS}
_PLAIN = "plain"

#: Ways to sign in; the last three, to send without, stand only on outgoing servers.
_WORDS = frozenset(
    ("password-cleartext", "plain", "password-encrypted", "secure", "GSSAPI", "NTLM", "OAuth2")
)
_OUTGOING_WORDS = _WORDS | {"none", "client-IP-address", "smtp-after-pop"}

_PROTOCOL = re.compile(r"[a-z][a-z0-9-]{0,19}")
_PORT = re.compile(r"([0-9]{1,6})(?![0-9A-Za-z.])")

_PLACEHOLDERS = {"EMAILADDRESS": "address", "EMAILLOCALPART": "local", "EMAILDOMAIN": "domain"}
#: A placeholder, or the beginning of a known one whose closing sign was forgotten.
_MARKED = re.compile(rf"%(?:(\w+)%|({'|'.join(_PLACEHOLDERS)})(?!\w))", re.ASCII)
#: What is left of a placeholder that is not known, or cannot be told from the next.
_BROKEN = re.compile(r"%(EMAIL|REALNAME)|EMAIL[A-Z]+%")
_DOMAIN_MARKED = re.compile(r"%EMAILDOMAIN(?:%|(?!\w))", re.ASCII | re.IGNORECASE)


def addresses(domain: str) -> tuple[str, ...]:
    """Where a domain publishes the file, the most specific place first."""
    return (
        f"https://autoconfig.{domain}/mail/config-v1.1.xml",
        f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
    )


def plain_addresses(domain: str) -> tuple[str, ...]:
    """The same places by plain http, where anybody on the way can write the file."""
    return tuple(f"http{url.removeprefix('https')}" for url in addresses(domain))


def hosts(domain: str) -> tuple[str, ...]:
    """The hosts that a full look-up would ask."""
    return (f"autoconfig.{domain}", domain)


def parse(body: bytes, domain: str) -> Published | None:
    """What an autoconfig file says; None = it is no such file.

    Args:
        body: As it was sent, whatever type its header named.
        domain: The domain of the person's address, A-labels: it fills placeholders in hosts.
    """
    root = root_of(body)
    if root is None or root.tag != "clientConfig":
        return None
    provider = root.find("emailProvider")
    if provider is None:
        return None
    servers = tuple(islice(_servers(provider, domain), MAX_SERVERS))
    return Published(
        # Without a word on how to sign in Thunderbird takes none of them; they come last.
        servers=tuple(sorted(servers, key=lambda server: not server.authentication)),
        domains=tuple(_domains(provider, domain)),
        name=safe_text(" ".join(_text(provider, "displayName").split()), _MAX_SHOWN),
        help_url=next(_help(provider), None),
    )


def _servers(provider: "Element", domain: str) -> Iterator[PublishedServer]:
    for section in provider:
        if section.tag in ("incomingServer", "outgoingServer"):
            server = _server(section, domain)
            if server is not None:
                yield server


def _server(section: "Element", domain: str) -> PublishedServer | None:
    is_outgoing = section.tag == "outgoingServer"
    protocol = section.get("type", "").strip().lower()
    host = _host(_text(section, "hostname"), domain)
    port = _PORT.match(_text(section, "port"))
    if host is None or port is None or not 1 <= int(port[1]) <= 65535:
        return None
    if not _PROTOCOL.fullmatch(protocol) or (protocol == "smtp") != is_outgoing:
        return None
    kinds = _texts(section, "socketType")
    tls = next((_TLS[kind] for kind in kinds if kind in _TLS), None)
    if tls is None and _PLAIN not in kinds:
        return None
    named = _texts(section, "authentication")
    words = tuple(each for each in named if each in (_OUTGOING_WORDS if is_outgoing else _WORDS))
    if named and not words:
        return None
    server = PublishedServer(protocol, host, int(port[1]), tls, None, words)
    username = _text(section, "username")
    if not username:
        return server
    template = _template(username)
    return None if template is None else replace(server, username=template)


def _template(username: str) -> str | None:
    """A user name as a template of ours; None = it asks for what is not known here."""
    if len(username) > _MAX_USERNAME or not username.isprintable() or "\ufffd" in username:
        return None
    # Braces of the file itself must not become placeholders of ours.
    if "{" in username or "}" in username:
        return None
    found = {(each[1] or each[2]).upper() for each in _MARKED.finditer(username)}
    if not found <= _PLACEHOLDERS.keys():
        return None
    template = _MARKED.sub(
        lambda each: f"{{{_PLACEHOLDERS[(each[1] or each[2]).upper()]}}}", username
    )
    return None if _BROKEN.search(template) else template


def _host(text: str, domain: str) -> str | None:
    """A host of the file. What stands before the @ has no place in names that DNS hears."""
    from inboxlink.errors import SetupError
    from inboxlink.hosts import check_host

    host = _DOMAIN_MARKED.sub(lambda _: domain, text)
    try:
        return check_host(host) if len(host) <= 255 else None
    except SetupError:
        return None


def _domains(provider: "Element", domain: str) -> Iterator[str]:
    for text in _texts(provider, "domain"):
        named = _host(text, domain)
        if named is not None:
            yield named


def _help(provider: "Element") -> Iterator[str]:
    for page in provider.findall("documentation"):
        url = https_url(page.get("url", ""))
        if url is not None:
            yield url


def _text(section: "Element", name: str) -> str:
    """The first of several elements: further ones are alternatives that nobody reads."""
    return (section.findtext(name) or "").strip()


def _texts(section: "Element", name: str) -> list[str]:
    return [(each.text or "").strip() for each in section.findall(name)]
