"""The user name that goes with an address on one endpoint."""

import re

from inboxlink.types.address import Address
from inboxlink.types.detection import Endpoint

__all__ = ["rendered"]

_PLACEHOLDER = re.compile(r"\{(address|local|domain)\}")


def rendered(endpoint: Endpoint | None, address: Address) -> str:
    """Fill the template of an endpoint; without one the whole address is the user name."""
    template = "{address}" if endpoint is None or not endpoint.username else endpoint.username
    values = {"address": str(address), "local": address.local, "domain": address.domain}
    # Not str.format: a template is data from outside, and an address may hold braces itself.
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)
