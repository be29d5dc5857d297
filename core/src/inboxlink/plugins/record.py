"""What the operator enabled, and what the last check of each provider found.

A JSON file in the data directory, so that `providers list` needs neither the store nor its
libraries. It holds nothing secret; its mode is that of everything else there.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from inboxlink.errors import CODES, HostError, Problem, problem

__all__ = ["CheckResult", "Enabled", "KeptLevel", "ProviderRecord", "RecordFile"]


class Enabled(NamedTuple):
    """A distribution that the operator let in, as it was at that moment.

    Args:
        version: Of the distribution.
        digest: `Candidate.digest`.
        at: ISO 8601, UTC.
        providers: Names of the providers that it brought, by which it is known when it is gone.
    """

    version: str
    digest: str
    at: str
    providers: tuple[str, ...] = ()


class CheckResult(NamedTuple):
    """What `providers doctor` saw.

    Args:
        state: `loaded`, `broken`, `quarantined`, or `skipped` where it may not be imported.
        code: Of the problem that was found, to be worded in any language; empty for `loaded`.
        params: Of that problem's message.
        version: Of the distribution that was checked.
        at: ISO 8601, UTC.
    """

    state: str
    code: str
    params: Mapping[str, str]
    version: str
    at: str

    @property
    def problem(self) -> Problem | None:
        """What was found, to be worded; None where nothing was, or nothing known here."""
        params: dict[str, Any] = dict(self.params)
        return problem(self.code, **params) if self.code in CODES else None


class KeptLevel(NamedTuple):
    """How far a provider kept the contract when `providers check` tried it.

    Args:
        level: `none`, `bronze`, `silver` or `gold`.
        version: Of the distribution that was tried.
        digest: Of its content; another content says nothing of this one.
        at: ISO 8601, UTC.
    """

    level: str
    version: str
    digest: str
    at: str


class ProviderRecord(NamedTuple):
    """The whole file: distributions that are enabled; checks and levels by `Candidate.key`."""

    enabled: Mapping[str, Enabled]
    checks: Mapping[str, CheckResult]
    levels: Mapping[str, KeptLevel] = {}


class RecordFile:
    """The file, read whole and replaced whole."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "providers.json"

    def read(self) -> ProviderRecord:
        """The record; an installation without one has enabled nothing.

        Raises:
            HostError: `store_corrupt`, where the file is not what was written.
        """
        try:
            raw = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return ProviderRecord({}, {})
        except (OSError, ValueError):
            raise self._corrupt() from None
        try:
            return ProviderRecord(
                {
                    name: Enabled(**{**row, "providers": tuple(row.get("providers", ()))})
                    for name, row in raw["enabled"].items()
                },
                {
                    key: CheckResult(**{**row, "params": dict(row["params"])})
                    for key, row in raw["checks"].items()
                },
                # An earlier version knew none.
                {key: KeptLevel(**row) for key, row in raw.get("levels", {}).items()},
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            raise self._corrupt() from None

    def enable(self, distribution: str, enabled: Enabled) -> None:
        """Let a distribution in."""
        with self._rewritten() as record:
            self._write(record._replace(enabled={**record.enabled, distribution: enabled}))

    def disable(self, distribution: str) -> bool:
        """Take the leave back; False where there was none."""
        with self._rewritten() as record:
            kept = {name: row for name, row in record.enabled.items() if name != distribution}
            self._write(record._replace(enabled=kept))
            return distribution in record.enabled

    def note(self, checks: Mapping[str, CheckResult]) -> None:
        """Keep what a check found, for the providers that it covered."""
        with self._rewritten() as record:
            self._write(record._replace(checks={**record.checks, **checks}))

    def note_levels(self, levels: Mapping[str, KeptLevel]) -> None:
        """Keep how far providers kept the contract."""
        with self._rewritten() as record:
            self._write(record._replace(levels={**record.levels, **levels}))

    @contextmanager
    def _rewritten(self) -> Iterator[ProviderRecord]:
        from filelock import FileLock

        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock"), timeout=10, mode=0o600):
            yield self.read()

    def _write(self, record: ProviderRecord) -> None:
        import tempfile

        descriptor, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".providers-")
        with os.fdopen(descriptor, "w") as file:
            document = {
                part: {name: row._asdict() for name, row in rows.items()}
                for part, rows in record._asdict().items()
            }
            json.dump(document, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).replace(self._path)

    def _corrupt(self) -> HostError:
        return HostError(problem("store_corrupt", path=str(self._path)))
