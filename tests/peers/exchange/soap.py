"""SOAP 1.1 and the namespaces of EWS."""

from dataclasses import dataclass
from xml.etree import ElementTree as ET

__all__ = ["MESSAGES", "SOAP", "TYPES", "Fault", "element", "envelope", "fault", "text_of"]

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
_ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"

for _prefix, _uri in (("s", SOAP), ("t", TYPES), ("m", MESSAGES), ("e", _ERRORS)):
    ET.register_namespace(_prefix, _uri)


@dataclass
class Fault(Exception):
    """A request that is no answerable one."""

    code: str
    message: str


def element(
    parent: ET.Element | None, tag: str, text: str | None = None, **attributes: str
) -> ET.Element:
    """A child; `tag` is `t:Name`, `m:Name` or `s:Name`."""
    prefix, _, name = tag.partition(":")
    qualified = f"{{{ {'t': TYPES, 'm': MESSAGES, 's': SOAP, 'e': _ERRORS}[prefix] }}}{name}"
    made = (
        ET.Element(qualified, attributes)
        if parent is None
        else ET.SubElement(parent, qualified, attributes)
    )
    made.text = text
    return made


def envelope(body: ET.Element, version: tuple[int, int, int, int], schema: str) -> bytes:
    """An answer, with the server's version in its header (MS-OXWSCDATA section 2.2.3.10)."""
    root = element(None, "s:Envelope")
    header = element(root, "s:Header")
    major, minor, build, revision = version
    element(
        header,
        "t:ServerVersionInfo",
        MajorVersion=str(major),
        MinorVersion=str(minor),
        MajorBuildNumber=str(build),
        MinorBuildNumber=str(revision),
        Version=schema,
    )
    element(root, "s:Body").append(body)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def fault(trouble: Fault) -> ET.Element:
    """A SOAP fault with a response code in its detail (MS-OXWSCDATA section 2.2.5.24)."""
    made = element(None, "s:Fault")
    ET.SubElement(made, "faultcode").text = f"a:{trouble.code}"
    ET.SubElement(made, "faultstring").text = trouble.message
    detail = ET.SubElement(made, "detail")
    element(detail, "e:ResponseCode", trouble.code)
    element(detail, "e:Message", trouble.message)
    return made


def text_of(parent: ET.Element, path: str) -> str:
    """The text of a descendant by its name, whatever its namespace; empty where there is none."""
    return (parent.findtext(f".//{{*}}{path}") or "").strip()
