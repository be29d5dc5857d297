"""The child that runs pymap. Its mailboxes come over standard input.

pymap takes a password as an argument only, which every user of the machine could read; so the
arguments are put together here, inside the process. The standard input stays open as long as the
parent lives: its end ends this process too, whatever became of the parent.
"""

import json
import os
import sys
import threading
from argparse import Namespace
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Run pymap with the port and the mailboxes that standard input names."""
    from pymap.backend import backends
    from pymap.backend.dict import DictBackend, Identity
    from pymap.main import main as run_pymap
    from pymap.user import Passwords, UserMetadata

    given = json.loads(sys.stdin.readline())
    (user, password), *others = given["mailboxes"].items()

    class Mailboxes(DictBackend):
        """pymap's own in memory, with more than its one mailbox."""

        @classmethod
        async def init(cls, args: Namespace, **overrides: Any) -> Any:
            backend, config = await super().init(args, **overrides)
            for name, secret in others:
                hashed = await Passwords(config).hash_password(secret)
                another = Identity(name, backend.login, None, frozenset())
                await another.set(UserMetadata(config, name, password=hashed))
            return backend, config

    backends.add("mailboxes", Mailboxes)
    threading.Thread(target=_follow_parent, daemon=True).start()
    sys.argv = [
        "pymap",
        *("--host", "127.0.0.1", "--port", str(given["port"]), "--no-tls"),
        *("mailboxes", "--demo-data", "--demo-user", user, "--demo-password", password),
    ]
    run_pymap()


def _follow_parent() -> None:
    sys.stdin.read()
    os._exit(0)
