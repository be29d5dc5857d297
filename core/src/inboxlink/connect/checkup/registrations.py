"""The operator's registrations with the providers that sign in on the web."""

import time
from collections.abc import Iterator

from inboxlink.connect.checkup.finding import Finding
from inboxlink.connect.forecasting import registration_forecasts
from inboxlink.connect.host import Host
from inboxlink.errors import InboxlinkError, Problem, ProviderFault, problem
from inboxlink.oauth.client import client_problems
from inboxlink.plugins.calling import DEADLINES_S, NETWORK_MARGIN_S
from inboxlink.plugins.shape import misfit
from inboxlink.types.context import HookContext
from inboxlink.types.text import Text

__all__ = ["look_at_registrations"]


def look_at_registrations(host: Host, *, online: bool) -> Iterator[Finding]:
    """One finding for each registration, or for each thing that is wrong with it."""
    for name in host.registry.names:
        yield from _client(host, name, online=online)


def _client(host: Host, provider: str, *, online: bool) -> Iterator[Finding]:
    title = Text("checkup.client", {"provider": provider})
    try:
        ways = host.info(provider).ways
    except ProviderFault:  # told among the providers
        return
    if not ways:
        return
    try:
        settings = host.client_settings(provider)
        if not settings:
            # Most operators register with one of several providers.
            detail = Text("checkup.client.none", {"provider": provider})
            yield Finding("client", title, ok=None, detail=detail, provider=provider)
            return
        troubles = _client_problems(host, provider, settings, online=online)
    except InboxlinkError as error:
        troubles = (error.problem,)
    for trouble in troubles:
        yield Finding("client", title, ok=False, problem=trouble, provider=provider)
    if not troubles:
        detail = Text("checkup.client.asked" if online else "checkup.client.good")
        ends = registration_forecasts(host, provider)
        yield Finding("client", title, ok=True, detail=detail, provider=provider, forecasts=ends)


def _client_problems(
    host: Host, provider: str, settings: dict[str, str], *, online: bool
) -> tuple[Problem, ...]:
    if not host.registry.has(provider, "check_client"):
        return client_problems(settings, provider)
    context = HookContext(
        settings=settings,
        deadline=time.monotonic() + DEADLINES_S["check_client"] - NETWORK_MARGIN_S,
        wire=host.wire,
        clock=host.clock,
        random_token=host.random_token,
    )
    found: tuple[Problem, ...] = host.caller.call(
        provider, "check_client", ctx=context, online=online
    )
    reason = misfit(found, tuple[Problem, ...])
    if reason is not None:
        raise ProviderFault(
            problem(
                "provider_result_invalid", provider=provider, hook="check_client", reason=reason
            )
        )
    return found
