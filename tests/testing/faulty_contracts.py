"""The contract of the exemplary provider with each fault in turn, run by one `providers check`."""

import tempfile
from pathlib import Path

import pytest

from inboxlink.testing import ProviderContract
from testing.exemplary import Declarations
from testing.faults import FAULTS, Fault, installed

pytest_plugins = ["inboxlink.testing.plugin"]

_PLACES = tempfile.TemporaryDirectory(prefix="inboxlink-faults-")


def _contract(number: int, fault: Fault) -> type:
    shown = {
        "": (),
        "password": Declarations.scripts[:2],
        "browser": Declarations.scripts[2:],
    }
    place = installed(fault, Path(_PLACES.name) / f"{number}")
    return type(
        f"Test_{fault.rule.replace('-', '_')}",
        (Declarations, ProviderContract),
        {"place": place, "scripts": shown[fault.scripts], "__doc__": fault.name},
    )


globals().update({f"Test{number}": _contract(number, fault) for number, fault in enumerate(FAULTS)})


@pytest.fixture(scope="module", autouse=True)
def places():
    """Gone when all were tried."""
    yield
    _PLACES.cleanup()
