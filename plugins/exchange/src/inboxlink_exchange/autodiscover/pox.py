"""Autodiscover in plain XML (MS-OXDSCLI), which every server since Exchange 2007 speaks."""

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from inboxlink.exchange_front import AUTODISCOVER_PATH as PATH
from inboxlink.markup import root_of
from inboxlink_exchange.autodiscover.found import Found
from inboxlink_exchange.autodiscover.soap import CONTENT_TYPE, child_text, local_name

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["CONTENT_TYPE", "PATH", "read", "request"]

_SCHEMAS = "http://schemas.microsoft.com/exchange/autodiscover/outlook"

#: Types of `Protocol` that carry an address of EWS: for the world before that for the office
#: (MS-OXDSCLI section 2.2.4.1.1.2.6.32).
_PROTOCOLS = ("EXPR", "EXCH")


def request(address: str) -> bytes:
    """The question for one mailbox."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<Autodiscover xmlns="{_SCHEMAS}/requestschema/2006"><Request>'
        f"<EMailAddress>{escape(address)}</EMailAddress>"
        f"<AcceptableResponseSchema>{_SCHEMAS}/responseschema/2006a</AcceptableResponseSchema>"
        "</Request></Autodiscover>"
    ).encode()


def read(body: bytes) -> Found | None:
    """What the answer says; None = it is no answer of Autodiscover."""
    root = root_of(body)
    if root is None or local_name(root) != "Autodiscover":
        return None
    response = _child(root, "Response")
    if response is None:
        return None
    error = _child(response, "Error")
    if error is not None:
        return Found(error=f"ErrorCode {child_text(error, 'ErrorCode') or '?'}")
    account = _child(response, "Account")
    if account is None:
        return None
    action = (child_text(account, "Action") or "").lower()
    if action == "redirecturl":
        return Found(redirect_url=child_text(account, "RedirectUrl"))
    if action == "redirectaddr":
        return Found(redirect_address=child_text(account, "RedirectAddr"))
    found = {
        child_text(each, "Type"): child_text(each, "EwsUrl")
        for each in account
        if local_name(each) == "Protocol"
    }
    return Found(ews_url=next((found[name] for name in _PROTOCOLS if found.get(name)), None))


def _child(element: "Element", name: str) -> "Element | None":
    return next((child for child in element if local_name(child) == name), None)
