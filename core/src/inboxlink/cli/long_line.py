"""Read a line that may be longer than a terminal gives in one piece.

A terminal that edits lines keeps 4095 characters of one on Linux and 1024 on macOS, and drops the
rest without a word (termios(3), MAX_CANON). The address that a sign-in ends on can be longer.
"""

import os
import termios

import click

__all__ = ["read_long_line"]

_INPUT = 0
_OUTPUT = 2

_ERASE = (b"\x7f", b"\b")
_END_OF_FILE = b"\x04"


def read_long_line(limit: int) -> str:
    """One line that a person types or pastes at the terminal, shown as it comes.

    Args:
        limit: Characters beyond it are dropped.

    Raises:
        click.Abort: They ended their input.
    """
    before = termios.tcgetattr(_INPUT)
    changed = termios.tcgetattr(_INPUT)
    # Ctrl-C still interrupts; erasing and showing are left to do here.
    changed[3] &= ~(termios.ICANON | termios.ECHO)
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    termios.tcsetattr(_INPUT, termios.TCSADRAIN, changed)
    try:
        return _line(limit)
    finally:
        termios.tcsetattr(_INPUT, termios.TCSADRAIN, before)


def _line(limit: int) -> str:
    line = bytearray()
    while (byte := os.read(_INPUT, 1)) != b"\n":
        if byte == b"" or (byte == _END_OF_FILE and not line):
            raise click.Abort
        if byte in _ERASE:
            if line:
                del line[-1:]
                os.write(_OUTPUT, b"\b \b")
        elif b" " <= byte <= b"~" and len(line) < limit:  # no address has another character
            line += byte
            os.write(_OUTPUT, byte)
    os.write(_OUTPUT, b"\n")
    return line.decode("ascii")
