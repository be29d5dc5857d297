"""How a run ends that did not end well: what is said, and the exit status."""

import errno
import sys
from traceback import walk_tb

import click

from inboxlink.cli import exits
from inboxlink.cli.session import Session
from inboxlink.errors import InboxlinkError, Problem, problem

__all__ = ["end"]


def end(error: BaseException, session: Session) -> int:
    """Say what ended the run, and give back the exit status.

    Args:
        error: Whatever the command raised, click's own exceptions among it.
        session: Where to say it; nothing of it needs to work any more.
    """
    match error:
        case InboxlinkError():
            return _fail(session, error.problem)
        case click.Abort() | KeyboardInterrupt():
            _fail(session, problem("cancelled"))
            return exits.INTERRUPTED
        case click.exceptions.NoArgsIsHelpError() if not session.is_json:
            click.echo(error.format_message(), err=True)
            return exits.USAGE
        case click.ClickException():
            session.fail_usage(error)
            return exits.USAGE
        case BrokenPipeError():
            session.drop_output()
            return exits.BUG
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _fail(session, problem("store_full"))
    _fail(session, problem("internal", reason=_place(error)))
    return exits.BUG


def _fail(session: Session, trouble: Problem) -> int:
    try:
        session.fail(trouble)
        sys.stdout.flush()
    except OSError:  # the output takes nothing any more, which may be the trouble itself
        session.drop_output()
    return exits.STATUS[trouble.kind]


def _place(error: BaseException) -> str:
    # Type and line say enough to find it; the words and the locals could hold a secret.
    *_, (frame, line) = walk_tb(error.__traceback__)
    return f"{type(error).__name__}, {frame.f_globals.get('__name__', '?')}:{line}"
