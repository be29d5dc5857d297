"""What the documents claim, held against the code."""

import re
from pathlib import Path

import pytest

from docs.generator import shown_by_tests
from inboxlink import hookspecs
from inboxlink.cli import exits
from inboxlink.plugins.calling import DEADLINES_S

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
STATES = {"done", "partly", "planned"}
DISTRIBUTIONS = (ROOT / "core/pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml")))


def read(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def requirement_rows() -> list[tuple[int, str, str]]:
    rows = re.findall(
        r"^\| (\d+) \| ([^|]+) \| (\w+) \| ([^|]*) \|$", read("requirements.md"), re.M
    )
    return [(int(number), state, tests) for number, _, state, tests in rows]


def test_every_requirement_has_a_row() -> None:
    """The 110 requirements stand in order, each with a state that is known."""
    rows = requirement_rows()
    assert [number for number, _, _ in rows] == list(range(1, 111))
    assert {state for _, state, _ in rows} <= STATES


def test_every_row_names_its_tests() -> None:
    """A requirement that is done or partly done names tests, and those tests name it."""
    shown = shown_by_tests()
    for number, state, tests in requirement_rows():
        named = set(re.findall(r"`([^`]+)`", tests))
        if state == "planned":
            assert not named, number
        else:
            assert named, number
            assert named <= shown.get(number, set()), (number, named - shown.get(number, set()))


def test_no_shown_requirement_is_called_planned() -> None:
    """A requirement that a test shows is not called planned."""
    planned = {number for number, state, _ in requirement_rows() if state == "planned"}
    assert planned & shown_by_tests().keys() == set()


def test_the_exit_statuses_are_documented() -> None:
    """Every exit status of the program stands in the table, and no other."""
    documented = {int(each) for each in re.findall(r"^\| (\d+) \|", read("cli.md"), re.M)}
    used = {exits.OK, exits.BUG, exits.USAGE, exits.INTERRUPTED, *exits.STATUS.values()}
    assert documented == used


def test_every_hook_is_documented_with_its_deadline() -> None:
    """Each hook stands in the table with its exact signature and deadline."""
    import inspect

    for name in hookspecs.__all__:
        signature = ", ".join(inspect.signature(getattr(hookspecs, name)).parameters)
        assert f"| `{name}({signature})` | {DEADLINES_S[name]:g} s |" in read("hooks.md"), name


def test_the_bound_of_the_doctor_is_documented() -> None:
    """How many at a time, how long each, and what fifty take at most, as the code has it."""
    from inboxlink.plugins.doctor import AT_ONCE, DEADLINE_S, bound_s

    said = " ".join(read("hooks.md").split())
    assert f"{AT_ONCE} at a time." in said
    assert f"not done after {DEADLINE_S:g} s is ended" in said
    assert f"50 take {bound_s(50):g} s at most" in said


def test_the_documented_configuration_is_valid(tmp_path: Path) -> None:
    """The example of the configuration page is a configuration."""
    from inboxlink.config.model import load

    (example,) = re.findall(r"```toml\n(.*?)```", read("configuration.md"), re.S)
    file = tmp_path / "inboxlink.toml"
    file.write_text(example)
    config = load(file)
    assert config.application.name == "Acme CRM"
    # A key that the page leaves out is a key that nobody finds.
    for section in ("application", "connect", "providers", "store", "network", "lookup"):
        assert getattr(config, section).model_fields_set == set(
            type(getattr(config, section)).model_fields
        )


def test_every_command_is_documented() -> None:
    """Each command of the root, and each of its own commands, stands in the table."""
    from inboxlink.cli.app import _COMMANDS, _root

    page = read("cli.md")
    root = _root()
    for name in _COMMANDS:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}"))
        command = root.get_command(None, name)  # type: ignore[attr-defined]
        for inner in getattr(command, "commands", {}):
            assert inner in row, (name, inner)


def test_the_libraries_are_explained() -> None:
    """Each dependency of a distribution has its reason on the libraries page."""
    import tomllib

    page = (ROOT / "docs" / "explanation" / "libraries.md").read_text(encoding="utf-8").lower()
    for file in DISTRIBUTIONS:
        project = tomllib.loads(file.read_text())["project"]
        extras = project.get("optional-dependencies", {}).values()
        for requirement in [
            *project["dependencies"],
            *(each for extra in extras for each in extra),
        ]:
            name = re.split(r"[<>=\[]", requirement)[0]
            assert name == "inboxlink" or name in page, name


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_commands_exist(name: str) -> None:
    """Each `make` verb that a document names is a verb of the Makefile."""
    verbs = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / name).read_text(encoding="utf-8")))
    assert named <= verbs


def test_the_transcript_ends_as_the_demo_does() -> None:
    """The README's transcript ends with the demo's last line."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    transcript = text.split("```console\n", 1)[1].split("```", 1)[0]
    assert transcript.rstrip().splitlines()[-1] == (
        "alice@demo.test connected, verified (receive: yes, send: yes) and disconnected again"
    )


def test_no_registry_and_no_machine_is_named() -> None:
    """No file names a package registry's host, and the constraints pin versions alone."""
    hosts = ["py" + "pi.org", "python" + "hosted", "npm" + "js", "deb." + "debian"]
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line), line
    kinds = {".py", ".md", ".toml", ".txt", ".json", ".mjs", ".sh"}
    tracked = [path for path in ROOT.rglob("*") if path.suffix in kinds]
    for path in tracked:
        parts = path.relative_to(ROOT).parts
        # What `make` put there is not of this repository.
        if any(part.startswith(".") or part == "node_modules" for part in parts):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not any(host in text for host in hosts), path


def test_the_words_of_the_field_are_defined() -> None:
    """Account, client and provider are defined, and that the last two can be one."""
    # req 13, 14, 15
    page = " ".join(read("glossary.md").split())
    for word in ("**Email account**", "**Email client**", "**Email provider**"):
        assert word in page
    assert "Client and provider can be the same" in page


def test_every_distribution_is_free_and_whole() -> None:
    """Each distribution is Apache-2.0, and nothing in the configuration unlocks a feature."""
    # req 1
    import tomllib

    from inboxlink.config.model import Config

    for file in DISTRIBUTIONS:
        assert tomllib.loads(file.read_text())["project"]["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert set(Config.model_fields) == {
        *("application", "connect", "providers", "store", "network", "lookup", "oauth", "presets")
    }
