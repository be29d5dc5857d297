"""A command line that is not understood, said in the person's language."""

import json
from pathlib import Path
from typing import Any

import pytest

from inboxlink.cli.app import run

#: A command line, and what is said of it in English and in Japanese.
WRONG = [
    ("connect --nope", "no option --nope", "--nope というオプション"),
    ("accounts shwo", "no command shwo", "shwo というコマンド"),
    ("accounts list --limt 1", "Did you mean --limit", "--limit のことですか"),
    ("connect a b", "more arguments", "引数が多すぎます"),
    ("accounts show", "ACCOUNT is missing", "ACCOUNT を指定"),
    ("connect --lookup", "--lookup needs a value", "--lookup には値が必要"),
    ("connect --team=1", "--team takes no value", "--team に値は指定できません"),
    ("connect --lookup x", "--lookup: one of offline, passive, full", "--lookup: 次のいずれか"),
    ("accounts automation x y", "one of on, off", "次のいずれか"),
    ("accounts list --limit x", "--limit: a whole number from 1 to 500", "1 から 500 までの整数"),
    ("detect --queries-per-s=-1 --from x", "a whole number from 0", "0 以上の整数"),
    ("detect --from /no/such/file", "/no/such/file cannot be opened", "/no/such/file を開けません"),
    ("connect --set pair", "NAME=VALUE is needed", "NAME=VALUE の形"),
    ("detect", "Give addresses, or --from", "どちらか一方"),
]


@pytest.mark.parametrize(("line", "english", "japanese"), WRONG)
def test_it_is_said_in_the_language_of_the_person(
    home: Path, capsys: Any, line: str, english: str, japanese: str
) -> None:
    """People read what to change, in one line, and where the help is; scripts read JSON."""
    for language, said in (("en", english), ("ja", japanese)):
        assert run(["--lang", language, *line.split()]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        first = " ".join(captured.err.split())
        assert first.startswith("✗ ")
        assert said in first
    assert run(["--json", *line.split()]) == 2
    told = json.loads(capsys.readouterr().out)["error"]
    assert told["code"] == "usage"
    assert english in told["message"]


def test_what_was_too_much_is_not_repeated(home: Path, capsys: Any) -> None:
    """It may be a password that somebody typed where none belongs."""
    assert run(["connect", "ann@example.org", "s3cret"]) == 2
    assert "s3cret" not in capsys.readouterr().err
