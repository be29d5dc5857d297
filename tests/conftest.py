"""What every test shares: the peers, one language, and how `make mutants` runs properties."""

import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

pytest_plugins = ["inboxlink.testing.fixtures", "peers.fixtures"]

# A shell without job control starts what runs in the background with Ctrl-C ignored, and every
# process below would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A mutant that a property noticed is not made small and explained, which takes half a minute.
settings.register_profile(
    "mutants", settings.get_profile("ci"), phases=(Phase.explicit, Phase.generate)
)


@pytest.fixture(autouse=True)
def one_language() -> Iterator[None]:
    """A command keeps the language in which it was first loaded, for the rest of the process.

    So a test of another language runs the program in a process of its own, or the tests after it
    would see that language, depending on their order.
    """
    yield
    wording = sys.modules.get("inboxlink.cli.wording")
    assert wording is None or wording.w("cli.detect") == wording.Words("en")("cli.detect"), (
        "this test left another language behind: run the program in a process of its own"
    )
