"""What the web is asked, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["HttpAnswer", "Probe", "Probed"]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer of the web, read to its end under a cap.

    Args:
        url: The address that answered, after redirects.
        headers: Names in lower case; values of one name that came in several lines are joined
            by commas.
        via: The addresses that redirected there, in order; empty where none did.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """A question that a provider wants put to one server before it judges a domain.

    Args:
        url: An https address, asked once by GET: without a body, without credentials, and with
            nothing of the person in it. Its host is the domain, a name below the domain's
            registered domain, or one that the evidence names.
    """

    url: str


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of a probe.

    Args:
        url: As the probe had it.
        outcome: `answered`, or the code of what kept the answer from coming, such as
            `timed_out` or `certificate_expired`.
        answer: Of any status, its body no longer than 64 KiB; None = there was none.
    """

    url: str
    outcome: str
    answer: HttpAnswer | None = None
