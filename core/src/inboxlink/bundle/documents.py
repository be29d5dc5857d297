"""What of a request and an answer of the web may be written.

Of a request its method, its path and a few headers; never its body, which is where tokens are sent.
Of an answer its shape: names stay, and of the values those that are known to say nothing of a
person. Every other text is a token that is the same for the same text.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from inboxlink.bundle.pseudonyms import REDACTED, Pseudonyms

__all__ = ["answer_body", "answer_headers", "request_headers", "request_target"]

_ASKED_HEADERS = frozenset({"accept", "content-type", "soapaction"})
_ANSWERED_HEADERS = frozenset(
    {"content-type", "date", "retry-after", "server", "x-feserver", "x-owa-version"}
)
#: "HTTP Authentication Scheme Registry" of IANA, as far as they are used here.
_SCHEMES = frozenset({"basic", "bearer", "digest", "dpop", "negotiate", "ntlm"})
_QUERY = frozenset({"$select", "$top", "$filter", "format", "metadataheaders", "labelids", "alt"})

#: Members whose texts are words of the provider's: errors, kinds and marks.
_WORDED = frozenset(
    {
        *("error", "error_description", "message", "suberror", "token_type", "scope", "status"),
        *("@odata.context", "@odata.type", "reason", "domain", "faultstring", "error_codes"),
    }
)
#: Members whose texts are one word of a closed set.
_MARKED = frozenset(
    {
        *("code", "type", "value", "messagelistvisibility", "labellistvisibility"),
        *("verificationstatus", "wellknownname", "location", "locationtype", "name"),
    }
)
_WORD = re.compile(r"[a-z][A-Za-z]{1,29}|[A-Z][A-Za-z]{2,59}(?:[A-Z][a-z]+)+|[A-Z][A-Z_]{2,39}")
_SYSTEM_LABEL = re.compile(r"[A-Z][A-Z_]{2,39}")

_TAG = re.compile(r"<(/?)([A-Za-z_][\w:.-]*)([^<>]*)>([^<]*)")
_ATTRIBUTE = re.compile(r"([A-Za-z_][\w:.-]*)(\s*=\s*)(\"[^\"]*\"|'[^']*')")
_PLAIN_VALUE = re.compile(r"\s*(?:true|false|-?\d{1,15}(?:\.\d{1,6})?)?\s*", re.IGNORECASE)
_XML_WORDED = frozenset(
    {"responsecode", "messagetext", "faultcode", "faultstring", "folderclass", "message"}
)
_XML_ATTRIBUTES = frozenset(
    {
        *("responseclass", "majorversion", "minorversion", "majorbuildnumber", "minorbuildnumber"),
        *("version", "encoding", "mustunderstand", "includeslastiteminrange", "totalitemsinview"),
    }
)
_LONGEST_ERROR = 512


def request_target(target: str, names: Pseudonyms) -> str:
    """Path and query; the values of members that are not known to be harmless are not written."""
    path, mark, query = target.partition("?")
    if not mark:
        return names.text(path)
    kept = [
        (name, names.text(value) if name.lower() in _QUERY else REDACTED)
        for name, value in parse_qsl(query, keep_blank_values=True)
    ]
    return f"{names.text(path)}?{urlencode(kept, safe='$,[]', quote_via=quote)}"


def request_headers(headers: Mapping[str, str], names: Pseudonyms) -> dict[str, str]:
    """Of an authorization only its scheme."""
    return {
        name: names.text(value)
        if name.lower() in _ASKED_HEADERS
        else f"{_scheme(name, value)}{REDACTED}"
        for name, value in headers.items()
    }


def answer_headers(headers: Mapping[str, str], names: Pseudonyms) -> dict[str, str]:
    """What is asked for, with the challenges of NTLM that a sign-in has to read again."""
    kept = {}
    for name, value in headers.items():
        if name.lower() in _ANSWERED_HEADERS or name.lower() == "www-authenticate":
            kept[name] = names.text(value)
        elif name.lower() == "location":
            kept[name] = names.text(value.partition("?")[0])
        else:
            kept[name] = REDACTED
    return kept


def answer_body(content_type: str, status: int, body: bytes, names: Pseudonyms) -> str:
    """The body, redacted by what it is; empty where nothing of it may be written."""
    text = body.decode("utf-8", "replace")
    if "json" in content_type.lower() or text[:1] in ("{", "["):
        try:
            return json.dumps(_json("", json.loads(text), names), separators=(",", ":"))
        except (ValueError, RecursionError):
            return ""
    if "xml" in content_type.lower():
        return _xml(text, names)
    if status >= 400:
        # The page of an error: its words without its marks, as far as anybody reads.
        words = " ".join(re.sub(r"<[^<>]{0,4096}>", " ", text).split())
        return names.prose(words[:_LONGEST_ERROR])
    return ""


def _json(key: str, found: Any, names: Pseudonyms) -> Any:  # noqa: ANN401 - any JSON in and out
    match found:
        case dict():
            return {_member(name): _json(name, each, names) for name, each in found.items()}
        case list():
            return [_json(key, each, names) for each in found]
        case str():
            return _string(key.lower(), found, names)
        case _:
            return found


def _member(name: str) -> str:
    # A name of a member is the provider's; a map by the person's own names would not be.
    return name if re.fullmatch(r"[@$A-Za-z_][\w.@$-]{0,60}", name) else "member"


def _string(key: str, text: str, names: Pseudonyms) -> str:
    if key in _WORDED:
        return names.prose(text)
    if key in _MARKED and _WORD.fullmatch(text):
        return text
    if key in ("id", "labelids") and _SYSTEM_LABEL.fullmatch(text):
        return text
    if "@" in text and " " not in text and len(text) < 320:
        kind, colon, address = text.rpartition(":")
        return f"{kind}{colon}{names.address(address)}" if len(kind) < 8 else names.token(text)
    return names.identifier(text)


def _xml(text: str, names: Pseudonyms) -> str:
    kept = [text[: text.find("?>") + 2]] if text.startswith("<?xml") and "?>" in text[:200] else []
    for found in _TAG.finditer(text):
        closing, name, attributes, content = found.groups()
        own = name.rpartition(":")[2].lower()
        inside = _ATTRIBUTE.sub(lambda each: _attribute(each, names), attributes)
        kept.append(f"<{closing}{name}{inside}>{'' if closing else _xml_text(own, content, names)}")
    return "".join(kept)


def _xml_text(element: str, content: str, names: Pseudonyms) -> str:
    if _PLAIN_VALUE.fullmatch(content):
        return content
    if element in _XML_WORDED:
        return names.prose(content)
    if "@" in content and " " not in content:
        return names.address(content)
    return names.token(content)


def _attribute(found: re.Match[str], names: Pseudonyms) -> str:
    name, equals, quoted = found.groups()
    value = quoted[1:-1]
    own = name.rpartition(":")[2].lower()
    if name.lower().startswith("xmlns") or own in _XML_ATTRIBUTES or _PLAIN_VALUE.fullmatch(value):
        return f'{name}{equals}"{names.text(value)}"'
    return f'{name}{equals}"{names.token(value)}"'


def _scheme(header: str, value: str) -> str:
    scheme, space, _ = value.partition(" ")
    is_known = header.lower() == "authorization" and scheme.lower() in _SCHEMES
    return f"{scheme} " if space and is_known else ""
