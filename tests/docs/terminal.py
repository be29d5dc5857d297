"""A person at a terminal of 80 columns, and what is the same whenever they do the same.

Ids, fingerprints, dates and times differ from run to run. Each is replaced by a stand-in of its
length, the same value by the same stand-in, so that a transcript can be compared as text; where a
person types a stand-in, the value that it stands for is typed.
"""

import base64
import hashlib
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

import pexpect

__all__ = ["ADDRESS", "COLUMNS", "HOME", "PASSWORD", "StandIns", "Terminal"]

ADDRESS = "alice@example.org"
PASSWORD = "correct horse battery staple"
COLUMNS = 80
HOME = "/home/alice"

_READY, _MORE = "\x1d", "\x1e"
_MOMENT = datetime(2026, 11, 23, 19, 42, 7, tzinfo=UTC)
_DATE = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?P<between>[ T])"
    r"(?P<minute>\d\d:\d\d)(?P<second>:\d\d)?(?P<part>\.\d+)?"
)
_PANEL_HEAD, _PANEL_TAIL = 9, 6

#: What the person answers, whichever command asks.
_ANSWERS = {
    r"Enable inbox automation\? \[y/N\]: ": "n",
    r"Address: ": ADDRESS,
    r"Ask them for the settings\? \[Y/n\]: ": "y",
    r"Continue with IMAP\? \[Y/n\]: ": "y",
    r"Continue with this\? \[y/N\]: ": "y",
    r"Send a test message from [a-z@.]+ to itself, and remove it again where that is allowed\?"
    r" \[y/N\]: ": "y",
    r"Trust exactly this certificate on this server\? \[y/N\]: ": "y",
    r"Password: ": PASSWORD,
    r"Show advanced options\? \[y/N\]: ": "n",
    r"Disconnect [a-z@.]+\? \[y/N\]: ": "y",
}


class StandIns:
    """The values that were seen, and what stands for each."""

    #: Where values stand; the group is the value.
    _PLACES: Mapping[str, tuple[str, ...]] = {
        "id": (r"stored as\s+(\S{12})\.", r'"id": "([\w-]{12})"'),
        "key": (r"\bkey\s+([0-9a-f]{16})\b", r'"key_id": "([0-9a-f]{16})"'),
        "digest": (r"\b([0-9a-f]{64})\b",),
    }

    def __init__(self, home: Path) -> None:
        assert len(str(home)) == len(HOME), "or lines would break elsewhere"
        self._stands_for = {str(home): HOME}
        self._fresh = {name: _stand_ins(name) for name in self._PLACES}

    def put(self, text: str) -> str:
        """Replace what differs from run to run."""
        for name, places in self._PLACES.items():
            for place in places:
                for value in re.findall(place, text):
                    if value not in self._stands_for:
                        self._stands_for[value] = next(self._fresh[name])
        for value, stand_in in self._stands_for.items():
            text = text.replace(value, stand_in)
        text = re.sub(r"[ \d]{4}\d ms\b", "   12 ms", text)
        text = re.sub(r'"took_ms": [\d.]+', '"took_ms": 12.0', text)
        # What a mail server lists of itself, and the number of a descriptor.
        text = re.sub(r"(ask what it can do .* ms  ).*", r"\1[...]", text)
        text = re.sub(r"(--secret-fd password)=\d+", r"\1=10", text)
        now = datetime.now(UTC)
        return _DATE.sub(lambda found: _date(found, now), text)

    def resolve(self, text: str) -> str:
        """Replace the stand-ins by what they stand for."""
        for value, stand_in in self._stands_for.items():
            text = text.replace(stand_in, value)
        return text


def _stand_ins(kind: str) -> Iterator[str]:
    """Values that nobody could take for chosen by hand, always the same ones."""
    for number in range(100):
        digest = hashlib.sha256(f"{kind} {number}".encode())
        written = base64.b64encode(digest.digest(), b"xy").decode()
        yield {"id": written[:12], "key": digest.hexdigest()[:16], "digest": digest.hexdigest()}[
            kind
        ]
    raise LookupError(kind)


def _date(found: re.Match[str], now: datetime) -> str:
    """The same distance from the moment at which every transcript was taken, in whole days."""
    moment = datetime.fromisoformat(
        f"{found['day']}T{found['minute']}{found['second'] or ':00'}+00:00"
    )
    days = round((moment - now) / timedelta(days=1))
    stand_in = _MOMENT + timedelta(days=days)
    written = stand_in.strftime(f"%Y-%m-%d{found['between']}%H:%M")
    second = stand_in.strftime(":%S") if found["second"] else ""
    return written + second + re.sub(r"\d", "0", found["part"] or "")


class Terminal:
    """bash on a terminal, in a home of its own."""

    def __init__(self, home: Path) -> None:
        self._stand_ins = StandIns(home)
        programs = Path(sys.executable).parent
        environ = {
            "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "INBOXLINK_HOME": str(home / "inboxlink"),
            # What the tutorial installs; the tests have every provider.
            "INBOXLINK_PROVIDERS": "inboxlink-imap",
            "USER": "alice",
            "LOGNAME": "alice",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "PS1": _READY,
            "PS2": _MORE,
        }
        self._bash = pexpect.spawn(
            "/bin/bash",
            ["--norc", "--noprofile", "--noediting"],
            cwd=str(home),
            env=environ,
            dimensions=(50, COLUMNS),
            encoding="utf-8",
            timeout=60,
        )
        self._bash.delaybeforesend = None
        self._bash.expect_exact(_READY)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bash.close(force=True)

    def run(self, command: str) -> str:
        """Type one command, answer what it asks, and give back all that is seen."""
        seen = "$ "
        lines = self._stand_ins.resolve(command).splitlines()
        for line in lines[:-1]:
            self._bash.sendline(line)
            self._bash.expect_exact(_MORE)
            seen += str(self._bash.before) + "> "
        self._bash.sendline(lines[-1])
        prompts = list(_ANSWERS)
        for _ in range(40):
            found = self._bash.expect([_READY, *prompts])
            seen += str(self._bash.before)
            if found == 0:
                return _settled(self._stand_ins.put(seen.replace("\r\n", "\n")))
            answer = _ANSWERS[prompts[found - 1]]
            seen += str(self._bash.after)
            at = seen.rfind("\n") + 1 + COLUMNS
            if at < len(seen + answer):
                seen = f"{seen[:at]}\n{seen[at:]}"  # a terminal goes on in the next line
            self._bash.sendline(answer)
        raise RuntimeError(f"it asks without end:\n{seen}")


def _settled(seen: str) -> str:
    """What stands on the screen, long texts in a frame shortened in their middle."""
    shown: list[str] = []
    panel: list[str] = []
    for line in map(str.rstrip, seen.splitlines()):
        if line.startswith("╭") or panel:
            panel.append(line)
            if line.startswith("╰"):
                shown += _shortened(panel)
                panel = []
        else:
            shown.append(line)
    return "\n".join(shown + panel).rstrip() + "\n"


def _shortened(panel: list[str]) -> list[str]:
    if len(panel) <= _PANEL_HEAD + _PANEL_TAIL:
        return panel
    middle = "│  [...]" + " " * (COLUMNS - 9) + "│"
    return [*panel[:_PANEL_HEAD], middle, *panel[-_PANEL_TAIL:]]
