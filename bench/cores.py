"""Which core a program runs on while it is measured, and which its servers.

Servers are other machines' work: where they push the program from its core, what is measured is the
system's choice. On a core of its own a program costs the same every time.
"""

import os

__all__ = ["run_on", "two"]


def two() -> tuple[int | None, int | None]:
    """One for the program and one for the servers; None = there is one core, or no choice."""
    if not hasattr(os, "sched_setaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[-1]) if len(cores) > 1 else (None, None)


def run_on(core: int | None) -> None:
    """Keep this process, and those that it starts from now on, on a core; None = on any."""
    if core is not None:
        os.sched_setaffinity(0, {core})
