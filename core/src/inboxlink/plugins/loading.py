"""Import what was vetted, and register it.

stevedore imports and reports failures; pluggy checks signatures and holds the hooks. stevedore's
cache is not used: it loses the distribution that an entry point belongs to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import Any

import pluggy
from stevedore.extension import Extension, ExtensionManager
from stevedore.named import NamedExtensionManager

from inboxlink import hookspecs
from inboxlink.errors import InboxlinkError, ProviderFault, problem
from inboxlink.plugins.candidates import GROUP, Candidate

__all__ = ["REQUIRED_HOOKS", "Registry", "load"]

REQUIRED_HOOKS = ("detect", "disclose", "authenticate", "verify")


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
    """A manager that sees the vetted entry points and no others."""

    def __init__(self, vetted: tuple[Candidate, ...]) -> None:
        self._vetted = [each.entry_point for each in vetted]
        self.failures: dict[str, BaseException] = {}
        super().__init__(
            GROUP,
            names=[each.name for each in vetted],
            on_load_failure_callback=self._note,
            on_missing_entrypoints_callback=None,
        )

    def list_entry_points(self) -> list[EntryPoint]:
        return self._vetted

    def _load_one_plugin(
        self,
        ep: EntryPoint,
        invoke_on_load: bool,  # noqa: FBT001 - stevedore's signature
        invoke_args: tuple[Any, ...],
        invoke_kwds: dict[str, Any],
    ) -> Extension[Any] | None:
        # stevedore lets these two escape its callback, and one bad import would end the host.
        try:
            return super()._load_one_plugin(ep, invoke_on_load, invoke_args, invoke_kwds)
        except (AssertionError, SystemExit) as error:
            raise ImportError(f"{type(error).__name__} at import: {error}") from error

    @staticmethod
    def _note(
        manager: ExtensionManager[Any], entry_point: EntryPoint, error: BaseException
    ) -> None:
        assert isinstance(manager, _VettedManager)
        manager.failures[entry_point.name] = error


def load(vetted: Iterable[Candidate]) -> Registry:
    """Import and register; a provider that fails is named in `faults` and stops no other."""
    vetted = tuple(vetted)
    manager = pluggy.PluginManager("inboxlink")
    manager.add_hookspecs(hookspecs)
    registry = Registry(manager, {each.name: each for each in vetted})
    extensions = _VettedManager(vetted)
    for name, error in extensions.failures.items():
        registry.faults[name] = _fault(registry.candidates[name], error)
    for extension in extensions:
        try:
            _register(manager, extension.name, extension.plugin)
        except (pluggy.PluginValidationError, InboxlinkError) as error:
            if manager.has_plugin(extension.name):
                manager.unregister(name=extension.name)
            registry.faults[extension.name] = _fault(registry.candidates[extension.name], error)
    return registry


def _register(manager: pluggy.PluginManager, name: str, plugin: object) -> None:
    manager.register(plugin, name)
    # A misspelt hook is no error to pluggy until somebody asks.
    manager.check_pending()
    callers = manager.get_hookcallers(plugin) or []
    missing = [hook for hook in REQUIRED_HOOKS if hook not in {each.name for each in callers}]
    if missing:
        raise ProviderFault(
            problem("provider_load_failed", provider=name, reason=f"no hook {', '.join(missing)}")
        )


def _fault(candidate: Candidate, error: BaseException) -> ProviderFault:
    if isinstance(error, ProviderFault):
        return error
    reason = f"{type(error).__name__}: {error}"
    fault = ProviderFault(
        problem(
            "provider_load_failed",
            provider=f"{candidate.name} ({candidate.distribution} {candidate.version})",
            reason=reason[:300],
        )
    )
    fault.__cause__ = error
    return fault
