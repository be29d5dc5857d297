"""What the program loads, and when: laziness as a test and not as a hope."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Libraries that cost more than the whole start of a command, and every provider.
HEAVY = (
    *("pydantic", "sqlalchemy", "alembic", "ssl", "asyncio", "cryptography", "OpenSSL"),
    *("imapclient", "imaplib", "smtplib", "http", "dns", "rich", "stevedore", "tomlkit"),
    *("email_validator", "keyring", "inboxlink_imap"),
)

LOADED = """
import sys
from inboxlink.cli.app import run
status = run(sys.argv[1:])
print("\\n" + " ".join(sorted({name.split(".")[0] for name in sys.modules})))
sys.exit(status)
"""


def loaded(home: Path, *arguments: str) -> set[str]:
    """The top-level modules that one run of the program leaves loaded."""
    environ = {**os.environ, "INBOXLINK_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        capture_output=True,
        text=True,
        env=environ,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("--lang", "ja", "--help"),
        ("providers", "list"),
        ("providers", "list", "--json"),
    ],
)
def test_light_commands_load_nothing_heavy(home: Path, arguments: tuple[str, ...]) -> None:
    """Help, version and the list of providers import no provider and no heavy library."""
    assert loaded(home, *arguments) & set(HEAVY) == set()


def test_importing_the_package_loads_pluggy_only() -> None:
    """`import inboxlink` brings pluggy and what pluggy brings, nothing else."""
    code = (
        "import sys, pluggy; before = set(sys.modules); import inboxlink;"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['inboxlink']"


def test_offline_detection_needs_no_pydantic() -> None:
    """The dataclasses of detection and disclosure come without pydantic and ssl."""
    code = (
        "import sys, inboxlink.types.detection, inboxlink.types.disclosure, inboxlink.hookspecs,"
        "inboxlink.errors; print({'pydantic', 'ssl', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
