"""The command line: a host of the framework for people and for scripts.

`app` is the root and loads a command only when it is called, `session` holds the one run of the
program, `output` draws, `signing_in` goes from the disclosures to the end, `answers` brings a
person's answers to a provider's steps, and each module in `commands` is one command.
"""

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the program and exit with its status."""
    from inboxlink.cli.app import run

    status = run(sys.argv[1:])
    # Python waits for threads that are no daemons, and a provider may have left one.
    threading = sys.modules.get("threading")
    if threading is not None and any(
        each is not threading.main_thread() and not each.daemon for each in threading.enumerate()
    ):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
