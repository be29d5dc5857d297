"""The command line: a host of the framework for people and for scripts.

`app` is the root and loads a command only when it is called, `session` holds the one run of the
program, `output` draws, `signing_in` goes from the disclosures to the end, `answers` brings a
person's answers to a provider's steps, and each module in `commands` is one command.
"""

import gc
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

__all__ = ["main"]


class _Terminated(SystemExit):
    pass


def main() -> None:
    """Run the program and exit with its status.

    A SIGTERM ends it as it ends any program, but only after what was begun is undone: a terminal
    would otherwise be left without its echo or its cursor.
    """
    # What a command imports stays until its end: to look through it for garbage, again and again
    # while it grows, took a twentieth of the start.
    gc.set_threshold(50_000)
    from inboxlink.cli.app import run

    signal.signal(signal.SIGTERM, _unwind)
    try:
        status = run(sys.argv[1:])
    except _Terminated:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
        raise
    _leave(status)


def _unwind(number: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated(128 + number)


def _leave(status: int) -> NoReturn:
    # Python waits for threads that are no daemons, such as those of an executor; a provider may
    # have left some.
    threading = sys.modules.get("threading")
    if threading is not None and any(
        not each.daemon and each is not threading.main_thread() for each in threading.enumerate()
    ):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    # Else Python would look through everything once more for garbage, to free what ends anyway:
    # a tenth of what most commands cost.
    gc.freeze()
    sys.exit(status)
