"""The words of each provider: the same in every language, and under its own name."""

import json
import re
import string
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from inboxlink.prose import LANGUAGES

PROVIDERS = ("exchange", "gmail", "imap", "outlook")


def package(name: str) -> Path:
    return Path(str(import_module(f"inboxlink_{name}").__file__)).parent


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("name", PROVIDERS)
def test_languages_say_the_same(name: str) -> None:
    """Every string stands in every language, with the same placeholders, under its own name."""
    strings = {
        language: json.loads((package(name) / "strings" / f"{language}.json").read_text("utf-8"))
        for language in LANGUAGES
    }
    english = strings["en"]
    assert english
    assert all(key.startswith(f"{name}.") for key in english)
    for language, texts in strings.items():
        assert texts.keys() == english.keys()
        for key, text in texts.items():
            assert text.strip()
            assert placeholders(text) == placeholders(english[key]), key
            # A name of a product is the same in both.
            is_name = key == f"{name}.title"
            assert language == "en" or is_name or text != english[key], key


@pytest.mark.parametrize("name", PROVIDERS)
def test_japanese_has_the_brackets_of_japanese(name: str) -> None:
    """All full-width, but in a label that another company writes otherwise."""
    texts = json.loads((package(name) / "strings" / "ja.json").read_text("utf-8"))
    for key, text in texts.items():
        prose = re.sub(r"「[^」]*」|\[[^\]]*\]", "", text)
        is_japanese = re.search(r"[\u3041-\u30fe\u4e00-\u9fff]", prose)
        assert not (is_japanese and re.search(r"[()]", prose)), key


@pytest.mark.parametrize("name", PROVIDERS)
def test_disclosures_have_the_same_shape_in_every_language(name: str) -> None:
    """A translation, of an earlier version too, has the paragraphs and data of the original."""
    folders = {language: package(name) / "disclosures" / language for language in LANGUAGES}
    files = {
        language: {each.name for each in folder.iterdir()} for language, folder in folders.items()
    }
    assert files["en"]
    assert all(each == files["en"] for each in files.values())
    for file in sorted(files["en"]):
        texts: list[dict[str, Any]] = [
            json.loads((folder / file).read_text("utf-8")) for folder in folders.values()
        ]
        for part in ("body", "data"):
            assert len({len(text[part]) for text in texts}) == 1, file
            for lines in zip(*(text[part] for text in texts), strict=True):
                assert len({frozenset(placeholders(line)) for line in lines}) == 1, file
