"""What is kept of the providers: leave that was given, and what the last check found."""

from pathlib import Path

import pytest

from inboxlink.errors import HostError
from inboxlink.plugins.record import CheckResult, Enabled, KeptLevel, ProviderRecord, RecordFile


def test_a_check_is_worded_when_it_is_shown() -> None:
    """The code and its values are kept, and a code that is not known is no problem."""
    check = CheckResult(
        "broken", "provider_raised", {"provider": "x", "hook": "detect"}, "1", "now"
    )
    assert check.problem is not None
    assert check.problem.message.params == {"provider": "x", "hook": "detect"}
    assert check._replace(code="of_another_version").problem is None
    assert CheckResult("loaded", "", {}, "1", "now").problem is None


@pytest.mark.parametrize(
    "content",
    [
        "half a",
        "[]",
        "{}",
        '{"enabled": {}, "checks": []}',
        '{"enabled": {"x": {}}, "checks": {}}',
        '{"enabled": {}, "checks": {"x": {"state": "loaded"}}}',
        '{"enabled": {}, "checks": {"x": {"state": "a", "code": "", "params": "ab",'
        ' "version": "1", "at": "now"}}}',
        '{"enabled": {}, "checks": {}, "levels": []}',
        '{"enabled": {}, "checks": {}, "levels": {"x:x": {"level": "gold"}}}',
    ],
)
def test_a_record_that_was_tampered_with_is_named(tmp_path: Path, content: str) -> None:
    """Nothing is guessed from a file that is not what was written, and nothing overwritten."""
    file = tmp_path / "providers.json"
    file.write_text(content)
    with pytest.raises(HostError, match="store_corrupt"):
        RecordFile(tmp_path).read()
    with pytest.raises(HostError, match="store_corrupt"):
        RecordFile(tmp_path).disable("x")
    assert file.read_text() == content


def test_a_record_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A directory in the file's place is trouble of the store, and no empty record."""
    (tmp_path / "providers.json").mkdir()
    with pytest.raises(HostError, match="store_corrupt"):
        RecordFile(tmp_path).read()


def test_leave_is_kept_beside_that_of_others(tmp_path: Path) -> None:
    """Enabling and disabling one distribution leaves every other one as it was."""
    file = RecordFile(tmp_path)
    one, other = Enabled("1", "a", "now"), Enabled("2", "b", "now")
    file.enable("one", one)
    file.enable("other", other)
    assert file.read().enabled == {"one": one, "other": other}
    file.disable("one")
    assert file.read().enabled == {"other": other}


def test_checks_are_kept_beside_those_of_others(tmp_path: Path) -> None:
    """A check replaces its own row alone; the file is the operator's only."""
    file = RecordFile(tmp_path / "data")
    first, second = (CheckResult("loaded", "", {}, version, "now") for version in ("1", "2"))
    file.note({"a:a": first, "b:b": first})
    file.note({"b:b": second})
    assert file.read() == ProviderRecord({}, {"a:a": first, "b:b": second})
    assert (tmp_path / "data" / "providers.json").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "data").glob(".providers-*")] == []


def test_levels_are_kept_beside_the_rest(tmp_path: Path) -> None:
    """A level replaces its own row alone, and a file of before levels were known is read."""
    (tmp_path / "providers.json").write_text('{"enabled": {}, "checks": {}}')
    file = RecordFile(tmp_path)
    assert file.read().levels == {}
    gold, none = (KeptLevel(level, "1", "a", "now") for level in ("gold", "none"))
    file.enable("one", Enabled("1", "a", "now"))
    file.note_levels({"a:a": gold, "b:b": gold})
    file.note_levels({"b:b": none})
    assert file.read().levels == {"a:a": gold, "b:b": none}
    assert set(file.read().enabled) == {"one"}
