"""The contract of the exemplary provider with each fault in turn, run by `providers check`.

`FAULTS` in the environment is a slice, such as `0::2`, so that two processes share the work.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from inboxlink.testing import Level, ProviderContract
from testing.exemplary import Declarations
from testing.faults import FAULTS, Fault, installed

pytest_plugins = ["inboxlink.testing.plugin"]

_PLACES = tempfile.TemporaryDirectory(prefix="inboxlink-faults-")


def _contract(number: int, fault: Fault) -> type:
    shown = {
        "": (),
        "password": tuple(each for each in Declarations.scripts if not each.ways),
        "browser": tuple(each for each in Declarations.scripts if each.ways),
    }
    place = installed(fault, Path(_PLACES.name) / f"{number}")
    return type(
        f"Test_{number}",
        (Declarations, ProviderContract),
        {"place": place, "scripts": shown[fault.scripts], "aims_at": Level.NONE},
    )


_SLICE = slice(*(int(each) if each else None for each in os.environ["FAULTS"].split(":")))
globals().update(
    {f"Test_{number}": _contract(number, each) for number, each in list(enumerate(FAULTS))[_SLICE]}
)


@pytest.fixture(scope="module", autouse=True)
def places() -> Iterator[None]:
    """Gone when all were tried."""
    yield
    _PLACES.cleanup()
