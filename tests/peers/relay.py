"""Where dovecot's submission hands mail on: an aiosmtpd that delivers into the INBOX."""

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from inboxlink.testing.peers.ports import LOOPBACK, held_port

__all__ = ["Relay"]


class _Lenient(SMTP):
    async def smtp_MAIL(self, arg: str) -> None:
        # Dovecot adds parameters that aiosmtpd answers with 555.
        await super().smtp_MAIL(arg.partition(">")[0] + ">")


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Lenient(self.handler, hostname="relay")


class Relay:
    """Takes every message; `deliver` gets each recipient with the message."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self.port = self._held.enter_context(held_port())
        self.deliver: Callable[[str, bytes], None] = lambda _recipient, _message: None
        self._controller = _Controller(self, hostname=LOOPBACK, port=self.port)

    def __enter__(self) -> "Relay":
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()
        self._held.close()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        for recipient in envelope.rcpt_tos:
            self.deliver(recipient, envelope.content)
        return "250 2.0.0 delivered"
