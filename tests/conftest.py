"""What every test shares: the peers."""

pytest_plugins = ["peers.fixtures"]
