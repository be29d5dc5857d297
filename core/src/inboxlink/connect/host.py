"""An installation's providers: which may be used, and what they make of an address."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from inboxlink.config import source
from inboxlink.connect.installation import Installation
from inboxlink.detection import MADE_FOR_A_HOSTER, Recommendation, chosen_by_hand, recommend
from inboxlink.errors import InboxlinkError, Problem, ProviderFault
from inboxlink.evidence.lookup import (
    DEADLINE_S,
    LookupDepth,
    LookupSettings,
    known,
    look_up,
)
from inboxlink.plugins.calling import Caller
from inboxlink.plugins.candidates import installed
from inboxlink.plugins.description import described
from inboxlink.plugins.policy import Policy, State, Verdict, vet
from inboxlink.plugins.record import ProviderRecord, RecordFile
from inboxlink.types.address import Address, parse_address
from inboxlink.types.detection import Detection, Evidence, PublishedServer
from inboxlink.types.provider import ProviderInfo

if TYPE_CHECKING:
    from inboxlink.evidence.notice import Asked
    from inboxlink.plugins.loading import Registry
    from inboxlink.probes import Probing

__all__ = ["Host"]


class Host(Installation):
    """One installation with its providers, and what they make of an address.

    It takes the arguments of `Installation`.
    """

    @cached_property
    def registry(self) -> "Registry":
        """The providers that may be used, imported."""
        from inboxlink.plugins.loading import load as load_providers

        return load_providers(
            verdict.candidate for verdict in self._verdicts if verdict.state is State.AVAILABLE
        )

    @cached_property
    def _provider_record(self) -> ProviderRecord:
        return RecordFile(self.paths.data).read()

    @cached_property
    def _verdicts(self) -> tuple[Verdict, ...]:
        names = source.provider_names(self.raw_config)
        return vet(installed(), Policy.read(self.environ, names), self._provider_record)

    @cached_property
    def caller(self) -> Caller:
        """The one way to run a provider's code."""
        return Caller(self.registry)

    @property
    def string_packages(self) -> dict[str, str]:
        """Where the strings of each provider stand."""
        return {name: each.package for name, each in self.registry.candidates.items()}

    def absence(self, provider: str) -> Problem | None:
        """Why a provider cannot be called, such as one that was removed; None = it can be."""
        from inboxlink.plugins.absence import absence

        return absence(provider, self.registry, self._verdicts, self._provider_record)

    def require(self, provider: str) -> None:
        """Refuse what only a provider that can be called is able to do.

        Raises:
            SetupError: `provider_not_installed`, `provider_unknown`.
            ProviderFault: It is installed, and ruled out or broken.
        """
        absent = self.absence(provider)
        if absent is not None:
            raise InboxlinkError.of(absent)

    def info(self, provider: str) -> ProviderInfo:
        """What a provider says of itself.

        Raises:
            SetupError: As `require`.
            ProviderFault: As `require`, or it could not be asked.
        """
        self.require(provider)
        return described(self.caller, provider)

    def client_settings(self, provider: str) -> dict[str, str]:
        """The operator's registration with a provider, secrets in the clear; empty = none.

        Raises:
            SetupError: `config_invalid`, `config_unreadable`.
            HostError: `file_exposed`: a secret's file that others can read.
        """
        from inboxlink.config.client import client_settings

        return client_settings(self.config, self.environ, provider)

    def offered(self) -> dict[str, ProviderInfo]:
        """The providers that a person can choose from, by name; a faulty one is none of them."""
        infos = {}
        for name in self.registry.names:
            with suppress(ProviderFault):
                infos[name] = self.info(name)
        return infos

    def address(self, typed: str) -> Address:
        """Read a typed address by the operator's rules.

        Raises:
            SetupError: `address_invalid` or `address_special_domain`.
        """
        has_own = source.has(self.raw_config, "network", "special_domains")
        special = self.config.network.special_domains if has_own else ()
        return parse_address(typed, special_domains=special)

    def would_ask(self, address: Address, settings: LookupSettings) -> "tuple[Asked, ...]":
        """Whom a look-up may ask; nobody where the answer is known here."""
        if not settings.asks(self.known(address.domain)):
            return ()
        from inboxlink.evidence.notice import asked

        return asked(address.domain, settings, has_probes=self._probing(settings).is_wanted)

    def lookup_settings(
        self,
        depth: LookupDepth,
        *,
        thorough: bool = False,
        refresh: bool = False,
        many: bool = False,
        insecure_http: bool = False,
        check: bool = False,
        deadline_s: float = DEADLINE_S,
    ) -> LookupSettings:
        """What a look-up of this installation may do; see `LookupSettings`.

        Args:
            depth: How far it goes.
            thorough: As there.
            refresh: As there.
            many: Whether it is one of many: it asks little, never guesses, and hears nothing by
                plain http.
            insecure_http: As there; the operator may have chosen it too.
            check: As there.
            deadline_s: As there.
        """
        has_own = source.has(self.raw_config, "lookup")
        lookup = self.config.lookup if has_own else None
        return LookupSettings(
            depth,
            community=lookup.community if lookup else True,
            cache=self.paths.data / "community",
            refresh=refresh,
            thorough=thorough,
            frugal=many,
            guess=not many,
            insecure_http=not many
            and (insecure_http or (lookup.insecure_http if lookup else False)),
            check=check,
            deadline_s=deadline_s,
        )

    def known(self, domain: str) -> Evidence:
        """What is known about a domain without asking anybody.

        Raises:
            SetupError: `address_public_suffix`, and what the configuration raises.
        """
        return known(domain, self._presets)

    def judge(self, evidence: Evidence, faults: Sequence[Problem] = ()) -> Recommendation:
        """Ask the providers what they make of evidence; `faults` are theirs from before."""
        return recommend(evidence, self.caller, self._preference, faults)

    def recommend(self, address: Address, settings: LookupSettings) -> Recommendation:
        """Look the domain up, as far as allowed, and ask the providers.

        Raises:
            SetupError: As `known`.
        """
        evidence = self.known(address.domain)
        if not settings.asks(evidence):
            return self.judge(evidence)
        began = time.monotonic()
        probing = self._probing(settings)
        if probing.is_wanted:
            settings = replace(settings, probes=probing)
        found = look_up(evidence, settings, lambda: self.network.settings)
        recommendation = self.judge(found, probing.faults)
        to_check = recommendation.to_check() if settings.check else ()
        if not to_check:
            return recommendation
        from inboxlink.evidence.checking import added, check

        checks = check(to_check, self.network, began + settings.deadline_s)
        return replace(recommendation, evidence=added(recommendation.evidence, checks, began))

    def _probing(self, settings: LookupSettings) -> "Probing":
        """What the providers may want asked in a look-up; nothing where the web is not."""
        from inboxlink.probes import Probing

        is_full = settings.depth is LookupDepth.FULL
        return Probing(self.caller, self._preference if is_full else ())

    @cached_property
    def _presets(self) -> dict[str, tuple[PublishedServer, ...]]:
        if not source.has(self.raw_config, "presets"):
            return {}
        from inboxlink.config.model import preset_servers

        return {name: preset_servers(each) for name, each in self.config.presets.items()}

    @cached_property
    def _preference(self) -> list[str]:
        preference = source.provider_names(self.raw_config) or ()
        # Those that could not be loaded too, so that a person hears why one is missing.
        order = [name for name in preference if name in self.registry.candidates]
        rest = sorted(name for name in self.registry.candidates if name not in order)
        # Of two that are equally sure, IMAP is for where the hoster's own way cannot be had.
        return order + sorted(rest, key=lambda name: name not in MADE_FOR_A_HOSTER)

    def choose(self, recommendation: Recommendation, provider: str) -> Detection:
        """The detection that a choice of provider goes on with; the choice is always free.

        Raises:
            SetupError: As `require`.
            ProviderFault: As `info`.
        """
        self.info(provider)
        return recommendation.of(provider) or chosen_by_hand(provider)
