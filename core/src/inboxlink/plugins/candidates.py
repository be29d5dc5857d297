"""What is installed in the entry-point group, read from metadata and never imported.

The folders are read here and not by `importlib.metadata`, whose import alone costs a command as
much as click does; a test holds that both find the same. Their layout is the PyPA's: "Recording
installed projects", "Entry points" and "Core metadata", as read on 2026-11-23. Distributions
inside a zip file are not seen.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, PathDistribution

__all__ = ["GROUP", "UNKNOWN", "UNVERIFIABLE", "Candidate", "installed", "normalised"]

GROUP = "inboxlink.providers"

#: Stands for the hash of a distribution whose files pip does not vouch for.
UNVERIFIABLE = "unverifiable"

#: Stands for the version that metadata does not tell.
UNKNOWN = "?"


class Candidate(NamedTuple):
    """One entry point of one distribution.

    Args:
        name: The provider's name.
        distribution: The distribution's name, normalised.
        version: The distribution's version; `UNKNOWN` where its metadata has none.
        requires: Its requirements, as its metadata words them.
        module: The module that is the provider, dotted.
        information: The distribution's `.dist-info` folder.
    """

    name: str
    distribution: str
    version: str
    requires: tuple[str, ...]
    module: str
    information: Path

    @property
    def key(self) -> str:
        """Names it among all candidates: a distribution may bring several providers."""
        return f"{self.distribution}:{self.name}"

    @property
    def package(self) -> str:
        """The top-level package that its strings stand in."""
        return self.module.partition(".")[0]

    @property
    def entry_point(self) -> "EntryPoint":
        """What loads it."""
        found: EntryPoint = self._installed.entry_points.select(group=GROUP, name=self.name)[
            self.name
        ]
        return found

    @property
    def digest(self) -> str:
        """SHA-256, hexadecimal, over the RECORD rows of its code, its data and its entry points.

        `UNVERIFIABLE` for an editable install, and where these files cannot be read. Read when it
        is asked for, because only a provider that is not ours is judged by it.
        """
        import hashlib
        import json

        try:
            direct_url = self._installed.read_text("direct_url.json")
            if direct_url and json.loads(direct_url).get("dir_info", {}).get("editable"):
                return UNVERIFIABLE
            rows = sorted(
                f"{path.as_posix()} {path.hash.mode}={path.hash.value}"
                for path in self._installed.files or ()
                if path.hash is not None and not _is_of_the_installer(path.parts)
            )
        except Exception:  # noqa: BLE001 - whatever the library makes of a damaged file
            return UNVERIFIABLE
        if not rows:
            return UNVERIFIABLE
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    @property
    def _installed(self) -> "PathDistribution":
        from importlib.metadata import PathDistribution

        return PathDistribution(self.information)


def installed() -> tuple[Candidate, ...]:
    """Every provider that is installed, by name and distribution."""
    found = [each for folder in _information(sys.path) for each in _candidates(folder)]
    return tuple(sorted(found, key=lambda each: (each.name, each.distribution)))


def _information(search: list[str]) -> Iterator[Path]:
    # Of one distribution only the first on the path counts: that is the one that Python imports.
    seen = set()
    for place in search:
        for folder in sorted(Path(place).glob("*.dist-info")):
            if folder.name.startswith("~"):
                continue  # what pip leaves of a distribution that it could not remove
            distribution = normalised(folder.name.partition("-")[0])
            if distribution not in seen:
                seen.add(distribution)
                yield folder


def _candidates(information: Path) -> Iterator[Candidate]:
    modules = _entry_points(_read(information / "entry_points.txt"))
    if not modules:
        return
    header = _header(_read(information / "METADATA"))
    named = header.get("name") or [information.name.partition("-")[0]]
    for name, module in modules.items():
        yield Candidate(
            name=name,
            distribution=normalised(named[0]),
            version=header.get("version", [UNKNOWN])[0],
            requires=tuple(header.get("requires-dist", ())),
            module=module,
            information=information,
        )


def _entry_points(text: str) -> dict[str, str]:
    modules, section = {}, ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[]")
        elif section == GROUP and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            modules[name.strip()] = re.split(r"[:\[]", value)[0].strip()
    return modules


def _header(text: str) -> dict[str, list[str]]:
    # The fields that stand before the first empty line. Not by the standard library's parser of
    # mail, which takes longer to load than everything else here.
    fields: dict[str, list[str]] = {}
    for line in text.partition("\n\n")[0].splitlines():
        name, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            fields.setdefault(name.lower(), []).append(value.strip())
    return fields


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _is_of_the_installer(parts: tuple[str, ...]) -> bool:
    # What names the module that is run is as much the author's as the module.
    return parts[0].endswith((".dist-info", ".data")) and parts[-1] != "entry_points.txt"


def normalised(name: str) -> str:
    """A distribution's name as it is compared (PyPA, "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()
