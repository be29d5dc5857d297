"""Somebody else's provider as a wheel that pip installs: nothing of it runs before leave is given.

Its import writes a file, the canary.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from core.distributions import good
from stability.conftest import Installed
from stability.environments import DISTRIBUTIONS, build

#: Whichever comes first waits for all the wheels to be built.
pytestmark = pytest.mark.timeout(600)

NAME = "inboxlink-canary"

#: Commands that look at providers, ask them, or would call one; each with its exit status.
COMMANDS = (
    (("providers", "list"), 0),
    (("providers", "doctor"), 0),
    (("detect", "me@gmx.de", "--offline"), 0),
    (("disclosures", "list"), 0),
    (("accounts", "list"), 0),
    (("doctor", "--offline"), 0),
    (("connect", "me@gmx.de", "--lookup", "offline", "--provider", "canary"), 13),
    (("--help",), 0),
)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """What is there once the provider was imported."""
    return tmp_path / "canary"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    into = tmp_path / "strangers"
    into.mkdir()
    return into


@pytest.fixture
def make(tmp_path: Path, canary: Path, wheels: Path) -> Callable[..., Path]:
    """Builds the stranger's wheel."""

    def make(
        version: str = "1.0",
        requires: str = "inboxlink>=0.1,<0.2",
        code: str = "",
        module: str = "provider",
    ) -> Path:
        source = tmp_path / "source"
        package = source / "inboxlink_canary"
        package.mkdir(parents=True, exist_ok=True)
        (source / "pyproject.toml").write_text(
            dedent(f"""\
                [build-system]
                requires = ["hatchling"]
                build-backend = "hatchling.build"
                [project]
                name = "{NAME}"
                version = "{version}"
                dependencies = ["{requires}"]
                [project.entry-points."inboxlink.providers"]
                canary = "inboxlink_canary.{module}"
            """)
        )
        (package / "__init__.py").touch()
        for each in ("provider", "another"):
            sings = f"open({str(canary)!r}, 'a').close()\n"
            (package / f"{each}.py").write_text(sings + good("canary") + code)
        build(source, wheels, "--wheel")
        (wheel,) = wheels.glob(f"inboxlink_canary-{version}-*.whl")
        return wheel

    return make


@pytest.fixture
def program(installed: Callable[..., Installed]) -> Installed:
    """The core and one provider of ours."""
    return installed("inboxlink", "inboxlink-imap")


def put(program: Installed, wheel: Path) -> None:
    """Install a wheel in the place of the one before."""
    program.environment.pip("install", "--no-index", "--no-deps", "--force-reinstall", str(wheel))


def stranger(program: Installed) -> dict[str, str]:
    """How the stranger is listed."""
    listed = program("--json", "providers", "list").json["providers"]
    (found,) = (each for each in listed if each["name"] == "canary")
    return dict(found)


#: Those of them that call every provider there is, in a child and in the process.
CALLING = COMMANDS[1:3]


def run(program: Installed, commands: tuple[tuple[tuple[str, ...], int], ...] = CALLING) -> None:
    for arguments, status in commands:
        ran = program(*arguments)
        assert ran.status == status, (arguments, ran)


