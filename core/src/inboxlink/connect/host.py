"""An installation: its configuration, store, key, network and providers, made when first used."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from inboxlink.config import source
from inboxlink.config.paths import Paths, locate
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
from inboxlink.texts import Words
from inboxlink.types.address import Address, parse_address
from inboxlink.types.detection import Detection, Evidence, PublishedServer
from inboxlink.types.disclosure import Application
from inboxlink.types.provider import ProviderInfo

if TYPE_CHECKING:
    from inboxlink.config.model import Config
    from inboxlink.consent.ledger import Ledger
    from inboxlink.evidence.notice import Asked
    from inboxlink.flows.engine import Engine
    from inboxlink.network.wire import Network
    from inboxlink.plugins.loading import Registry
    from inboxlink.probes import Probing
    from inboxlink.store.connections import Connections
    from inboxlink.store.engine import Store
    from inboxlink.store.refusals import Refusals
    from inboxlink.store.tickets import Tickets
    from inboxlink.types.context import Wire
    from inboxlink.vault import Vault

__all__ = ["Host"]


def _random_token(octets: int) -> str:
    import secrets

    return secrets.token_urlsafe(octets)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Host:
    """One installation, opened once per process and closed at its end.

    The store, the vault and the network cost more to import than most commands cost to run, so
    that each is imported when it is first used.

    Args:
        environ: The environment; `INBOXLINK_HOME` and the like are read from it.
        allow_private: Whether private networks may be reached without an operator's entry.
        clock: The time, aware and in UTC.
        random_token: Gives an unguessable token of that many random bytes.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        paths: Paths | None = None,
        allow_private: bool = False,
        clock: Callable[[], datetime] = _utc_now,
        random_token: Callable[[int], str] = _random_token,
    ) -> None:
        self.environ = os.environ if environ is None else environ
        self.paths = paths or locate(self.environ)
        self.clock = clock
        self.random_token = random_token
        self._allow_private = allow_private
        self._door: Wire | None = None

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store, if it was opened."""
        store = self.__dict__.pop("store", None)
        if store is not None:
            store.close()

    @cached_property
    def config(self) -> "Config":
        """The operator's configuration, checked."""
        from inboxlink.config.model import load

        return load(self.paths.config)

    @cached_property
    def _raw_config(self) -> dict[str, Any]:
        return source.read(self.paths.config)

    def application(self, language: str) -> Application:
        """The operator's application as it is called in this language."""
        if not source.has(self._raw_config, "application"):
            return Application(Words(language)("application.unnamed"))
        section = self.config.application
        name = section.name or Words(language)("application.unnamed")
        return Application(name, section.privacy_policy, section.support)

    @property
    def troubleshooting(self) -> str | None:
        """The operator's help for errors; None = they named none.

        Raises:
            SetupError: What the configuration raises.
        """
        if not source.has(self._raw_config, "application", "troubleshooting"):
            return None
        return self.config.application.troubleshooting

    @cached_property
    def store(self) -> "Store":
        """The store, its schema up to date."""
        from inboxlink.store.engine import open_store

        return open_store(self.config.store.url, self.paths.data)

    @cached_property
    def vault(self) -> "Vault":
        """The key, which the store remembers from its first use on."""
        from inboxlink.store.keys import recorded_key, remember_key
        from inboxlink.vault import open_vault

        recorded = recorded_key(self.store)
        vault = open_vault(self.paths.data, self.environ, recorded)
        if recorded is None:
            remember_key(self.store, vault.recorded)
        return vault

    @cached_property
    def ledger(self) -> "Ledger":
        """The consent ledger."""
        import socket

        from inboxlink.consent.ledger import Ledger

        return Ledger(self.store, self.vault, socket.gethostname(), self.clock)

    @cached_property
    def connections(self) -> "Connections":
        """The connections that are kept."""
        from inboxlink.store.connections import Connections

        return Connections(self.store, self.vault)

    @cached_property
    def refusals(self) -> "Refusals":
        """The secrets that were refused a short while ago."""
        from inboxlink.store.refusals import Refusals

        return Refusals(self.store, self.vault)

    @cached_property
    def tickets(self) -> "Tickets":
        """The tries that wait for an administrator."""
        from inboxlink.store.tickets import Tickets

        return Tickets(self.store, self.vault)

    @cached_property
    def engine(self) -> "Engine":
        """The sign-ins in progress."""
        from inboxlink.flows.engine import Engine
        from inboxlink.store.flows import SqlFlows

        return Engine(SqlFlows(self.store, self.vault), self.vault, self.clock, self.random_token)

    @cached_property
    def network(self) -> "Network":
        """The doors to the network."""
        from inboxlink.network.wire import Network

        return Network(self.config.network_settings(allow_private=self._allow_private))

    @property
    def wire(self) -> "Wire":
        """What providers are lent: the doors to the network, or what was put before them."""
        return self._door or self.network

    @contextmanager
    def through(self, door: "Wire") -> Iterator[None]:
        """Lend providers this door within the block."""
        before, self._door = self._door, door
        try:
            yield
        finally:
            self._door = before

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
        names = source.provider_names(self._raw_config)
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

    def new_id(self) -> str:
        """An unguessable id for something that is kept."""
        # With a hyphen in front a command line would take it for an option.
        while (drawn := self.random_token(9)).startswith("-"):
            pass
        return drawn

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
        has_own = source.has(self._raw_config, "network", "special_domains")
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
        has_own = source.has(self._raw_config, "lookup")
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
        if not source.has(self._raw_config, "presets"):
            return {}
        from inboxlink.config.model import preset_servers

        return {name: preset_servers(each) for name, each in self.config.presets.items()}

    @cached_property
    def _preference(self) -> list[str]:
        preference = source.provider_names(self._raw_config) or ()
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
