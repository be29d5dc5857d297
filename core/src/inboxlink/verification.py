"""One direction of a verification, stage by stage: for providers."""

import time
from collections.abc import Callable
from typing import TypeVar

from inboxlink.errors import InboxlinkError, Problem, UnreachableError
from inboxlink.types.context import Channel, HttpSession
from inboxlink.types.report import Chain, Check, is_whole
from inboxlink.types.text import Text
from inboxlink.types.validity import Validity

__all__ = ["Stages", "Stopped"]

_R = TypeVar("_R")
_Way = TypeVar("_Way", Channel, HttpSession)

_CONNECTING = ("dns", "tcp", "tls")


class Stopped(Exception):
    """A stage failed and was noted; the rest of the direction is not reached."""


class Stages:
    """Run the stages of one direction and note what came of each.

    Args:
        chain: The direction.
        names: The stages after connecting, in the order of the report.
        connects: Whether the direction has a connection of its own, and so `dns`, `tcp` and `tls`.
    """

    def __init__(self, chain: Chain, *names: str, connects: bool = True) -> None:
        self._chain = chain
        self._checks = {
            name: Check(chain=chain, stage=name, ok=None)
            for name in (*(_CONNECTING if connects else ()), *names)
        }

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every stage; the ones that were not reached with `ok` None."""
        return tuple(self._checks.values())

    @property
    def is_whole(self) -> bool:
        """Whether every stage went well, but for those that were not granted."""
        return is_whole(self.checks)

    def connect(self, open_way: Callable[[], _Way]) -> _Way:
        """Open a channel, or a session of the web: the stages `dns`, `tcp` and `tls`.

        Args:
            open_way: Calls `ctx.open` or `ctx.http`.

        Raises:
            Stopped: One of them failed.
        """
        try:
            way = open_way()
        except UnreachableError as error:
            self._connected(error.took_ms)
            took_ms = dict(error.took_ms).get(error.stage, 0.0)
            self._failed(error.stage, error.problem, took_ms)
        except InboxlinkError as error:  # the address policy, which judges what DNS said
            self._failed("dns", error.problem, 0.0)
        else:
            self._connected(way.took_ms)
            self._note("tls", ok=True, evidence=way.tls_version, certificate=way.validity)
            return way
        raise Stopped

    def run(
        self, name: str, call: Callable[[], _R], evidence: Callable[[_R], str | Text | None]
    ) -> _R:
        """Run one stage.

        Args:
            name: The stage.
            call: What it does.
            evidence: What to say of what was seen; see `Check`.

        Raises:
            Stopped: It failed.
        """
        began = time.perf_counter()
        try:
            seen = call()
        except InboxlinkError as error:
            self._failed(name, error.problem, _since(began))
        else:
            self._note(name, ok=True, evidence=evidence(seen), took_ms=_since(began))
            return seen
        raise Stopped

    def fail(self, name: str, problem: Problem, took_ms: float) -> None:
        """Note that a stage failed without an exception."""
        self._failed(name, problem, took_ms)

    def withhold(self, *names: str) -> None:
        """Note that stages need what was not granted, so that they are not tried."""
        for name in names:
            self._checks[name] = Check(chain=self._chain, stage=name, ok=None, is_granted=False)

    def add(self, name: str) -> None:
        """One more stage at the end."""
        self._checks[name] = Check(chain=self._chain, stage=name, ok=None)

    def problem_of(self, name: str) -> Problem | None:
        """What a stage failed with; None = it did not fail."""
        return self._checks[name].problem

    def is_ok(self, name: str) -> bool:
        """Whether a stage was reached and went well."""
        return self._checks[name].ok is True

    def _connected(self, took_ms: tuple[tuple[str, float], ...]) -> None:
        for name, took in took_ms:
            self._note(name, ok=True, took_ms=took)

    def _failed(self, name: str, problem: Problem, took_ms: float) -> None:
        self._checks[name] = Check(
            chain=self._chain, stage=name, ok=False, problem=problem, took_ms=took_ms
        )

    def _note(
        self,
        name: str,
        *,
        ok: bool,
        evidence: str | Text | None = None,
        took_ms: float | None = None,
        certificate: Validity | None = None,
    ) -> None:
        before = self._checks[name].took_ms
        self._checks[name] = Check(
            chain=self._chain,
            stage=name,
            ok=ok,
            evidence=evidence,
            took_ms=before if took_ms is None else took_ms,
            certificate=certificate,
        )


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
