"""What every test shares: the peers, and how `make mutants` runs properties."""

from hypothesis import Phase, settings

pytest_plugins = ["peers.fixtures"]

# A mutant that a property noticed is not made small and explained, which takes half a minute.
settings.register_profile(
    "mutants", settings.get_profile("ci"), phases=(Phase.explicit, Phase.generate)
)
