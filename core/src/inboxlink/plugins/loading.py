"""Import what was vetted, and register it.

stevedore imports and reports failures; pluggy checks signatures and holds the hooks. stevedore's
cache is not used: it loses the distribution that an entry point belongs to.

Each import runs in a daemon thread of its own and all at once, so that one that never ends costs
the program its deadline and not its life, and takes no time from the others.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import Any

import pluggy
from stevedore.extension import ExtensionManager
from stevedore.named import NamedExtensionManager

from inboxlink import hookspecs
from inboxlink.errors import ProviderFault, problem
from inboxlink.plugins.candidates import GROUP, Candidate
from inboxlink.plugins.threads import provider_thread

__all__ = ["IMPORT_S", "REQUIRED_HOOKS", "Registry", "load"]

#: Seconds for the imports. A provider's module is light, its SDK waits for the hook that needs it.
IMPORT_S = 5.0

REQUIRED_HOOKS = ("describe", "detect", "disclose", "authenticate", "verify")


@dataclass
class Registry:
    """Providers that were imported and passed pluggy's checks, and those that did not."""

    manager: pluggy.PluginManager
    candidates: dict[str, Candidate] = field(default_factory=dict)
    faults: dict[str, ProviderFault] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the providers that can be called, sorted."""
        return tuple(sorted(name for name in self.candidates if name not in self.faults))

    def has(self, name: str, hook: str) -> bool:
        """Whether a provider implements a hook, which is what having the capability means."""
        callers = self.manager.get_hookcallers(self.manager.get_plugin(name)) or []
        return any(caller.name == hook for caller in callers)


class _VettedManager(NamedExtensionManager[Any]):
    """A manager that sees one vetted entry point and no other."""

    def __init__(self, vetted: Candidate) -> None:
        self._vetted = vetted.entry_point
        self.failure: BaseException | None = None
        super().__init__(
            GROUP,
            names=[vetted.name],
            on_load_failure_callback=self._note,
            on_missing_entrypoints_callback=None,
        )

    def list_entry_points(self) -> list[EntryPoint]:
        return [self._vetted]

    @staticmethod
    def _note(manager: ExtensionManager[Any], _: EntryPoint, error: BaseException) -> None:
        assert isinstance(manager, _VettedManager)
        manager.failure = error


class _Import:
    """One import on its way."""

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self._plugin: object = None
        self._error: BaseException | None = None
        self._thread = provider_thread(candidate.name, "import", self._run)

    def plugin(self, until: float) -> object:
        """What was imported, at the latest at `until` on the monotonic clock.

        Raises:
            ProviderFault: `provider_load_failed`, `provider_overran`.
        """
        self._thread.join(max(until - time.monotonic(), 0))
        if self._thread.is_alive():
            raise ProviderFault(
                problem(
                    "provider_overran",
                    provider=self.candidate.name,
                    hook="import",
                    seconds=f"{IMPORT_S:g}",
                )
            )
        if self._error is not None:
            raise _fault(self.candidate, self._error)
        return self._plugin

    def _run(self) -> None:
        try:
            manager = _VettedManager(self.candidate)
            self._error = manager.failure
            self._plugin = next((each.plugin for each in manager), None)
        except BaseException as error:  # noqa: BLE001 - stevedore lets some escape, SystemExit too
            self._error = error


def load(vetted: Iterable[Candidate]) -> Registry:
    """Import and register; a provider that fails is named in `faults` and stops no other."""
    until = time.monotonic() + IMPORT_S
    imports = [_Import(each) for each in vetted]
    manager = pluggy.PluginManager("inboxlink")
    manager.add_hookspecs(hookspecs)
    registry = Registry(manager, {each.candidate.name: each.candidate for each in imports})
    for each in imports:
        name = each.candidate.name
        try:
            _register(manager, name, each.plugin(until))
        except ProviderFault as fault:
            registry.faults[name] = fault
        except Exception as error:  # noqa: BLE001 - pluggy looks at every attribute, which may raise
            registry.faults[name] = _fault(each.candidate, error)
        if name in registry.faults and manager.has_plugin(name):
            manager.unregister(name=name)
    return registry


def _register(manager: pluggy.PluginManager, name: str, plugin: object) -> None:
    manager.register(plugin, name)
    callers = manager.get_hookcallers(plugin) or []
    implemented = {each.name for each in callers}
    missing = [hook for hook in REQUIRED_HOOKS if hook not in implemented]
    # A misspelt hook is no error to pluggy until somebody asks.
    unknown = [
        each.name
        for each in callers
        if not each.has_spec() and not all(impl.optionalhook for impl in each.get_hookimpls())
    ]
    if unknown or missing:
        said = [f"unknown hook {hook}" for hook in unknown] + [
            f"no hook {hook}" for hook in missing
        ]
        raise ProviderFault(problem("provider_load_failed", provider=name, reason=", ".join(said)))


def _fault(candidate: Candidate, error: BaseException) -> ProviderFault:
    try:
        said = " ".join(str(error).split())
    except BaseException:  # noqa: BLE001 - its words are the provider's code too
        said = "…"
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    fault = ProviderFault(
        problem(
            "provider_load_failed",
            provider=f"{candidate.name} ({candidate.distribution} {candidate.version})",
            reason=reason[:300],
        )
    )
    fault.__cause__ = error
    return fault
