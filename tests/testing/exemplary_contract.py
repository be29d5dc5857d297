"""The contract of the exemplary provider as its author wrote it, run by `providers check`."""

from inboxlink.testing import ProviderContract
from testing.exemplary import Declarations

pytest_plugins = ["inboxlink.testing.plugin"]


class TestExemplary(Declarations, ProviderContract):
    """Nothing is wrong with it."""
