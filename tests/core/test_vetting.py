"""Metadata that is damaged, left over or mistyped, judged without an import."""

from pathlib import Path

import pytest

from core.distributions import candidate, enabled, install, verdicts
from inboxlink.plugins.candidates import UNVERIFIABLE, installed
from inboxlink.plugins.policy import Policy, State


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("direct_url.json", b"half a {"),
        ("direct_url.json", b"[1]"),
        ("RECORD", b"\xff\xfe,sha256=a,1\n"),
        ("RECORD", b",sha256=a,1\n"),
        ("RECORD", b"stranger_module.py,sha256=a,many,more\n"),
        ("RECORD", b""),
    ],
)
def test_files_that_cannot_be_read_vouch_for_nothing(
    place: Path, file: str, content: bytes
) -> None:
    """A damaged file takes the listing down for nobody, and what was enabled is asked again."""
    install(place, "stranger", "stranger")
    record = enabled("stranger")
    (place / "stranger-1.0.dist-info" / file).write_bytes(content)
    assert candidate("stranger").digest == UNVERIFIABLE
    assert verdicts(record=record)["stranger"].state is State.UNTRUSTED


def test_an_editable_install_of_a_stranger_is_unverifiable(place: Path) -> None:
    """Nobody vouches for files that their author may change at any time."""
    install(place, "stranger", "stranger")
    url = place / "stranger-1.0.dist-info" / "direct_url.json"
    url.write_text('{"url": "file:///x", "dir_info": {"editable": true}}')
    assert candidate("stranger").digest == UNVERIFIABLE
    url.write_text('{"url": "file:///x", "dir_info": {}}')
    assert len(candidate("stranger").digest) == 64


def test_what_an_installer_writes_is_not_the_content(place: Path) -> None:
    """The digest covers code, data and entry points, and no other row of the metadata's folder."""
    install(place, "stranger", "stranger")
    rows = place / "stranger-1.0.dist-info" / "RECORD"
    before = candidate("stranger").digest
    rows.write_text(
        rows.read_text() + "stranger-1.0.dist-info/INSTALLER,sha256=b,4\nunhashed.pyc,,\n"
    )
    assert candidate("stranger").digest == before
    for row in ("stranger_data.json", "stranger-1.0.dist-info/entry_points.txt"):
        rows.write_text(f"{rows.read_text()}{row},sha256=c,4\n")
        assert candidate("stranger").digest != before
        before = candidate("stranger").digest


@pytest.mark.parametrize("metadata", ["", "Metadata-Version: 2.1\nName: stranger\n", "\0\n\n"])
def test_metadata_that_tells_no_version_is_damaged(place: Path, metadata: str) -> None:
    """Nobody knows what it needs, so it is not imported, and claims no name either."""
    install(place, "stranger", "same")
    install(place, "other", "same")
    (place / "stranger-1.0.dist-info" / "METADATA").write_text(metadata)
    found = verdicts(Policy(only=frozenset({"stranger", "other"})))
    assert found["stranger"].state is State.DAMAGED
    assert found["stranger"].reason is not None
    assert found["stranger"].reason.code == "provider_damaged"
    assert found["other"].state is State.AVAILABLE


def test_what_pip_could_not_remove_is_not_there(place: Path) -> None:
    """The folder of a removal that failed is no second claim to the name."""
    install(place, "good", "good")
    left = place / "~ood-0.9.dist-info"
    left.mkdir()
    for file in (place / "good-1.0.dist-info").iterdir():
        (left / file.name).write_bytes(file.read_bytes())
    assert len([each for each in installed() if each.name == "good"]) == 1
    assert verdicts(Policy(only=frozenset({"good"})))["good"].state is State.AVAILABLE


@pytest.mark.parametrize("spelt", ["acme-mail", "acme.mail", "Acme_Mail", "ACME--mail"])
def test_a_distribution_is_named_however_it_is_spelt(place: Path, spelt: str) -> None:
    """One name has many spellings, and pip shows another one than the author chose."""
    install(place, "acme.mail", "acme")
    blocked = {"INBOXLINK_BLOCK_PROVIDERS": spelt, "INBOXLINK_PROVIDERS": "acme-mail"}
    assert verdicts(Policy.read(blocked))["acme-mail"].state is State.BLOCKED
    chosen = {"INBOXLINK_PROVIDERS": f"x, {spelt}"}
    assert verdicts(Policy.read(chosen))["acme-mail"].state is State.AVAILABLE


def test_names_that_may_be_used_are_the_only_ones(place: Path) -> None:
    """Where the configuration lists provider names, another one is blocked."""
    install(place, "acme-mail", "acme")
    only = frozenset({"acme-mail", "inboxlink-imap"})
    found = verdicts(Policy(only=only, names=frozenset({"imap"})))
    assert found["acme-mail"].state is State.BLOCKED
    assert found["inboxlink-imap"].state is State.AVAILABLE


def test_what_is_named_and_not_installed_is_told(place: Path) -> None:
    """A slip of the finger in a setting is found, each under its setting."""
    install(place, "acme-mail", "acme")
    environ = {
        "INBOXLINK_PROVIDERS": "acme-mail,inboxlink-imapp, b, ,",
        "INBOXLINK_BLOCK_PROVIDERS": "acme.mail,acme-male",
    }
    assert Policy.read(environ, ["acme", "imapp"]).missing(installed()) == {
        "INBOXLINK_PROVIDERS": ("b", "inboxlink-imapp"),
        "INBOXLINK_BLOCK_PROVIDERS": ("acme-male",),
        "providers.allow": ("imapp",),
    }
    assert Policy().missing(installed()) == {}
