"""Autodiscover, in SOAP (MS-OXWSADISC) and in plain XML (MS-OXDSCLI)."""

from dataclasses import dataclass
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from peers.exchange.soap import SOAP, text_of

__all__ = ["Advice", "plain", "soap"]

_NAMESPACE = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
_PLAIN = "http://schemas.microsoft.com/exchange/autodiscover"


@dataclass(frozen=True)
class Advice:
    """What Autodiscover says of a mailbox; the first that is set counts.

    Args:
        error: Its refusal.
        redirect_address: Another address to ask for.
        redirect_url: Another service to ask.
        external: Where EWS are for the world.
        internal: Where they are for the office.
    """

    external: str | None = None
    internal: str | None = None
    redirect_url: str | None = None
    redirect_address: str | None = None
    error: str | None = None


def soap(request: ET.Element, advice: Advice, version: tuple[int, int, int, int]) -> bytes:
    """The answer to GetUserSettings."""
    wanted = {each.text for each in request.iter(f"{{{_NAMESPACE}}}Setting")}
    settings = {"ExternalEwsUrl": advice.external, "InternalEwsUrl": advice.internal}
    shown = "".join(
        f'<UserSetting i:type="StringSetting"><Name>{name}</Name>'
        f"<Value>{escape(value)}</Value></UserSetting>"
        for name, value in settings.items()
        if value is not None and name in wanted
    )
    code, target = "NoError", '<RedirectTarget i:nil="true"/>'
    if advice.error:
        code, shown = advice.error, ""
    elif advice.redirect_address:
        code, shown = "RedirectAddress", ""
        target = f"<RedirectTarget>{escape(advice.redirect_address)}</RedirectTarget>"
    elif advice.redirect_url:
        code, shown = "RedirectUrl", ""
        target = f"<RedirectTarget>{escape(advice.redirect_url)}</RedirectTarget>"
    major, minor, build, revision = version
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{_NAMESPACE}/Autodiscover/GetUserSettingsResponse'
        f'</a:Action><h:ServerVersionInfo xmlns:h="{_NAMESPACE}">'
        f"<h:MajorVersion>{major}</h:MajorVersion><h:MinorVersion>{minor}</h:MinorVersion>"
        f"<h:MajorBuildNumber>{build}</h:MajorBuildNumber>"
        f"<h:MinorBuildNumber>{revision}</h:MinorBuildNumber></h:ServerVersionInfo></s:Header>"
        f'<s:Body><GetUserSettingsResponseMessage xmlns="{_NAMESPACE}">'
        '<Response xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        "<ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses><UserResponse>"
        f"<ErrorCode>{code}</ErrorCode><ErrorMessage>{code}</ErrorMessage>{target}"
        f"<UserSettingErrors/><UserSettings>{shown}</UserSettings>"
        "</UserResponse></UserResponses></Response></GetUserSettingsResponseMessage>"
        "</s:Body></s:Envelope>"
    ).encode()


def plain(request: ET.Element, advice: Advice) -> bytes:
    """The answer in plain XML."""
    address = escape(text_of(request, "EMailAddress"))
    head = f'<Autodiscover xmlns="{_PLAIN}/responseschema/2006">'
    if advice.error:
        return (
            f'{head}<Response><Error Time="00:00:00" Id="1"><ErrorCode>500</ErrorCode>'
            f"<Message>{escape(advice.error)}</Message><DebugData/></Error></Response>"
            "</Autodiscover>"
        ).encode()
    if advice.redirect_address:
        account = (
            f"<Action>redirectAddr</Action><RedirectAddr>{escape(advice.redirect_address)}"
            "</RedirectAddr>"
        )
    elif advice.redirect_url:
        account = (
            f"<Action>redirectUrl</Action><RedirectUrl>{escape(advice.redirect_url)}</RedirectUrl>"
        )
    else:
        account = "<AccountType>email</AccountType><Action>settings</Action>" + "".join(
            f"<Protocol><Type>{kind}</Type><EwsUrl>{escape(url)}</EwsUrl></Protocol>"
            for kind, url in (("EXCH", advice.internal), ("EXPR", advice.external))
            if url is not None
        )
    return (
        f'{head}<Response xmlns="{_PLAIN}/outlook/responseschema/2006a"><User>'
        f"<DisplayName>{address}</DisplayName></User><Account>{account}</Account></Response>"
        "</Autodiscover>"
    ).encode()
