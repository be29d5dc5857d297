"""Domains that are written to be taken for others (homographs).

The rules are those with which browsers decide whether to show a domain in its own script: the
"highly restrictive" level of Unicode Technical Standard 39 (section 5.2), and words of another
script that consist of nothing but letters that look Latin (section 4, whole-script confusables).
"""

import unicodedata

import idna

__all__ = ["looks_like_another"]

#: Scripts that one word may mix, as Japanese, Korean and Chinese do (UTS 39 section 5.2).
_MIXTURES = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)

#: Small letters of Cyrillic and Greek that are drawn like Latin ones.
_DRAWN_LIKE_LATIN = frozenset("асԁеһіјӏорԛѕԝхуѵьгпѡ" + "οναρυικχω")

#: Letters whose names begin with no script: they are written in several, or are ideographs.
_ANY_SCRIPT = ("KATAKANA-HIRAGANA", "IDEOGRAPHIC")


def looks_like_another(domain: str) -> bool:
    """Whether a domain is probably written to be taken for another.

    Args:
        domain: The A-label form (RFC 5890 section 2.3.2.1).
    """
    try:
        labels = idna.decode(domain).split(".")
    except idna.IDNAError:
        return False
    return any(_is_suspicious(label, beside_latin=labels[-1].isascii()) for label in labels)


def _is_suspicious(label: str, *, beside_latin: bool) -> bool:
    letters = [each for each in label if unicodedata.category(each).startswith("L")]
    scripts = {_script(each) for each in letters} - {""}
    if len(scripts) > 1:
        return not any(scripts <= mixture for mixture in _MIXTURES)
    return beside_latin and bool(letters) and _DRAWN_LIKE_LATIN.issuperset(letters)


def _script(letter: str) -> str:
    # The standard library knows no scripts, but the first word of a letter's name is one.
    first = unicodedata.name(letter, "").split(" ", 1)[0]
    return "" if first in _ANY_SCRIPT else first
