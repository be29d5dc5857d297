"""Domains that are written to be taken for others."""

import idna
import pytest

from inboxlink.evidence.lookalikes import looks_like_another
from inboxlink.evidence.lookup import LookupDepth, LookupSettings, known, look_up
from peers.certificates import Authority
from peers.web import World


def a_label(shown: str) -> str:
    return idna.encode(shown).decode()


@pytest.mark.parametrize(
    "shown",
    [
        "p\u0430ypal.com",  # a Cyrillic letter among Latin ones
        "g\u03bfogle.com",  # a Greek one
        "mail.g\u03bfogle.com",
        "\u0430\u0440\u0440\u04cf\u0435.com",  # Cyrillic alone, and every letter looks Latin
        "\u4f8b\u0430\u5b50.com",
        "a\u0561.example.org",
        "\ud55c\u3042.com",
    ],
)
def test_what_looks_like_another_is_noticed(shown: str) -> None:
    """Scripts that no language mixes, and words made of look-alike letters alone."""
    # case 1
    assert looks_like_another(a_label(shown))
    warnings = known(a_label(shown), {}).warnings
    assert [each.key for each in warnings] == ["detection.warning.lookalike"]
    assert warnings[0].params == {"domain": a_label(shown)}


@pytest.mark.parametrize(
    "shown",
    [
        "acme.org",
        "b\u00fccher.de",
        "caf\u00e9-m\u00fcnchen.com",
        "\u65e5\u672c\u8a9e.jp",
        "\u3084\u307e\u3060\u30e1\u30fc\u30eb.jp",
        "toky\u00f4\u6771\u4eac\u30b5\u30fc\u30d0\u30fc.jp",
        "\u4eba\u3005abc.jp",
        "\ud55c\uad6d\u4f8b.kr",
        "\u043f\u043e\u0447\u0442\u0430.\u0440\u0444",
        "\u043f\u043e\u0447\u0442\u0430.com",
        "\u0441\u043e\u0440.\u0440\u0444",  # look-alike letters where all is Cyrillic
        "\u03b5\u03bb\u03bb\u03ac\u03b4\u03b1.gr",
    ],
)
def test_what_people_write_is_left_alone(shown: str) -> None:
    """One script, or those that Japanese, Korean and Chinese mix."""
    assert not looks_like_another(a_label(shown))
    assert known(a_label(shown), {}).warnings == ()


def test_the_network_does_not_silence_the_warning(authority: Authority) -> None:
    """It stands first, and once, whatever DNS says afterwards."""
    domain = a_label("p\u0430ypal.com")
    records = {domain: f"{domain}. 60 IN MX 1 aspmx.l.google.com."}
    with World(authority, records=records) as world:
        settings = LookupSettings(LookupDepth.FULL)
        evidence = look_up(known(domain, {}), settings, lambda: world.settings)
    assert [fact.name for fact in evidence.hosting] == ["google"]
    assert [each.key for each in evidence.warnings] == ["detection.warning.lookalike"]


def test_a_label_that_cannot_be_read_is_no_look_alike() -> None:
    """What is no IDNA is for others to refuse."""
    assert not looks_like_another("xn--a.com")
