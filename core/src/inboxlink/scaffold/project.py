"""Name a new project, and write it."""

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import inboxlink
from inboxlink.errors import SetupError, problem
from inboxlink.plugins.policy import FIRST_PARTY

__all__ = ["Auth", "Project"]

_TEMPLATE = Path(__file__).parent / "template"

#: A provider's name is the end of its distribution's, in normalised form (PyPA, "Names and
#: normalization"), and begins its keys, so that it begins with a letter.
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MAX_NAME = 24


class Auth(StrEnum):
    """How people sign in at the service."""

    PASSWORD = "password"
    OAUTH = "oauth"


@dataclass(frozen=True, slots=True)
class Project:
    """The project of a provider that nobody has written yet.

    Args:
        name: The provider's.
        auth: How people sign in.

    Raises:
        SetupError: `provider_name_invalid` or `provider_name_taken`.
    """

    name: str
    auth: Auth

    def __post_init__(self) -> None:
        """Refuse a name that would make no provider of its own."""
        if len(self.name) > _MAX_NAME or _NAME.fullmatch(self.name) is None:
            raise SetupError(problem("provider_name_invalid", provider=self.name))
        if self.name in FIRST_PARTY:
            owner = FIRST_PARTY[self.name]
            raise SetupError(problem("provider_name_taken", provider=self.name, distribution=owner))

    @property
    def distribution(self) -> str:
        """The name of its distribution, and of its folder."""
        return f"inboxlink-{self.name}"

    @property
    def title(self) -> str:
        """What a person calls it, until its author says otherwise."""
        return self.name.replace("-", " ").title()

    @property
    def core(self) -> str:
        """Which versions of the core it works with: from this one to the next that may break it."""
        major, minor = (int(part) for part in inboxlink.__version__.split(".")[:2])
        following = f"{major + 1}" if major else f"0.{minor + 1}"
        return f">={major}.{minor},<{following}"

    def write(self, into: Path) -> Path:
        """Write it, whole or not at all.

        Args:
            into: The folder that its own comes into.

        Returns:
            Its own folder.

        Raises:
            SetupError: `extra_missing`; `project_exists`; `project_unwritable`.
        """
        there = into / self.distribution
        if there.exists():
            raise SetupError(problem("project_exists", path=str(there)))
        try:
            draft = Path(tempfile.mkdtemp(prefix=f".{self.distribution}-", dir=into))
            try:
                self._render(draft)
                draft.chmod(0o777 & ~_umask())  # mkdtemp's is for its owner alone
                draft.rename(there)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        except OSError as error:
            reason = type(error).__name__
            raise SetupError(
                problem("project_unwritable", path=str(there), reason=reason)
            ) from None
        return there

    def _render(self, draft: Path) -> None:
        try:
            from copier import Settings, run_copy
        except ImportError:
            raise SetupError(problem("extra_missing", extra="inboxlink[scaffold]")) from None
        data = {
            "name": self.name,
            "module": self.name.replace("-", "_"),
            "distribution": self.distribution,
            "title": self.title,
            "auth": self.auth.value,
            "core": self.core,
        }
        for part in ("common", self.auth.value):
            run_copy(
                str(_TEMPLATE / part),
                draft,
                data=data,
                settings=Settings(),  # not the person's own, which could trust and preset things
                defaults=True,
                overwrite=True,
                quiet=True,
                skip_tasks=True,
            )


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
