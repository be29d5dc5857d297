"""At most one wrong use of a secret: servers lock a mailbox after a few."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from inboxlink.errors import Problem, SignInError

__all__ = ["Attempts", "RefusalMemory"]

#: Answers that mean that the server judged the secret itself, and counted it as wrong. So does a
#: bare refusal, for which nobody knows whom to blame: it may have been the secret.
_WRONG = frozenset(
    {"invalid_credentials", "app_password_required", "credentials_expired", "grant_ended"}
)


class RefusalMemory(Protocol):
    """What is remembered of refused secrets from one action to the next."""

    def recall(self, host: str, username: str, secret: str) -> Problem | None:
        """Why the secret must not be sent to this host now; None = it may be."""

    def remember(self, host: str, username: str, secret: str) -> None:
        """The host refused the secret just now."""

    def forget(self, host: str, username: str, secret: str) -> None:
        """The host took the secret just now, so that an earlier refusal no longer counts."""


class Attempts:
    """The uses of secrets in one action of a person, in any number of threads.

    Args:
        memory: Of earlier actions; None = there is none.
    """

    def __init__(self, memory: RefusalMemory | None = None) -> None:
        self._memory = memory
        self._refused: dict[str, Problem] = {}

    @contextmanager
    def use(self, host: str, username: str, secret: str) -> Iterator[None]:
        """Hold the one use of a secret at a server; the block sends it.

        A secret that any server refused in this action goes to none again, whatever the protocol,
        the mechanism or the user name: that would be a second wrong try of the same typing error.

        Raises:
            SignInError: Before anything is sent, where the secret was refused already; and the
                block's own.
        """
        refused = self._refused.get(secret)
        if refused is None and self._memory is not None:
            refused = self._memory.recall(host, username, secret)
        if refused is not None:
            raise SignInError(refused)
        try:
            yield
        except SignInError as error:
            if error.code in _WRONG or error.problem.blame is None:
                self._refused[secret] = error.problem
                if self._memory is not None:
                    self._memory.remember(host, username, secret)
            raise
        if self._memory is not None:
            self._memory.forget(host, username, secret)