def test_nothing_of_it_runs_until_it_is_enabled(
    program: Installed, make: Callable[..., Path], canary: Path
) -> None:
    """No command imports it before `enable`, the doctor does afterwards, and none after `disable`.

    Nor does `enable` itself.
    """
    put(program, make())
    run(program, COMMANDS)
    assert stranger(program)["state"] == "untrusted"
    assert len(stranger(program)["digest"]) == 64
    assert not canary.exists()

    unsure = program("providers", "enable", NAME)
    assert unsure.status == 12
    assert "see every password" in " ".join(unsure.out.split())
    assert stranger(program)["digest"] in unsure.out.replace("\n", "")
    assert stranger(program)["state"] == "untrusted"
    assert program("providers", "enable", NAME, "--yes").status == 0
    assert not canary.exists()

    examined = program("--json", "providers", "doctor").json["providers"]
    assert {each["name"]: each["state"] for each in examined} == {
        "canary": "loaded",
        "imap": "loaded",
    }
    assert canary.exists()
    canary.unlink()
    program("detect", "me@gmx.de", "--offline")
    assert canary.exists(), "what is enabled takes part"

    canary.unlink()
    assert program("providers", "disable", NAME).status == 0
    run(program, COMMANDS)
    assert not canary.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"code": "# another line\n"},
        {"module": "another"},
        {"version": "1.1", "code": "# another line\n"},
    ],
    ids=["code", "entry-point", "version"],
)
def test_what_has_changed_is_asked_about_again(
    program: Installed, make: Callable[..., Path], canary: Path, change: dict[str, str]
) -> None:
    """Another content under the same name is not run, and both versions are told."""
    put(program, make())
    program("providers", "enable", NAME, "--yes")
    assert stranger(program)["state"] == "available"
    put(program, make(**change))
    run(program)
    assert not canary.exists()
    found = stranger(program)
    assert found["state"] == "untrusted"
    assert found["reason"] == (
        f"{NAME} {change.get('version', '1.0')} is not what was enabled, which was 1.0; "
        "its content is another one."
    )
    assert program("providers", "enable", NAME, "--yes").status == 0
    assert stranger(program)["state"] == "available"


def test_the_same_content_is_not_asked_about_again(
    program: Installed, make: Callable[..., Path]
) -> None:
    """Leave outlives a second installation of the same wheel."""
    wheel = make()
    put(program, wheel)
    program("providers", "enable", NAME, "--yes")
    put(program, wheel)
    assert stranger(program)["state"] == "available"


@pytest.mark.parametrize("requires", ["inboxlink>=99", "inboxlink<0.1"])
def test_a_pair_that_does_not_fit_is_refused(
    program: Installed, make: Callable[..., Path], canary: Path, requires: str
) -> None:
    """Made for a newer core or an older one, it is not run, and both versions are told."""
    put(program, make(requires=requires))
    program("providers", "enable", NAME, "--yes")
    run(program)
    assert not canary.exists()
    found = stranger(program)
    assert found["state"] == "incompatible"
    wanted = requires.removeprefix("inboxlink")
    assert found["reason"] == f"{NAME} 1.0 needs inboxlink {wanted}; this is 0.1.0."
    shown = " ".join(program("providers", "list").out.split())
    assert f"pip install --upgrade inboxlink {NAME}" in shown


def test_ours_are_no_exception(program: Installed, tmp_path: Path) -> None:
    """A provider of ours that was made for the next core is refused as a stranger's is."""
    source = tmp_path / "next"
    shutil.copytree(DISTRIBUTIONS["inboxlink-imap"], source)
    for file, before, after in (
        ("pyproject.toml", "inboxlink>=0.1,<0.2", "inboxlink>=0.2,<0.3"),
        ("src/inboxlink_imap/__init__.py", '"0.1.0"', '"0.2.0"'),
    ):
        text = (source / file).read_text()
        assert before in text
        (source / file).write_text(text.replace(before, after))
    build(source, tmp_path, "--wheel")
    put(program, tmp_path / "inboxlink_imap-0.2.0-py3-none-any.whl")
    (listed,) = program("--json", "providers", "list").json["providers"]
    assert listed["state"] == "incompatible"
    assert listed["reason"] == "inboxlink-imap 0.2.0 needs inboxlink <0.3,>=0.2; this is 0.1.0."
    refused = program("--json", "connect", "me@gmx.de", "--provider", "imap", "--lookup=offline")
    assert (refused.status, refused.json["error"]["code"]) == (13, "provider_incompatible")


def test_leave_is_for_one_installation(
    program: Installed, make: Callable[..., Path], home: Path
) -> None:
    """What was enabled stands in the installation's own record, with its version and hash."""
    put(program, make())
    program("providers", "enable", NAME, "--yes")
    record = json.loads((home / "data" / "providers.json").read_text())
    enabled = record["enabled"][NAME]
    assert (enabled["version"], enabled["providers"]) == ("1.0", ["canary"])
    assert enabled["digest"] == stranger(program)["digest"]
