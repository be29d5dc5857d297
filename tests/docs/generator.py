"""The program that writes the reference, as a module."""

import importlib.util
from pathlib import Path

__all__ = ["PROGRAM", "generate", "shown_by_tests"]

PROGRAM = Path(__file__).parents[2] / "docs" / "generate.py"

_spec = importlib.util.spec_from_file_location("inboxlink_docs_generate", PROGRAM)
assert _spec is not None
assert _spec.loader is not None
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)
shown_by_tests = generate.shown_by_tests
