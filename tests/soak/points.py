"""Named moments of connect, reconnect, rotate, disconnect and refresh, and how to strike there.

Nothing in the product knows of them: a function or an event of SQLAlchemy is wrapped in the
process that is to die.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["ANY_MOMENT", "POINTS", "Point", "small_batches"]

Strike = Callable[[], None]


@dataclass(frozen=True)
class Point:
    """A moment of an action; `install` makes it come to `strike` there. None = at any moment."""

    action: str
    name: str
    install: Callable[[Strike], None] | None

    @property
    def is_first_use(self) -> bool:
        """Whether the action begins where nothing has ever been stored."""
        return self.action == "connect" and self.name.startswith(_FIRST_USE)

    def __str__(self) -> str:
        return f"{self.action}: {self.name}"


def statement(start: str, moment: str, nth: int = 1) -> Callable[[Strike], None]:
    """At the nth statement that begins like this: `before` it, `executed`, or `committed`."""

    def install(strike: Strike) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine
        from sqlalchemy.engine.default import DefaultDialect

        left = nth
        is_here = False

        def before(_c: Any, _cursor: Any, said: str, _p: Any, _ctx: Any, _many: bool) -> None:
            nonlocal left, is_here
            if re.match(start, said):
                left -= 1
                is_here = is_here or left == 0
                if left == 0 and moment == "before":
                    strike()

        def after(*_: Any) -> None:
            if is_here and moment == "executed":
                strike()

        event.listen(Engine, "before_cursor_execute", before)
        event.listen(Engine, "after_cursor_execute", after)
        commit = DefaultDialect.do_commit

        def do_commit(self: Any, connection: Any) -> None:
            commit(self, connection)
            if is_here and moment == "committed":
                strike()

        DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]

    return install


def call(
    module: str,
    path: str,
    moment: str,
    nth: int = 1,
    fits: Callable[..., bool] = lambda *_, **__: True,
) -> Callable[[Strike], None]:
    """`before` or `after` the nth call of a function with arguments that fit."""

    def install(strike: Strike) -> None:
        *owners, name = path.split(".")
        place: Any = import_module(module)
        for owner in owners:
            place = getattr(place, owner)
        real = getattr(place, name)
        left = nth

        @wraps(real)
        def struck(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= fits(*arguments, **named)
            is_here = left == 0 and fits(*arguments, **named)
            if is_here and moment == "before":
                strike()
            result = real(*arguments, **named)
            if is_here and moment == "after":
                strike()
            return result

        setattr(place, name, struck)

    return install


def put_in_place(name: str, moment: str, nth: int = 1) -> Callable[[Strike], None]:
    """Around the rename that puts a file in its place."""
    return call("pathlib", "Path.replace", moment, nth, lambda _, to: Path(to).name == name)


def hook(name: str, moment: str, nth: int = 1) -> Callable[[Strike], None]:
    """Around a call of the provider."""
    return call(
        "inboxlink.plugins.calling",
        "Caller.call",
        moment,
        nth,
        lambda _self, _provider, called, **_: called == name,
    )


receiving = partial(call, "inboxlink_imap.imap_session", "ImapSession.sign_in")
sending = partial(call, "inboxlink_imap.smtp_session", "SmtpSession.sign_in")


def small_batches() -> None:
    """Let a rotation of few secrets have several batches."""
    from inboxlink.store import rotation

    real = rotation._batches
    rotation._batches = lambda store, _size: real(store, 2)


ANY_MOMENT = "any moment"

_FIRST_USE = ("database", "schema", "first key", "key record", ANY_MOMENT)

_CONSENT = r"INSERT INTO ledger_entry"
_HEAD = r"INSERT INTO ledger_head"
_FLOW = r"INSERT INTO flow"
_TAKEN = r"UPDATE flow SET is_taken"
_FLOW_GONE = r"DELETE FROM flow WHERE flow\.flow_id"
_CONNECTION = r"INSERT INTO connection \("
_CHANGED = r"UPDATE connection SET"
_SECRET = r"INSERT INTO connection_secret"
_MARK = r"UPDATE connection SET refresh_started_at"
_RENEWED = r"UPDATE connection SET scopes"
_SECRET_GONE = r"DELETE FROM connection_secret"
_RESEALED = r"UPDATE connection_secret"

_MOMENTS: dict[str, dict[str, Callable[[Strike], None] | None]] = {
    "connect": {
        "database made, not in place": put_in_place("inboxlink.db", "before"),
        "database in place": put_in_place("inboxlink.db", "after"),
        "schema not committed": statement(r"INSERT INTO alembic_version", "executed"),
        "first key written, not in place": put_in_place("vault.key", "before"),
        "first key in place": put_in_place("vault.key", "after"),
        "key record not committed": statement(r"INSERT INTO vault_key", "executed"),
        "key record committed": statement(r"INSERT INTO vault_key", "committed"),
        "before the consent row": statement(_CONSENT, "before"),
        "consent row without its head": statement(_CONSENT, "executed"),
        "consent row not committed": statement(_HEAD, "executed"),
        "consent row committed": statement(_CONSENT, "committed"),
        "after the first step": hook("authenticate", "after"),
        "flow record committed": statement(_FLOW, "committed"),
        "flow taken": statement(_TAKEN, "committed"),
        "before the password's step": hook("authenticate", "before", 2),
        "after the password's step": hook("authenticate", "after", 2),
        "flow removed": statement(_FLOW_GONE, "committed"),
        "before signing in to receive": receiving("before"),
        "signed in to receive": receiving("after"),
        "signed in to send": sending("after"),
        "after verifying": hook("verify", "after"),
        "automation row not committed": statement(_CONSENT, "executed", 2),
        "automation row committed": statement(_CONSENT, "committed", 2),
        "connection without its secret": statement(_CONNECTION, "executed"),
        "connection and secret not committed": statement(_SECRET, "executed"),
        "connection and secret committed": statement(_SECRET, "committed"),
        ANY_MOMENT: None,
    },
    "reconnect": {
        "consent row not committed": statement(_CONSENT, "executed"),
        "consent row committed": statement(_CONSENT, "committed"),
        "flow record committed": statement(_FLOW, "committed"),
        "flow taken": statement(_TAKEN, "committed"),
        "flow removed": statement(_FLOW_GONE, "committed"),
        "signed in to receive": receiving("after"),
        "after verifying": hook("verify", "after"),
        "connection changed, secret not": statement(_CHANGED, "executed"),
        "old secret removed, not committed": statement(_SECRET_GONE, "executed"),
        "new secret not committed": statement(_SECRET, "executed"),
        "new secret committed": statement(_SECRET, "committed"),
        ANY_MOMENT: None,
    },
    "rotate": {
        "two keys written, not in place": put_in_place("vault.key", "before"),
        "two keys in place": put_in_place("vault.key", "after"),
        "ledger's head not committed": statement(r"UPDATE ledger_head", "executed"),
        "key record not committed": statement(r"UPDATE vault_key", "executed"),
        "key record committed": statement(r"UPDATE vault_key", "committed"),
        "first batch not committed": statement(_RESEALED, "executed"),
        "first batch committed": statement(_RESEALED, "committed"),
        "second batch half": statement(_RESEALED, "executed", 3),
        "second batch committed": statement(_RESEALED, "committed", 3),
        "last batch committed": statement(_RESEALED, "committed", 5),
        "one key written, not in place": put_in_place("vault.key", "before", 2),
        "one key in place": put_in_place("vault.key", "after", 2),
        ANY_MOMENT: None,
    },
    "disconnect": {
        "before the secret's removal": statement(_SECRET_GONE, "before"),
        "secret removed, not committed": statement(_SECRET_GONE, "executed"),
        "connection marked, not committed": statement(_CHANGED, "executed"),
        "ledger row without its head": statement(_CONSENT, "executed"),
        "all of it not committed": statement(_HEAD, "executed"),
        "all of it committed": statement(_HEAD, "committed"),
        ANY_MOMENT: None,
    },
    "refresh": {
        "before the mark": statement(_MARK, "before"),
        "mark not committed": statement(_MARK, "executed"),
        "mark committed": statement(_MARK, "committed"),
        "before the provider is asked": hook("refresh", "before"),
        "after the provider's answer": hook("refresh", "after"),
        "connection changed, secrets not": statement(_RENEWED, "executed"),
        "old secrets removed, not committed": statement(_SECRET_GONE, "executed"),
        "one new secret of two": statement(_SECRET, "executed"),
        "new secrets not committed": statement(_SECRET, "executed", 2),
        "new secrets committed": statement(_SECRET, "committed"),
        ANY_MOMENT: None,
    },
}

POINTS = tuple(
    Point(action, name, install)
    for action, moments in _MOMENTS.items()
    for name, install in moments.items()
)
