"""Run a provider's verification again from a support bundle, without the account or a network."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import SecretStr, TypeAdapter, ValidationError

from inboxlink.bundle.replay import Replay
from inboxlink.bundle.transcript import Conversation
from inboxlink.connect.host import Host
from inboxlink.connect.supporting import FORMAT
from inboxlink.errors import SetupError, problem
from inboxlink.plugins.calling import DEADLINES_S, NETWORK_MARGIN_S
from inboxlink.types.address import SPECIAL_USE_DOMAINS, parse_address
from inboxlink.types.attempts import Attempts
from inboxlink.types.context import CallContext
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import CertificatePin, Endpoint
from inboxlink.types.disclosure import Application, Audience, Capability
from inboxlink.types.report import VerifyReport

__all__ = ["verify_again_from"]

_ENDPOINT = TypeAdapter(Endpoint)
_CONVERSATIONS = TypeAdapter(tuple[Conversation, ...])


def verify_again_from(host: Host, bundle: Mapping[str, Any]) -> VerifyReport:
    """The report that the provider of this installation makes of what was heard then.

    Args:
        host: Whose providers are used; nothing else of it is.
        bundle: As `inboxlink doctor ADDRESS --bundle` wrote it.

    Raises:
        SetupError: `bundle_invalid`: it is no bundle of one mailbox, or of another form.
        ProviderFault: The provider broke the contract.
    """
    if bundle.get("format") != FORMAT or "connection" not in bundle:
        raise SetupError(problem("bundle_invalid"))
    try:
        said = _CONVERSATIONS.validate_python(bundle["conversations"], strict=False)
        kept = bundle["connection"]
        endpoints = tuple(_endpoint(each) for each in kept["endpoints"])
        credential = _credential(kept)
        context = _context(host, bundle, [each for each in said if each.hook == "verify"])
    except (ValidationError, ValueError, KeyError, TypeError):
        raise SetupError(problem("bundle_invalid")) from None
    report: VerifyReport = host.caller.call(
        kept["provider"],
        "verify",
        ctx=context,
        credential=credential,
        settings=kept["settings"],
        endpoints=endpoints,
    )
    return report


def _context(host: Host, bundle: Mapping[str, Any], said: list[Conversation]) -> CallContext:
    kept = bundle["connection"]
    made_at = datetime.fromisoformat(bundle["made_at"])
    return CallContext(
        settings={},
        deadline=time.monotonic() + DEADLINES_S["verify"] - NETWORK_MARGIN_S,
        wire=Replay(said),
        clock=lambda: made_at,
        random_token=host.random_token,
        attempts=Attempts(),
        address=parse_address(kept["address"], special_domains=SPECIAL_USE_DOMAINS),
        audience=Audience.PERSONAL,
        language="en",
        application=Application("inboxlink"),
        wanted=frozenset(Capability(each) for each in kept["wanted"]),
    )


def _credential(kept: Mapping[str, Any]) -> Credential:
    # What stands in place of each secret goes nowhere: the doors lead to the transcript.
    kind = CredentialKind(kept["kind"])
    names = (
        (SecretName.PASSWORD,)
        if kind is CredentialKind.PASSWORD
        else (SecretName.ACCESS_TOKEN, SecretName.REFRESH_TOKEN)
    )
    return Credential(
        kind=kind,
        account=kept["account"],
        secrets={name: SecretStr(f"replayed {name.value}") for name in names},
        scopes=tuple(kept["scopes"]),
    )


def _endpoint(kept: Mapping[str, Any]) -> Endpoint:
    fields = {name: kept[name] for name in ("role", "host", "port", "tls", "username")}
    pin = CertificatePin("0" * 64, "") if kept["pinned"] else None
    endpoint: Endpoint = _ENDPOINT.validate_python(fields | {"pin": pin}, strict=False)
    return endpoint
