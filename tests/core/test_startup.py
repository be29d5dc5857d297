"""What the program loads, and when: laziness as a test and not as a hope."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

#: Libraries that cost more than the whole start of a command, and every provider.
HEAVY = (
    *(
        "pydantic",
        "sqlalchemy",
        "pluggy",
        "packaging",
        "alembic",
        "ssl",
        "asyncio",
        "cryptography",
        "OpenSSL",
    ),
    *("imapclient", "imaplib", "smtplib", "http", "dns", "rich", "stevedore", "tomlkit"),
    *("email_validator", "keyring", "msal", "jwt", "google", "requests", "exchangelib"),
    *(f"inboxlink_{name}" for name in ("exchange", "gmail", "imap", "outlook")),
)

LOADED = """
import sys
from inboxlink.cli.app import run
status = run(sys.argv[1:])
print("\\n" + " ".join(sorted(sys.modules)))
sys.exit(status)
"""


def loaded(home: Path, *arguments: str, **environ: str) -> set[str]:
    """The modules that one run of the program leaves loaded."""
    environ = {**os.environ, "INBOXLINK_HOME": str(home), **environ}
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


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("connect", "--help")])
def test_providers_that_are_installed_cost_the_start_nothing(
    home: Path, arguments: tuple[str, ...]
) -> None:
    """The very same modules are loaded with all four providers installed as with none."""
    # G2
    names = {"exchange", "gmail", "imap", "outlook"}
    found = {each.name for each in entry_points(group="inboxlink.providers")}
    assert names <= found
    assert loaded(home, *arguments) == loaded(home, *arguments, INBOXLINK_PROVIDERS="")


def test_a_provider_that_is_used_is_seen_by_this(home: Path) -> None:
    """Whoever signs in by one loads it, so that its absence elsewhere says something."""
    code = "import sys, inboxlink_outlook.sign_in; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"msal", "inboxlink_outlook"} <= set(done.stdout.split())
    assert "inboxlink_gmail" in loaded(home, "--json", "detect", "me@gmail.com", "--offline")


def test_the_list_for_people_does_without_metadata_and_hashes(home: Path) -> None:
    """What costs as much as the rest together is left to the commands that need it."""
    assert loaded(home, "providers", "list") & {"importlib.metadata", "email", "hashlib"} == set()


def test_importing_the_package_loads_nothing_until_a_marker_is_asked_for() -> None:
    """`import inboxlink` brings nothing, and its markers pluggy alone."""
    code = (
        "import sys, typing; before = set(sys.modules); import inboxlink;"
        "first = set(sys.modules) - before; inboxlink.hookimpl, inboxlink.hookspec;"
        "import pluggy; print(sorted(first), 'pluggy' in sys.modules, 'stevedore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['inboxlink'] True False"


def test_a_marker_is_made_once() -> None:
    """Every provider marks its hooks with the same object, and there are only two."""
    import inboxlink

    assert inboxlink.hookimpl is inboxlink.hookimpl
    assert inboxlink.hookspec.project_name == inboxlink.hookimpl.project_name == "inboxlink"
    with pytest.raises(AttributeError, match="no attribute 'hookspecs_'"):
        inboxlink.hookspecs_  # noqa: B018


def test_a_known_address_is_answered_without_anything_heavy(home: Path) -> None:
    """The whole way through the hooks: no pydantic, no ssl, no asyncio, no socket."""
    modules = loaded(home, "--json", "detect", "me@gmail.com", "--offline")
    assert modules.isdisjoint({"pydantic", "ssl", "asyncio", "dns", "email_validator", "rich"})
    assert "inboxlink_imap" in modules


def test_offline_detection_needs_no_pydantic() -> None:
    """The dataclasses of detection and disclosure come without pydantic and ssl."""
    code = (
        "import sys, inboxlink.types.detection, inboxlink.types.disclosure, inboxlink.hookspecs,"
        "inboxlink.errors; print({'pydantic', 'ssl', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
