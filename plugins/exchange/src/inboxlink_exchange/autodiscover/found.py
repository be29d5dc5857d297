"""What a server said to Autodiscover."""

from dataclasses import dataclass

__all__ = ["Found"]


@dataclass(frozen=True, slots=True)
class Found:
    """One answer. At most one of the three is set; none of them = there is nothing to go on with.

    Args:
        ews_url: Where EWS are, as the server says it.
        redirect_url: Another Autodiscover service to ask.
        redirect_address: Another address to ask for.
        error: What the server calls its refusal; None = it did not refuse.
    """

    ews_url: str | None = None
    redirect_url: str | None = None
    redirect_address: str | None = None
    error: str | None = None
