"""Recall across actions which secrets were refused, so that none is sent twice by mistake."""

import math
from contextlib import suppress
from dataclasses import dataclass

from inboxlink.connect.host import Host
from inboxlink.errors import HostError, Problem, problem

__all__ = ["Recollection"]


@dataclass(frozen=True, slots=True)
class Recollection:
    """A `RefusalMemory` in the store.

    Args:
        host: The installation.
        force: Whether the person asked to send a secret all the same.
    """

    host: Host
    force: bool = False

    def recall(self, host: str, username: str, secret: str) -> Problem | None:
        """See `RefusalMemory.recall`."""
        if self.force:
            return None
        now = self.host.clock()
        until = self.host.refusals.until(host, username.casefold(), secret, now)
        if until is None:
            return None
        retry_after_s = (until - now).total_seconds()
        minutes = str(math.ceil(retry_after_s / 60))
        return problem("refused_recently", retry_after_s=retry_after_s, host=host, minutes=minutes)

    def remember(self, host: str, username: str, secret: str) -> None:
        """See `RefusalMemory.remember`."""
        # A store in trouble must not hide from the person that the secret was refused.
        with suppress(HostError):
            self.host.refusals.add(host, username.casefold(), secret, self.host.clock())

    def forget(self, host: str, username: str, secret: str) -> None:
        """See `RefusalMemory.forget`."""
        # Only a forced secret can have a refusal: any other was recalled before it was sent.
        if self.force:
            with suppress(HostError):  # nor that it was taken
                self.host.refusals.remove(host, username.casefold(), secret)
