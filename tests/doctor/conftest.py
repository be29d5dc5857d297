"""The fixtures of the core's tests, which these share."""

from core.conftest import place, renewal, scripted

__all__ = ["place", "renewal", "scripted"]
