"""A peer that is not installed: a reason to skip on a laptop, a failure in CI."""

import os
from pathlib import Path

import pytest

__all__ = ["need"]


def need(program: str, package: str, kind: str = "Debian package") -> None:
    """Skip the test unless the program is there; under CI=true, fail it."""
    if Path(program).exists():
        return
    reason = f"{program} is not installed ({kind} {package})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
