"""The child that runs pymap. Its mailboxes come over standard input, its port goes out.

pymap takes a password as an argument only, which every user of the machine could read; so the
arguments are put together here, inside the process. The standard input stays open as long as the
parent lives: its end ends this process too, whatever became of the parent.
"""

import asyncio
import json
import os
import sys
import threading
from argparse import Namespace
from contextlib import AsyncExitStack
from typing import Any

from inboxlink.testing.peers.ports import LOOPBACK

__all__ = ["main"]


def main() -> None:
    """Run pymap with the mailboxes that standard input names."""
    from proxyprotocol.reader import ProxyProtocolReader
    from pymap.backend import backends
    from pymap.backend.dict import DictBackend, Identity
    from pymap.imap import IMAPServer, IMAPService
    from pymap.main import main as run_pymap
    from pymap.service import services
    from pymap.user import Passwords, UserMetadata

    (user, password), *others = json.loads(sys.stdin.readline()).items()

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

    class Anywhere(IMAPService):
        """pymap's own on a port that was free, which only it can know."""

        async def start(self, stack: AsyncExitStack) -> None:
            serve = ProxyProtocolReader(self.config.proxy_protocol).get_callback(
                IMAPServer(self.backend.login, self.config)
            )
            server = await asyncio.start_server(serve, LOOPBACK, 0)
            await stack.enter_async_context(server)
            stack.callback(asyncio.create_task(server.serve_forever()).cancel)
            sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
            sys.stdout.flush()

    backends.add("mailboxes", Mailboxes)
    services.add("imap", Anywhere)
    threading.Thread(target=_follow_parent, daemon=True).start()
    sys.argv = [
        *("pymap", "--no-service", "admin", "--no-service", "managesieve", "--no-tls"),
        *("mailboxes", "--demo-data", "--demo-user", user, "--demo-password", password),
    ]
    run_pymap()


def _follow_parent() -> None:
    sys.stdin.read()
    os._exit(0)
