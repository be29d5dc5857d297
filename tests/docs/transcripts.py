"""Run what the documents show a person type, and hold it against what they show of the answer.

    PYTHONPATH=tests python tests/docs/transcripts.py    writes every transcript anew

A transcript is a fenced block of the language `console`: `$` begins a command, `>` a further line
of it. The blocks of a page run in one terminal, one after the other, against the mail servers that
the page's world starts on this machine. A block below `<!-- file: NAME -->` is a file that the
commands find.
"""

import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import tomlkit

from docs.terminal import ADDRESS, HOME, PASSWORD, Terminal

__all__ = ["PAGES", "ROOT", "blocks", "rewritten"]

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(
    r"(?:<!-- file: (?P<file>\S+) -->\n+)?^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$",
    re.M | re.S,
)


def blocks(page: str) -> Iterator[re.Match[str]]:
    """The transcripts and the files of a page, in order."""
    for found in _BLOCK.finditer(page):
        if found["file"] or found["language"] == "console":
            yield found


def rewritten(page: Path) -> str:
    """The page with its transcripts as they are when they are run now."""
    text = page.read_text(encoding="utf-8")
    pieces: list[str] = []
    end = 0
    with ExitStack() as stack:
        home = stack.enter_context(_home())
        stack.enter_context(PAGES[str(page.relative_to(ROOT))](home))
        terminal = stack.enter_context(Terminal(home))
        for block in blocks(text):
            if block["file"]:
                (home / block["file"]).write_text(block["text"], encoding="utf-8")
                continue
            pieces += [text[end : block.start("text")]]
            pieces += [terminal.run(command) for command in _commands(block["text"])]
            end = block.end("text")
    return "".join(pieces) + text[end:]


def _commands(transcript: str) -> Iterator[str]:
    command: list[str] = []
    is_open = False
    for line in transcript.splitlines():
        if line.startswith("$ "):
            if command:
                yield "\n".join(command)
            command = [line.removeprefix("$ ")]
            is_open = True
            if command == ["inboxlink demo"]:
                break  # it shows commands of its own
        elif line.startswith("> ") and is_open:
            command.append(line.removeprefix("> "))
        else:
            is_open = False
    yield "\n".join(command)


@contextmanager
def _home() -> Iterator[Path]:
    """A directory whose path is as long as the one that the documents show."""
    home = Path("/tmp") / secrets.token_hex(8)[: len(HOME) - len("/tmp/")]
    home.mkdir(mode=0o700)
    try:
        yield home
    finally:
        shutil.rmtree(home)


def _configure(home: Path, **sections: Any) -> None:
    path = home / "inboxlink" / "inboxlink.toml"
    path.parent.mkdir()
    path.write_text(tomlkit.dumps(sections), encoding="utf-8")


@contextmanager
def _nobody(_: Path) -> Iterator[None]:
    """No mail servers but those that a command starts itself."""
    yield


@contextmanager
def _example_org(home: Path) -> Iterator[None]:
    """example.org with a mailbox of Alice's, and its name server."""
    from inboxlink.demo.world import mail_world
    from peers.nameserver import NameServer

    records = {"example.org": "example.org. 60 IN MX 10 mail.example.org."}
    with mail_world(ADDRESS, PASSWORD) as world, NameServer(records) as names:
        _configure(
            home,
            network={
                "ca_file": str(world.ca_file),
                "connect": world.connect,
                "nameservers": [f"127.0.0.1:{names.port}"],
            },
        )
        with _password_file(home):
            yield


@contextmanager
def _own_certificate(home: Path) -> Iterator[None]:
    """A dovecot whose certificate vouches for itself, as a company's own mail server often has."""
    from peers.certificates import self_signed
    from peers.dovecot import Dovecot
    from peers.relay import Relay

    names = ("imap.example.org", "smtp.example.org")
    directory = home / ".servers"
    directory.mkdir()
    certificate = self_signed(directory, *names, days_left=365)
    with (
        Relay() as relay,
        Dovecot({ADDRESS: PASSWORD}, certificate, relay.port) as dovecot,
        _password_file(home),
    ):
        relay.deliver = dovecot.deliver
        preset = {
            protocol: {"host": f"{protocol}.example.org", "port": port, "tls": "implicit"}
            for protocol, port in (("imap", 993), ("smtp", 465))
        }
        _configure(
            home,
            network={"connect": dovecot.connect_map("example.org")},
            presets={"example.org": preset},
        )
        yield


@contextmanager
def _password_file(home: Path) -> Iterator[None]:
    file = home / "password.txt"
    file.touch(0o600)
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    yield


#: The pages that have transcripts, and the mail servers that each needs.
PAGES: Mapping[str, Callable[..., Any]] = {
    "README.md": _nobody,
    "docs/tutorial/connect-a-mailbox.md": _example_org,
    "docs/how-to/presets.md": _example_org,
    "docs/how-to/explain-an-error.md": _nobody,
    "docs/how-to/non-interactive.md": _example_org,
    "docs/how-to/trust-one-certificate.md": _own_certificate,
    "docs/how-to/rotate-keys.md": _example_org,
    "docs/how-to/back-up-and-restore.md": _example_org,
}


def main() -> None:
    """Write the pages that were named, or all."""
    for name in sys.argv[1:] or PAGES:
        page = ROOT / name
        before, after = page.read_text(encoding="utf-8"), rewritten(page)
        if after != before:
            page.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
