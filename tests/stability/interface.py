"""The program that holds the published interface, as a module."""

import importlib.util

from stability.environments import ROOT

__all__ = ["PROGRAM", "interface"]

PROGRAM = ROOT / "docs" / "interface.py"

_spec = importlib.util.spec_from_file_location("inboxlink_docs_interface", PROGRAM)
assert _spec is not None
assert _spec.loader is not None
interface = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(interface)
