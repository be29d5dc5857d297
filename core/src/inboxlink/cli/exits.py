"""Exit statuses. They are documented in docs/reference/cli.md, and a test compares the two."""

from collections.abc import Mapping

__all__ = ["BUG", "INTERRUPTED", "OK", "STATUS", "USAGE"]

OK = 0
BUG = 1
USAGE = 2

#: By branch of the error tree, `errors.Kind`; plain words, because every start needs this module.
STATUS: Mapping[str, int] = {
    "sign_in": 10,
    "mailbox": 11,
    "setup": 12,
    "provider": 13,
    "host": 14,
}

INTERRUPTED = 130
