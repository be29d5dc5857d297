"""What is logged and printed while a provider runs."""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

__all__ = ["Heard", "listening"]


class Heard(logging.Handler):
    """Everything that was logged, at any level, and printed.

    Attributes:
        logged: One text for each record, with its arguments and its exception.
    """

    def __init__(self) -> None:
        super().__init__(level=0)
        self.logged: list[str] = []
        self._out = io.StringIO()
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    @property
    def printed(self) -> str:
        """What went to standard output and standard error."""
        return self._out.getvalue()

    def emit(self, record: logging.LogRecord) -> None:
        """Note one record."""
        try:
            self.logged.append(f"{self.format(record)} {record.args}")
        except Exception:  # noqa: BLE001 - a record whose arguments do not fit says its template
            self.logged.append(f"{record.msg} {record.args}")


@contextmanager
def listening() -> Iterator[Heard]:
    """Hear all threads of the process until the block ends."""
    heard = Heard()
    root = logging.getLogger()
    level, disabled = root.level, logging.root.manager.disable
    root.addHandler(heard)
    root.setLevel(1)
    logging.disable(logging.NOTSET)
    try:
        with redirect_stdout(heard._out), redirect_stderr(heard._out):  # noqa: SLF001
            yield heard
    finally:
        logging.disable(disabled)
        root.setLevel(level)
        root.removeHandler(heard)
        sys.stdout.flush()
