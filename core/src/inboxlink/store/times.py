"""Times as text that sorts."""

from datetime import UTC, datetime
from typing import overload

__all__ = ["from_text", "to_text"]


@overload
def to_text(moment: datetime) -> str: ...
@overload
def to_text(moment: None) -> None: ...
def to_text(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, always with microseconds, so that texts compare as times do."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def from_text(text: str) -> datetime:
    """Undo `to_text`."""
    return datetime.fromisoformat(text)
