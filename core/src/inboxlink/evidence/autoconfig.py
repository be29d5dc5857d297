"""Read the autoconfig file that a domain publishes (draft-ietf-mailmaint-autoconfig-06).

It was written by strangers: no DTD, no entities, a bad section costs that section and not the
file, and words that are not known are left out.
"""

from xml.etree.ElementTree import Element, ParseError

from inboxlink.types.detection import PublishedServer, Tls

__all__ = ["MAX_BYTES", "addresses", "hosts", "parse"]

MAX_BYTES = 64 * 1024
_MAX_SERVERS = 20

_TLS = {"SSL": Tls.IMPLICIT, "STARTTLS": Tls.STARTTLS}

_PLACEHOLDERS = (
    ("%EMAILADDRESS%", "{address}"),
    ("%EMAILLOCALPART%", "{local}"),
    ("%EMAILDOMAIN%", "{domain}"),
)


def addresses(domain: str) -> tuple[str, ...]:
    """Where a domain publishes the file, the most specific place first.

    The draft lets a client send the address along; nothing here does.
    """
    return (
        f"https://autoconfig.{domain}/mail/config-v1.1.xml",
        f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
    )


def hosts(domain: str) -> tuple[str, ...]:
    """The hosts that a full look-up would ask."""
    return (f"autoconfig.{domain}", domain)


def parse(body: bytes) -> tuple[PublishedServer, ...] | None:
    """The servers of an autoconfig file, in its order; None = it is no such file."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if len(body) > MAX_BYTES:
        return None
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    provider = root.find("emailProvider") if root.tag == "clientConfig" else None
    if provider is None:
        return None
    sections = [each for each in provider if each.tag in ("incomingServer", "outgoingServer")]
    servers = (_server(section) for section in sections[:_MAX_SERVERS])
    return tuple(server for server in servers if server is not None)


def _server(section: Element) -> PublishedServer | None:
    protocol = section.get("type", "").lower()
    host = _filled(_text(section, "hostname").lower().rstrip("."))
    port = _text(section, "port")
    if not protocol or not host or not (port.isascii() and port.isdigit() and len(port) < 6):
        return None
    if not 1 <= int(port) <= 65535:
        return None
    kinds = [(each.text or "").strip() for each in section.findall("socketType")]
    return PublishedServer(
        protocol=protocol,
        host=host,
        port=int(port),
        tls=next((_TLS[kind] for kind in kinds if kind in _TLS), None),
        username=_filled(_text(section, "username")) or None,
        authentication=tuple(
            (each.text or "").strip() for each in section.findall("authentication")
        ),
    )


def _text(section: Element, name: str) -> str:
    return (section.findtext(name) or "").strip()


def _filled(template: str) -> str:
    # Braces of the file itself must not become placeholders of ours.
    if "{" in template or "}" in template:
        return ""
    for theirs, ours in _PLACEHOLDERS:
        template = template.replace(theirs, ours).replace(theirs.lower(), ours)
    return template
