"""The child that runs pymap. Its password comes over standard input.

pymap takes it as an argument only, which every user of the machine could read; so the arguments
are put together here, inside the process. The standard input stays open as long as the parent
lives: its end ends this process too, whatever became of the parent.
"""

import json
import os
import sys
import threading

__all__ = ["main"]


def main() -> None:
    """Run pymap with the port, user and password that standard input names."""
    from pymap.main import main as run_pymap

    given = json.loads(sys.stdin.readline())
    threading.Thread(target=_follow_parent, daemon=True).start()
    sys.argv = [
        "pymap",
        *("--host", "127.0.0.1", "--port", str(given["port"]), "--no-tls"),
        *("dict", "--demo-data"),
        *("--demo-user", given["user"], "--demo-password", given["password"]),
    ]
    run_pymap()


def _follow_parent() -> None:
    sys.stdin.read()
    os._exit(0)
