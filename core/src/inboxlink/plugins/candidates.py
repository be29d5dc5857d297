"""What is installed in the entry-point group, read from metadata and never imported."""

import hashlib
import json
from dataclasses import dataclass, field
from importlib.metadata import Distribution, EntryPoint, entry_points

__all__ = ["GROUP", "UNVERIFIABLE", "Candidate", "installed"]

GROUP = "inboxlink.providers"

#: Stands for the hash of a distribution whose files pip does not vouch for.
UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One entry point of one distribution.

    Args:
        name: The provider's name.
        distribution: The distribution's name, normalised.
        version: The distribution's version.
        requires: Its requirements, as its metadata words them.
        entry_point: What loads it.
        digest: SHA-256, hexadecimal, over the RECORD rows of its code and data; `UNVERIFIABLE`
            for an editable install.
    """

    name: str
    distribution: str
    version: str
    requires: tuple[str, ...]
    entry_point: EntryPoint = field(repr=False)
    digest: str

    @property
    def package(self) -> str:
        """The top-level package that its strings stand in."""
        return self.entry_point.module.partition(".")[0]


def installed() -> tuple[Candidate, ...]:
    """Every provider that is installed, by name and distribution."""
    found = [_candidate(entry_point) for entry_point in entry_points(group=GROUP)]
    return tuple(sorted(found, key=lambda each: (each.name, each.distribution)))


def _candidate(entry_point: EntryPoint) -> Candidate:
    distribution = entry_point.dist
    if distribution is None:  # only an entry point made by hand has none
        return Candidate(entry_point.name, "?", "?", (), entry_point, UNVERIFIABLE)
    return Candidate(
        name=entry_point.name,
        distribution=distribution.metadata["Name"].lower().replace("_", "-"),
        version=distribution.version,
        requires=tuple(distribution.requires or ()),
        entry_point=entry_point,
        digest=_digest(distribution),
    )


def _digest(distribution: Distribution) -> str:
    direct_url = distribution.read_text("direct_url.json")
    if direct_url and json.loads(direct_url).get("dir_info", {}).get("editable"):
        return UNVERIFIABLE
    rows = sorted(
        f"{path.as_posix()} {path.hash.mode}={path.hash.value}"
        for path in distribution.files or ()
        if path.hash is not None and not path.parts[0].endswith((".dist-info", ".data"))
    )
    if not rows:
        return UNVERIFIABLE
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
