"""The help beside the fields: what a person needs to fill them in."""

import json
from pathlib import Path

import pytest

import inboxlink_imap

STRINGS = Path(inboxlink_imap.__file__).parent / "strings"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("app password", "Yahoo", "iCloud")), ("ja", ("アプリパスワード",))],
)
def test_an_app_password_is_explained(language: str, words: tuple[str, ...]) -> None:
    """With two-step verification the help says that an app password is needed, and where."""
    # req 98
    strings = json.loads((STRINGS / f"{language}.json").read_text(encoding="utf-8"))
    helps = " ".join(text for key, text in strings.items() if "password" in key)
    for word in words:
        assert word in helps


def test_the_help_says_where_the_details_are() -> None:
    """The help of the server fields leads to the settings of the person's mail program."""
    # req 103
    strings = json.loads((STRINGS / "en.json").read_text(encoding="utf-8"))
    helps = [
        text for key, text in strings.items() if key.endswith("host.help") or "username" in key
    ]
    assert sum("mail program" in text for text in helps) >= 3
