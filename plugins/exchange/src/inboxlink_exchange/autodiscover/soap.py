"""Autodiscover in SOAP: GetUserSettings (MS-OXWSADISC section 3.1.4.3), since Exchange 2010."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from inboxlink.markup import root_of
from inboxlink_exchange.autodiscover.found import Found

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["CONTENT_TYPE", "PATH", "child_text", "local_name", "read", "request"]

PATH = "/autodiscover/autodiscover.svc"
CONTENT_TYPE = "text/xml; charset=utf-8"

_NAMESPACE = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
#: The address for the world before that for the office.
_SETTINGS = ("ExternalEwsUrl", "InternalEwsUrl")


def request(address: str, url: str) -> bytes:
    """The question for one mailbox.

    Args:
        address: The mailbox.
        url: Where it is sent.
    """
    settings = "".join(f"<a:Setting>{name}</a:Setting>" for name in _SETTINGS)
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"'
        f' xmlns:a="{_NAMESPACE}" xmlns:wsa="http://www.w3.org/2005/08/addressing">'
        "<soap:Header>"
        "<a:RequestedServerVersion>Exchange2010</a:RequestedServerVersion>"
        f"<wsa:Action>{_NAMESPACE}/Autodiscover/GetUserSettings</wsa:Action>"
        f"<wsa:To>{escape(url)}</wsa:To>"
        "</soap:Header><soap:Body><a:GetUserSettingsRequestMessage><a:Request>"
        f"<a:Users><a:User><a:Mailbox>{escape(address)}</a:Mailbox></a:User></a:Users>"
        f"<a:RequestedSettings>{settings}</a:RequestedSettings>"
        "</a:Request></a:GetUserSettingsRequestMessage></soap:Body></soap:Envelope>"
    ).encode()


def read(body: bytes) -> Found | None:
    """What the answer says; None = it is no answer to GetUserSettings."""
    root = root_of(body)
    if root is None:
        return None
    response = next(_named(root, "UserResponse"), None)
    if response is None:
        whole = next(_named(root, "Response"), None)
        error = None if whole is None else child_text(whole, "ErrorCode")
        return None if error in (None, "NoError") else Found(error=error)
    error = child_text(response, "ErrorCode") or "NoError"
    target = child_text(response, "RedirectTarget")
    if error == "RedirectUrl" and target:
        return Found(redirect_url=target)
    if error == "RedirectAddress" and target:
        return Found(redirect_address=target)
    if error != "NoError":
        return Found(error=error)
    settings = {
        child_text(each, "Name"): child_text(each, "Value")
        for each in _named(response, "UserSetting")
    }
    return Found(ews_url=next((settings[name] for name in _SETTINGS if settings.get(name)), None))


def local_name(element: "Element") -> str:
    """The name of an element without its prefix."""
    return element.tag.rpartition(":")[2]


def child_text(element: "Element", name: str) -> str | None:
    """The text of a child by its name without a prefix; None = there is none."""
    for child in element:
        if local_name(child) == name:
            return (child.text or "").strip() or None
    return None


def _named(root: "Element", name: str) -> Iterator["Element"]:
    return (each for each in root.iter() if local_name(each) == name)
