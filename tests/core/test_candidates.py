"""What is read from metadata, against the libraries whose start would cost too much."""

import re
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from core.distributions import install
from inboxlink.plugins.candidates import GROUP, installed
from inboxlink.plugins.requirement import unmet


def told() -> list[tuple[str, str, str, tuple[str, ...], str]]:
    """What the standard library finds, in the same form."""
    return sorted(
        (
            each.name,
            re.sub(r"[-_.]+", "-", each.dist.metadata["Name"]).lower(),
            each.dist.version,
            tuple(each.dist.requires or ()),
            each.module,
        )
        for each in entry_points(group=GROUP)
        if each.dist is not None
    )


def found() -> list[tuple[str, str, str, tuple[str, ...], str]]:
    """What is read here."""
    return sorted(
        (each.name, each.distribution, each.version, each.requires, each.module)
        for each in installed()
    )


def test_the_standard_library_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, versions, requirements and modules agree, also where a folder shadows another."""
    for folder, version in (("first", "2.0"), ("second", "1.0")):
        place = tmp_path / folder
        place.mkdir()
        install(place, "acme_mail", "acme", requires='inboxlink>=0.1; extra == "x"')
        information = place / "acme_mail-1.0.dist-info"
        information.rename(place / f"acme_mail-{version}.dist-info")
        metadata = place / f"acme_mail-{version}.dist-info" / "METADATA"
        metadata.write_text(metadata.read_text().replace("1.0", version) + "\nName: other\n")
    entries = tmp_path / "second" / "Odd.Name-1.dist-info"
    entries.mkdir()
    (entries / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: Odd.Name\nVersion: 1\n"
        "Requires-Dist: inboxlink\nRequires-Dist: idna\nDescription: x\n  Requires-Dist: y\n"
    )
    (entries / "entry_points.txt").write_text(
        f"# comment\n[console_scripts]\nodd = odd:main\n\n[{GROUP}]\n"
        "# old = odd.old\nodd = odd.provider:instance [fast]\nodd3=odd.third\n"
        "[other]\nodd4 = odd.fourth\n"
    )
    for folder in ("second", "first"):
        monkeypatch.syspath_prepend(str(tmp_path / folder))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "missing"), __file__])
    assert found() == told()
    asked = ('inboxlink>=0.1; extra == "x"',)
    assert ("acme", "acme-mail", "2.0", asked, "acme_mail_module") in found()
    assert [row for row in found() if row[1] == "odd-name"] == [
        ("odd", "odd-name", "1", ("inboxlink", "idna"), "odd.provider"),
        ("odd3", "odd-name", "1", ("inboxlink", "idna"), "odd.third"),
    ]


def test_metadata_that_is_missing_or_unreadable_names_what_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged folder is still shown, by the name that the folder has."""
    information = tmp_path / "broken_mail-3.dist-info"
    information.mkdir()
    (information / "entry_points.txt").write_bytes(b"[inboxlink.providers]\nbroken = broken_\xff\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    row = next(each for each in installed() if each.name == "broken")
    assert (row.distribution, row.version, row.requires) == ("broken-mail", "?", ())
    assert row.module == "broken_\N{REPLACEMENT CHARACTER}"


def test_an_entry_point_loads_what_was_listed() -> None:
    """What is loaded later is the module that was read now, of the same distribution."""
    row = next(each for each in installed() if each.name == "imap")
    assert row.entry_point.module == row.module
    assert row.entry_point.dist is not None
    assert row.entry_point.dist.version == row.version


plain = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(
    lambda numbers: ".".join(map(str, numbers))
)
clauses = st.lists(
    st.builds(
        "{}{}{}".format, st.sampled_from([">=", "<=", "==", "!=", "<", ">"]), st.just(""), plain
    ),
    max_size=3,
).map(",".join)


@given(specifier=clauses, version=plain)
@example(specifier=">=0.1,<0.2", version="0.1.0")
@example(specifier="~=0.1", version="0.2")
@example(specifier="==0.*", version="0.2")
@example(specifier=">=0.2", version="0.2rc1")
@example(specifier=">=0.2.dev0", version="0.2rc1")
@example(specifier="===0.1", version="0.1.0")
def test_a_requirement_is_judged_as_packaging_judges_it(specifier: str, version: str) -> None:
    """The plain case is judged without packaging, and no differently."""
    requirement = Requirement(f"inboxlink{specifier}")
    is_met = requirement.specifier.contains(version, prereleases=True)
    assert (unmet([f"inboxlink{specifier}"], "inboxlink", version) is None) == is_met
    assert (unmet([f"InboxLink ({specifier})"], "inboxlink", version) is None) == is_met


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("inboxlink>=0.2", ">=0.2"),
        ("inboxlink[demo]>=0.2", "[demo]>=0.2"),
        ("inboxlink >= 0.2 ; python_version >= '3'", ">= 0.2 ; python_version >= '3'"),
        ("inboxlink >=not a version", ">=not a version"),
        ("inboxlink-imap>=9", None),
        ("inboxlinked>=9", None),
        ("inboxlink.extra>=9", None),
        ("inboxlink>=9; extra == 'far'", None),
        ("inboxlink>=9; python_version < '3'", None),
        ("inboxlink", None),
        ("idna>=99", None),
    ],
)
def test_only_rows_of_the_core_that_apply_here_count(row: str, told: str | None) -> None:
    """Another distribution's row, another machine's and an extra's say nothing of this core."""
    assert unmet(["idna", row], "inboxlink", "0.1.0") == told
