"""The fixtures of the core's and the whole program's tests, which these share."""

from core.conftest import place, renewal, scripted
from e2e.conftest import configure, example_test, example_test_at, gmail, outlook, program

__all__ = [
    "configure",
    "example_test",
    "example_test_at",
    "gmail",
    "outlook",
    "place",
    "program",
    "renewal",
    "scripted",
]
