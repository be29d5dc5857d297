"""Domains that were probably typed for another: one slip of a finger away from a hoster's."""

from inboxlink.evidence.table import hosters, of_domain

__all__ = ["probably_meant"]

#: What a host name may be written with (RFC 952, RFC 1123 section 2.1), and its dots.
_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-."


def probably_meant(domain: str) -> str | None:
    """The hoster's domain that differs by one character, or by two that changed places.

    Args:
        domain: The A-label form.

    Returns:
        The first of the table, where several are as near; None = none is, or it is a hoster's.
    """
    if of_domain(domain) is not None:
        return None
    parted = [(domain[:place], domain[place:]) for place in range(len(domain) + 1)]
    near = {
        *(before + after[1:] for before, after in parted),
        *(before + after[1::-1] + after[2:] for before, after in parted),
        *(before + each + after for before, after in parted for each in _CHARACTERS),
        *(before + each + after[1:] for before, after in parted for each in _CHARACTERS),
    }
    owned = (each for row in hosters().values() for each in row["domains"])
    return next((each for each in owned if each in near), None)
