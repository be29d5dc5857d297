"""Time that is left, and the error of having none."""

import time

from inboxlink.errors import MailboxError, problem

__all__ = ["remaining_s", "since_ms"]


def remaining_s(deadline: float, host: str, port: int) -> float:
    """Seconds until the deadline on the monotonic clock.

    Raises:
        MailboxError: `timed_out`.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise MailboxError(problem("timed_out", host=host, port=str(port)))
    return left


def since_ms(started: float) -> float:
    """Milliseconds since a moment of the monotonic clock."""
    return round((time.monotonic() - started) * 1000, 1)
