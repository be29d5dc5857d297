"""inboxlink connects a person's mailbox to an application.

Importing this package loads nothing; the two markers load pluggy when they are first asked for,
so that a command that asks no provider does not pay for it. What a provider needs beyond them
stands in `inboxlink.types`, `inboxlink.errors` and `inboxlink.hookspecs`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pluggy

    hookspec: pluggy.HookspecMarker
    hookimpl: pluggy.HookimplMarker

__all__ = ["__version__", "hookimpl", "hookspec"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in ("hookimpl", "hookspec"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import pluggy

    marks = pluggy.HookimplMarker if name == "hookimpl" else pluggy.HookspecMarker
    return globals().setdefault(name, marks("inboxlink"))
