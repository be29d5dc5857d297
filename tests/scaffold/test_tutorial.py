"""The tutorial, followed to the letter, and the how-to guides, held to what the scaffold writes."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from inboxlink.scaffold.project import Auth, Project
from scaffold.conftest import ROOT
from scaffold.environment import Shell

TUTORIAL = ROOT / "docs" / "tutorial" / "write-a-provider.md"
GUIDES = {
    Auth.PASSWORD: ROOT / "docs" / "how-to" / "provider-with-a-password.md",
    Auth.OAUTH: ROOT / "docs" / "how-to" / "provider-with-oauth.md",
}

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of a page, and the words before it."""

    language: str
    text: str
    before: str

    @property
    def file(self) -> str:
        """The file that the words before it name last."""
        return re.findall(r"`(?:inboxlink-harbour/)?((?:src|tests)/[^`:]+)`", self.before)[-1]


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, in order."""
    text, end = page.read_text(encoding="utf-8"), 0
    for found in _BLOCK.finditer(text):
        yield Block(found[1], found[2], text[end : found.start()])
        end = found.end()


def follow(page: Path, place: Path, shell: Shell) -> int:
    """Do what a page says; gives how many commands it was.

    `sh` is run; `text` is printed by what was run last, `[...]` being whatever; `python` is the
    whole of the file named before it, and `json` what changes there.
    """
    said, commands, project = "", 0, place / "inboxlink-harbour"
    for block in blocks(page):
        if block.language == "sh":
            said = shell.run(block.text)
            commands += len(block.text.splitlines())
        elif block.language == "text":
            for line in block.text.splitlines():
                wanted = ".*".join(re.escape(part) for part in line.split("[...]"))
                assert re.search(wanted, said), (line, said)
        elif block.language == "python":
            file = project / block.file
            assert file.is_file()
            file.write_text(block.text, encoding="utf-8")
        else:
            assert block.language == "json"
            file = project / block.file
            before = json.loads(file.read_text(encoding="utf-8"))
            changes = json.loads(block.text)
            assert changes.keys() <= before.keys()
            file.write_text(json.dumps(before | changes, ensure_ascii=False), encoding="utf-8")
    return commands


@pytest.mark.timeout(600)  # two environments, and twice the contract
def test_the_tutorial_is_followed_to_the_letter(copy: Path, shell: Callable[[Path], Shell]) -> None:
    """Each command works, each file is as shown, each output comes; a mailbox is connected."""
    assert follow(TUTORIAL, copy, shell(copy)) >= 15


def test_the_tutorial_changes_what_it_names_and_nothing_else() -> None:
    """Three places are the author's: service, strings, disclosures."""
    changed = {each.file for each in blocks(TUTORIAL) if each.language in ("python", "json")}
    places = {re.sub(r"^src/inboxlink_harbour/", "", file).split("/")[0] for file in changed}
    assert places == {"service.py", "strings", "disclosures"}


@pytest.mark.parametrize("auth", Auth)
def test_the_code_of_a_guide_is_what_is_written(auth: Auth, tmp_path: Path) -> None:
    """Each piece of code stands, line by line, in the file that is named before it."""
    project = Project("harbour", auth).write(tmp_path)
    pieces = [each for each in blocks(GUIDES[auth]) if each.language in ("python", "json")]
    assert len(pieces) >= 4
    for piece in pieces:
        written = (project / piece.file).read_text(encoding="utf-8")
        assert _lines(piece.text) in _lines(written), (piece.file, piece.text)


def _lines(text: str) -> str:
    # A page shows a piece from the inside of a function without what it is inside of.
    return "".join(f"{line.strip()}\n" for line in text.splitlines() if line.strip())
