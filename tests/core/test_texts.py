"""Words in two languages, and text that cannot steer a terminal."""

import json
import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import inboxlink
from inboxlink import texts
from inboxlink.errors import CODES
from inboxlink.texts import Words, language_of, safe_text
from inboxlink.types.text import Text

STRINGS = Path(inboxlink.__file__).parent / "strings"
SOURCES = Path(inboxlink.__file__).parent


def strings(language: str) -> dict[str, str]:
    return dict(json.loads((STRINGS / f"{language}.json").read_text(encoding="utf-8")))


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_say_the_same_things() -> None:
    """English and Japanese have the same keys, with the same placeholders."""
    english, japanese = strings("en"), strings("ja")
    assert english.keys() == japanese.keys()
    for key, template in english.items():
        assert placeholders(template) == placeholders(japanese[key]), key


def test_japanese_has_the_brackets_of_japanese() -> None:
    """All full-width, but in code, and in a label that another company writes otherwise."""
    for key, text in strings("ja").items():
        prose = re.sub(r"「[^」]*」|\[[^\]]*\]|`[^`]*`", "", text)
        is_japanese = re.search(r"[\u3041-\u30fe\u4e00-\u9fff]", prose)
        assert not (is_japanese and re.search(r"[()]", prose)), key


def test_every_code_is_worded_with_a_remedy() -> None:
    """Each error code of the core has a message and a remedy."""
    english = strings("en")
    for code in CODES:
        assert english.get(f"error.{code}"), code
        assert english.get(f"error.{code}.remedy"), code


def test_every_key_in_the_code_is_worded() -> None:
    """A key that stands in the code stands in the strings."""
    english = strings("en")
    pattern = re.compile(
        r'["\']((?:cli|error|opening|detection|keeping|application|oauth|checkup|forecast|handoff)'
        r'\.[a-z0-9_]+(?:\.[a-z0-9_]+)*)["\']'
    )
    used = {
        key for file in SOURCES.rglob("*.py") for key in pattern.findall(file.read_text("utf-8"))
    }
    assert used <= english.keys()


def test_no_string_is_left_over() -> None:
    """A key that nobody uses is gone from the strings; built keys are known by their prefix."""
    built = re.compile(
        r"(error|contract|forecast|handoff|cli\.(chain|stage|state|fact|hosting|outcome|source|strength|confirm|account|endpoint|proof|ticket|consent|providers\.(?:state|level)"
        r"|presets|disclosures|connect\.partial|accounts\.automation))\."
        r"|cli\.(connect|detect|accounts|consent|disclosures|providers|presets|config|vault"
        r"|doctor|demo)$"
    )
    code = "".join(file.read_text("utf-8") for file in SOURCES.rglob("*.py"))
    quoted = code.replace("'", '"')
    unused = [key for key in strings("en") if f'"{key}"' not in quoted and not built.match(key)]
    assert unused == []


def test_a_provider_cannot_reword_the_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of a provider's strings count only under its own name."""
    from core.conftest import SCRIPTED

    monkeypatch.syspath_prepend(SCRIPTED)
    words = Words("en", {"scripted": "inboxlink_scripted"})
    assert words("scripted.title") == "Scripted"
    assert words("error.invalid_credentials") == strings("en")["error.invalid_credentials"]


def test_unknown_keys_and_values_do_no_harm() -> None:
    """A missing key shows its default or itself, a missing value its placeholder."""
    words = Words("ja", common={"app": "Acme"})
    assert words(Text("no.such.key")) == "no.such.key"
    assert words(Text("no.such.key", {"x": "1"}, default="{app} {x} {y}")) == "Acme 1 {y}"


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ("Acme", "メールボックスを Acme に接続する"),
        ("このアプリケーション", "メールボックスをこのアプリケーションに接続する"),
        ("顧客 CRM", "メールボックスを顧客 CRM に接続する"),
        ("CRM 顧客", "メールボックスを CRM 顧客に接続する"),
    ],
)
def test_a_japanese_value_stands_without_spaces(app: str, said: str) -> None:
    """As Japanese is written: spaces set off what is in Latin characters, and nothing else."""
    assert Words("ja", common={"app": app})("cli.connect.title") == said
    assert Words("en", common={"app": app})("cli.connect.title").count(app) == 1


@pytest.mark.parametrize(("language", "said"), [("en", "Sakura"), ("ja", "さくら")])
def test_a_value_reads_as_in_the_language(language: str, said: str) -> None:
    """A second entry of a value is for one language alone, and is cleaned as every value is."""
    values = {"title": "Sakura", "title.ja": "さくら\x1b", "title.de": "Kirsche"}
    worded = Words(language)(Text("{title}", values, "{title}"))
    assert worded.replace("\\x1b", "") == said
    assert "\x1b" not in worded


def test_values_are_cleaned() -> None:
    """What is put into a text cannot carry an escape sequence."""
    assert "\x1b" not in Words("en")("error.host_not_found", host="\x1b]52;c;evil\x07")


@pytest.mark.parametrize(
    "content",
    [b"half a {", b"\xff\xfe", b"[1]", b'{"acme.title": 7}', b'{"other.title": "x"}'],
)
def test_strings_of_a_provider_may_be_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """A file that cannot be read, or speaks for others, leaves the keys to be shown."""
    folder = tmp_path / "acme_strings" / "strings"
    folder.mkdir(parents=True)
    (folder / "en.json").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    texts._strings.cache_clear()
    words = Words("en", {"acme": "acme_strings", "gone": "no.such.package"})
    assert words("acme.title") == "acme.title"
    assert not words.has("other.title")
    assert words("error.cancelled") == strings("en")["error.cancelled"]


@pytest.mark.parametrize("template", ["{", "{0}", "{a.b}", "{a[9]}", "{a!z}", "{a:d}"])
def test_a_template_that_cannot_be_filled_is_shown(template: str) -> None:
    """A slip in a provider's text is shown as it is, and stops nothing."""
    assert Words("en")(Text("acme.none", {"a": "x"}, template)) == template


def test_the_words_of_a_provider_are_cleaned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its strings nor a default carries an escape sequence to a terminal."""
    folder = tmp_path / "acme_words" / "strings"
    folder.mkdir(parents=True)
    (folder / "en.json").write_text(json.dumps({"acme.title": "\x1b[2Jred\u202e"}))
    monkeypatch.syspath_prepend(tmp_path)
    words = Words("en", {"acme": "acme_words"})
    assert words("acme.title") == "\\x1b[2Jred\\u202e"
    assert words(Text("acme.other", {}, "\x1b[2J")) == "\\x1b[2J"
    assert len(words(Text("acme.other", {}, "x" * 10_000_000))) <= 2000


@given(st.text())
def test_safe_text_is_harmless_and_settled(text: str) -> None:
    """No control or format character survives, and cleaning twice changes nothing."""
    import unicodedata

    clean = safe_text(text)
    assert all(c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in clean)
    assert safe_text(clean) == clean


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LC_MESSAGES": "ja"}, "ja"),
        ({"LANG": "fr_FR"}, "en"),
    ],
)
def test_the_environment_gives_the_language(environ: dict[str, str], language: str) -> None:
    """LC_ALL, LC_MESSAGES and LANG count in that order."""
    assert language_of(environ) == language
