"""One thing that was looked at."""

from dataclasses import dataclass

from inboxlink.errors import Problem
from inboxlink.forecast.foresight import Forecast
from inboxlink.types.text import Text

__all__ = ["Finding", "unreadable"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: Stable: `config`, `versions`, `data`, `files`, `store`, `key`, `providers`,
            `provider`, `trust`, `names`, `client`, `clock`.
        title: What it is called.
        ok: None = there is nothing to judge yet.
        detail: What was found; None where `problem` says it.
        problem: Set where `ok` is False.
        provider: Whose registration or code it is; None = nobody's.
        forecasts: What of it ends soon, which is no fault yet.
    """

    name: str
    title: Text
    ok: bool | None
    detail: Text | None = None
    problem: Problem | None = None
    provider: str | None = None
    forecasts: tuple[Forecast, ...] = ()


def unreadable(trouble: Problem) -> Finding:
    """The finding of a configuration that cannot be used, without which nothing else can."""
    return Finding("config", Text("checkup.config"), ok=False, problem=trouble)
