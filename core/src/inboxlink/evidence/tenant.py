"""Whether a domain has a tenant at Microsoft, and in which of its clouds; no user is named.

That there is a tenant does not say where the mailboxes are: most domains that once tried a service
of Microsoft's have one. The discovery document is that of OpenID Connect, with members of
Microsoft's own.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from inboxlink.types.context import HttpAnswer

__all__ = ["HOSTS", "Tenancy", "Tenant", "address", "addresses", "read", "together"]

#: Where the worldwide cloud, that of the US government and that of China sign people in.
HOSTS = (
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
)

_MAX_BYTES = 64 * 1024
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: The tenant of everybody's personal accounts.
_CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
#: Older issuers have a host of their own.
_ISSUERS = frozenset((*HOSTS, "sts.windows.net", "sts.chinacloudapi.cn"))

#: `cloud_instance_name` to `HostingFact.cloud`.
_CLOUDS: Mapping[str, str | None] = {
    "microsoftonline.com": None,
    "microsoftonline.us": "gcc_high",
    "partner.microsoftonline.cn": "china",
}
#: `tenant_region_sub_scope` likewise; of GCC, a part of the worldwide cloud, nothing follows.
_SUB_SCOPES = {"DODCON": "gcc_high", "DOD": "dod"}


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant.

    Args:
        id: Its GUID, lower case.
        cloud: As in `HostingFact.cloud`.
    """

    id: str
    cloud: str | None = None


@dataclass(frozen=True, slots=True)
class Tenancy:
    """What the clouds say together.

    Args:
        tenants: Each once. A domain may have one in several clouds, and nothing that can be
            asked without signing in says which of them has the mail.
        unheard: Hosts that gave no answer to the question.
    """

    tenants: tuple[Tenant, ...] = ()
    unheard: tuple[str, ...] = ()

    @property
    def is_ambiguous(self) -> bool:
        """Whether there are several."""
        return len(self.tenants) > 1


def address(host: str, domain: str) -> str:
    """Where one cloud tells about a domain."""
    return f"https://{host}/{domain}/v2.0/.well-known/openid-configuration"


def addresses(domain: str) -> tuple[str, ...]:
    """Where the clouds tell about a domain, in the order of `HOSTS`."""
    return tuple(address(host, domain) for host in HOSTS)


def read(answer: HttpAnswer) -> Tenant | None:
    """The tenant of an answer; None = it names none, be it that there is none."""
    if answer.status != 200 or len(answer.body) > _MAX_BYTES:
        return None
    try:
        document = json.loads(answer.body)
        issuer = urlsplit(str(document["issuer"]))
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    tenant = issuer.path.strip("/").partition("/")[0].lower()
    is_known = issuer.scheme == "https" and issuer.netloc in _ISSUERS
    if not is_known or not _GUID.fullmatch(tenant) or tenant == _CONSUMERS:
        return None
    instance = document.get("cloud_instance_name")
    scope = document.get("tenant_region_sub_scope")
    if not isinstance(instance, str) or instance not in _CLOUDS:
        return None
    if isinstance(scope, str) and scope in _SUB_SCOPES:
        return Tenant(tenant, _SUB_SCOPES[scope])
    return Tenant(tenant, _CLOUDS[instance])


def together(answers: Mapping[str, HttpAnswer | None]) -> Tenancy:
    """What the answers say together.

    Args:
        answers: By host; None = there was none.
    """
    tenants = {host: read(answer) for host, answer in answers.items() if answer is not None}
    return Tenancy(
        tenants=tuple(dict.fromkeys(tenant for tenant in tenants.values() if tenant is not None)),
        unheard=tuple(
            host
            for host, answer in answers.items()
            # Status 400 is how "there is no such tenant" is said.
            if tenants.get(host) is None and (answer is None or answer.status != 400)
        ),
    )
