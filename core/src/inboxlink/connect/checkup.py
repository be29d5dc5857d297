"""Look an installation over without changing it, from its file to each provider's registration.

What is not there yet is no fault: an installation makes its store and its key at their first use.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from inboxlink.connect.host import Host
from inboxlink.errors import InboxlinkError, Problem, ProviderFault, problem
from inboxlink.oauth.client import client_problems
from inboxlink.plugins.calling import DEADLINES_S, NETWORK_MARGIN_S
from inboxlink.plugins.shape import misfit
from inboxlink.types.context import HookContext
from inboxlink.types.text import Text

__all__ = ["Finding", "check_up", "unreadable"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: Stable: `config`, `data`, `store`, `key`, `providers`, `provider`, `client`.
        title: What it is called.
        ok: None = there is nothing to judge yet.
        detail: What was found; None where `problem` says it.
        problem: Set where `ok` is False.
        provider: Whose registration or code it is; None = nobody's.
    """

    name: str
    title: Text
    ok: bool | None
    detail: Text | None = None
    problem: Problem | None = None
    provider: str | None = None


def unreadable(trouble: Problem) -> Finding:
    """The finding of a configuration that cannot be used, without which nothing else can."""
    return Finding("config", Text("checkup.config"), ok=False, problem=trouble)


def check_up(host: Host, *, online: bool) -> Iterator[Finding]:
    """Look at one thing after the other.

    Args:
        host: The installation.
        online: Whether authorization servers may be asked about the application.
    """
    try:
        _ = host.config
    except InboxlinkError as error:
        yield unreadable(error.problem)
        return
    key = "checkup.config.good" if host.paths.config.exists() else "checkup.config.absent"
    path = Text(key, {"path": str(host.paths.config)})
    yield Finding("config", Text("checkup.config"), ok=True, detail=path)
    data = _data(host)
    yield data
    store = _store(host, is_open=data.ok)
    yield store
    yield _key(host, is_open=store.ok)
    yield from _providers(host)
    for name in host.registry.names:
        yield from _client(host, name, online=online)


def _data(host: Host) -> Finding:
    from inboxlink.vault.files import private_directory

    title, path = Text("checkup.data"), {"path": str(host.paths.data)}
    if not os.path.lexists(host.paths.data):
        return Finding("data", title, ok=None, detail=Text("checkup.later", path))
    try:
        private_directory(host.paths.data)
    except InboxlinkError as error:
        return Finding("data", title, ok=False, problem=error.problem)
    return Finding("data", title, ok=True, detail=Text("checkup.data.good", path))


def _store(host: Host, *, is_open: bool | None) -> Finding:
    from inboxlink.store.engine import HEAD, is_made

    title = Text("checkup.store")
    if is_open is False:
        return Finding("store", title, ok=None, detail=Text("checkup.not_reached"))
    try:
        if not is_made(host.config.store.url, host.paths.data):
            return Finding("store", title, ok=None, detail=Text("checkup.later"))
        _ = host.store
    except InboxlinkError as error:
        return Finding("store", title, ok=False, problem=error.problem)
    detail = Text("checkup.store.good", {"revision": HEAD})
    return Finding("store", title, ok=True, detail=detail)


def _key(host: Host, *, is_open: bool | None) -> Finding:
    from inboxlink.store.keys import recorded_key

    title = Text("checkup.key")
    if is_open is False:
        return Finding("key", title, ok=None, detail=Text("checkup.not_reached"))
    try:
        recorded = recorded_key(host.store) if is_open else None
        if recorded is None:
            return Finding("key", title, ok=None, detail=Text("checkup.later"))
        _ = host.vault
    except InboxlinkError as error:
        return Finding("key", title, ok=False, problem=error.problem)
    detail = {"key_id": recorded.key_id, "source": recorded.source.value}
    return Finding("key", title, ok=True, detail=Text("checkup.key.good", detail))


def _providers(host: Host) -> Iterator[Finding]:
    faults: dict[str, Problem] = {}
    for name in host.registry.candidates:
        try:
            host.info(name)
        except ProviderFault as fault:
            faults[name] = fault.problem
    count = len(host.registry.candidates) - len(faults)
    detail = Text(
        "checkup.providers.counted", {"available": str(count), "faulty": str(len(faults))}
    )
    # Without any, nobody can connect, and that can be as it is meant.
    yield Finding("providers", Text("checkup.providers"), ok=True if count else None, detail=detail)
    for name, trouble in faults.items():
        title = Text("checkup.provider", {"provider": name})
        yield Finding("provider", title, ok=False, problem=trouble, provider=name)


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
        yield Finding("client", title, ok=True, detail=detail, provider=provider)


def _client_problems(
    host: Host, provider: str, settings: dict[str, str], *, online: bool
) -> tuple[Problem, ...]:
    if not host.registry.has(provider, "check_client"):
        return client_problems(settings, provider)
    context = HookContext(
        settings=settings,
        deadline=time.monotonic() + DEADLINES_S["check_client"] - NETWORK_MARGIN_S,
        wire=host.network,
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
