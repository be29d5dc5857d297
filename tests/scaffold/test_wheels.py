"""A project as whoever installs it has it: a wheel in a fresh environment."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import inboxlink.scaffold.project as scaffold
from inboxlink.scaffold.project import Auth, Project
from scaffold.environment import Shell


def test_the_wheel_of_the_core_brings_the_template(
    copy: Path, tmp_path: Path, shell: Callable[[Path], Shell]
) -> None:
    """Each file of it is there, those that begin with a dot too."""
    shell(copy).run(f"python -m pip wheel --quiet --no-deps --wheel-dir '{tmp_path}' ./core")
    (wheel,) = tmp_path.glob("inboxlink-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        brought = {name for name in archive.namelist() if "/template/" in name}
    template = Path(scaffold.__file__).parent / "template"
    wanted = {
        f"inboxlink/scaffold/template/{each.relative_to(template)}"
        for each in template.rglob("*")
        if each.is_file()
    }
    assert wanted == brought
    assert [name for name in wanted if "/.github/" in name]


@pytest.mark.timeout(300)
def test_a_wheel_connects_in_a_fresh_environment(
    copy: Path, tmp_path: Path, shell: Callable[[Path], Shell]
) -> None:
    """Built, installed and enabled, a provider by OAuth keeps the contract and connects a mailbox.

    Its tests run the program: `providers enable`, and `connect` on the peers. One with a password
    is that of the tutorial.
    """
    project = Project("lighthouse", Auth.OAUTH).write(tmp_path)
    here = shell(project)
    here.run(
        f"""
python -m pip wheel --quiet --no-deps --wheel-dir dist .
python -m venv --without-pip '{tmp_path}/fresh'
python -m pip --python '{tmp_path}/fresh' install --quiet '{copy}/core[testing]' dist/*.whl
rm -r src dist
"""
    )
    said = here.run(f"'{tmp_path}/fresh/bin/python' -m pytest -W error")
    assert "contract of lighthouse: gold" in said
    inboxlink = f"'{tmp_path}/fresh/bin/inboxlink'"
    assert "untrusted" in here.run(f"{inboxlink} providers list --json")
    here.run(f"{inboxlink} providers enable inboxlink-lighthouse --yes")
    assert "available" in here.run(f"{inboxlink} providers list --json")
    here.run(f"{inboxlink} providers doctor")
