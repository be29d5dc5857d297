"""How long a certificate is valid."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Validity"]


@dataclass(frozen=True, slots=True)
class Validity:
    """The two ends that stand in a certificate (RFC 5280 section 4.1.2.5).

    Args:
        begins_at: Aware, in UTC.
        ends_at: Aware, in UTC.
    """

    begins_at: datetime
    ends_at: datetime
