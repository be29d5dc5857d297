"""Call one hook of one provider, under a deadline, and contain whatever comes of it.

pluggy would call every provider and abort on the first that raises; so each call names its
provider. A hook runs in a daemon thread: Python cannot end it, so one that overruns costs a
thread and its provider's good name for the rest of the process. The pure hooks of a provider are
called for every domain there is, and share a thread as long as none of them overruns.
"""

from collections.abc import Callable
from typing import Any

from inboxlink.errors import InboxlinkError, Problem, ProviderFault, problem
from inboxlink.plugins.loading import Registry
from inboxlink.plugins.shape import misfit
from inboxlink.plugins.threads import Worker, provider_thread
from inboxlink.types.provider import ProviderInfo

__all__ = ["DEADLINES_S", "NETWORK_MARGIN_S", "PURE_HOOKS", "Caller"]

#: Seconds that each hook has. A step and a verification wait for a server, the rest is pure.
DEADLINES_S = {
    "describe": 1.0,
    "detect_probes": 1.0,
    "detect": 1.0,
    "disclose": 1.0,
    "authenticate": 30.0,
    "verify": 60.0,
    "refresh": 30.0,
    "revoke": 30.0,
    "aliases": 30.0,
    "check_client": 30.0,
}

#: They are given no network, so that an error of the network is none that they were told.
PURE_HOOKS = frozenset({"describe", "detect_probes", "detect", "disclose"})

#: The network gives up this many seconds before the hook's time is over, so that a slow server
#: is reported by the hook as `timed_out` and never blamed on the provider.
NETWORK_MARGIN_S = 3.0


class Caller:
    """The one way to run a provider's code."""

    def __init__(self, registry: Registry, deadlines_s: dict[str, float] | None = None) -> None:
        self._registry = registry
        self._deadlines_s = deadlines_s or DEADLINES_S
        self.quarantined: dict[str, str] = {}
        #: What each provider said of itself, once it was held to the contract.
        self.descriptions: dict[str, ProviderInfo] = {}
        self._idle: dict[str, Worker] = {}
        self._hooks: dict[tuple[str, str], Callable[..., Any]] = {}

    def has(self, provider: str, hook: str) -> bool:
        """Whether a provider that can be called implements a hook."""
        return provider in self._registry.names and self._registry.has(provider, hook)

    def call(self, provider: str, hook: str, /, **arguments: object) -> Any:  # noqa: ANN401
        """Call `hook` of `provider` and give back its result, unchecked.

        Raises:
            InboxlinkError: What the network told the hook, passed on as it is.
            ProviderFault: `provider_raised`, `provider_overran`, `provider_quarantined`, or what
                kept the provider from being loaded.
        """
        if provider in self._registry.faults:
            # Made anew: an exception that is raised again and again keeps every traceback.
            raise ProviderFault(self._registry.faults[provider].problem)
        if provider not in self._registry.candidates:
            known = ", ".join(self._registry.names) or "-"
            raise ProviderFault(problem("provider_unknown", provider=provider, providers=known))
        if provider in self.quarantined:
            raise ProviderFault(
                problem("provider_quarantined", provider=provider, hook=self.quarantined[provider])
            )
        outcome = _Outcome()
        if not self._finish(provider, hook, lambda: self._run(outcome, provider, hook, arguments)):
            self.quarantined[provider] = hook
            raise ProviderFault(
                problem(
                    "provider_overran",
                    provider=provider,
                    hook=hook,
                    seconds=f"{self._deadlines_s[hook]:g}",
                )
            )
        error = outcome.error
        if isinstance(error, InboxlinkError) and hook not in PURE_HOOKS and _is_whole(error):
            raise error
        if error is not None:
            # The type alone: the words of an unforeseen exception may hold a secret.
            reason = type(error).__name__
            raise ProviderFault(
                problem("provider_raised", provider=provider, hook=hook, reason=reason)
            ) from None
        return outcome.result

    def _finish(self, provider: str, hook: str, target: Callable[[], None]) -> bool:
        """Run in a thread of the provider's; False = not done within the hook's time."""
        timeout_s = self._deadlines_s[hook]
        if hook not in PURE_HOOKS:
            thread = provider_thread(provider, hook, target)
            thread.join(timeout_s)
            return not thread.is_alive()
        # Whoever calls while it is busy gets another; of two that are idle one ends.
        worker = self._idle.pop(provider, None)
        if worker is None or not worker.is_alive:
            worker = Worker(provider)
        is_done = worker.run(target, timeout_s)
        if is_done:
            self._idle[provider] = worker
        return is_done

    def _run(
        self, outcome: "_Outcome", provider: str, hook: str, arguments: dict[str, object]
    ) -> None:
        try:
            results = self._hook(provider, hook)(**arguments)
            outcome.result = results[0] if results else None
        except BaseException as error:  # noqa: BLE001 - SystemExit of a provider ends only its call
            outcome.error = error

    def _hook(self, provider: str, hook: str) -> Callable[..., Any]:
        known = self._hooks.get((provider, hook))
        if known is None:
            manager = self._registry.manager
            others = [plugin for name, plugin in manager.list_name_plugin() if name != provider]
            known = self._hooks[provider, hook] = manager.subset_hook_caller(hook, others)
        return known


def _is_whole(error: InboxlinkError) -> bool:
    # A provider may raise one that it made, and what is made of it later needs all its parts.
    return misfit(getattr(error, "problem", None), Problem) is None


class _Outcome:
    def __init__(self) -> None:
        self.result: Any = None
        self.error: BaseException | None = None
