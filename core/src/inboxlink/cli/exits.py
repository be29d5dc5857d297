"""Exit statuses. They are documented in docs/reference/cli.md, and a test compares the two."""

from inboxlink.errors import Kind

__all__ = ["BUG", "INTERRUPTED", "OK", "STATUS", "USAGE"]

OK = 0
BUG = 1
USAGE = 2

#: By branch of the error tree.
STATUS = {
    Kind.SIGN_IN: 10,
    Kind.MAILBOX: 11,
    Kind.SETUP: 12,
    Kind.PROVIDER: 13,
    Kind.HOST: 14,
}

INTERRUPTED = 130
