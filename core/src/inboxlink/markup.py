"""Read XML that strangers wrote: no document type, so no entities, and no deep nesting.

Python's `expat` alone is enough for that, and it stops while it reads rather than afterwards.
Names are taken as they stand: a default namespace changes nothing.
"""

import codecs
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["MAX_BYTES", "MAX_DEPTH", "root_of"]

MAX_BYTES = 64 * 1024
MAX_DEPTH = 16

#: How a document begins in each encoding that needs no declaration (XML 1.0 appendix F).
_BEGINNINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)

_DECLARED = re.compile(rb"\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]*)[\"']")

#: Not every codec of Python's is for text, or for text of strangers.
_CODECS = re.compile(
    r"(us-)?ascii|utf-?8|iso-8859-([1-9]|1[013456])|windows-125[0-8]|koi8-[ru]"
    r"|shift[_-]jis|euc-jp|iso-2022-jp|gb2312|gbk|gb18030|big5|euc-kr"
)


class _Refused(ValueError):
    """The document holds what no configuration needs."""


def root_of(body: bytes) -> "Element | None":
    """The root of a document; None = it is none, or one of a kind that is not read.

    Bytes that the encoding does not have become U+FFFD, so that a name in the wrong encoding
    costs that name and not the document.
    """
    from xml.etree.ElementTree import TreeBuilder
    from xml.parsers import expat

    codec = _codec(body) if len(body) <= MAX_BYTES else None
    if codec is None:
        return None
    text = body.decode(codec, "replace").lstrip()
    builder = TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise _Refused
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise _Refused

    # It is told the encoding, and so pays no heed to the one that the document names.
    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(text.encode(), True)  # noqa: FBT003
    except (expat.ExpatError, _Refused):
        return None
    return builder.close()


def _codec(body: bytes) -> str | None:
    for beginning, codec in _BEGINNINGS:
        if body.startswith(beginning):
            return codec
    declared = _DECLARED.match(body)
    if declared is None:
        return "utf-8"
    name = declared[1].decode("ascii").lower()
    # A document that can be read so far is not UTF-16, whatever it says.
    if name.startswith("utf-16"):
        return "utf-8"
    return name if _CODECS.fullmatch(name) else None
