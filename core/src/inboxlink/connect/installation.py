"""An installation: its configuration, store, key and network, each made when it is first used."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from inboxlink.config import source
from inboxlink.config.paths import Paths, locate
from inboxlink.texts import Words
from inboxlink.types.disclosure import Application

if TYPE_CHECKING:
    from inboxlink.config.model import Config
    from inboxlink.consent.ledger import Ledger
    from inboxlink.flows.engine import Engine
    from inboxlink.network.wire import Network
    from inboxlink.store.connections import Connections
    from inboxlink.store.engine import Store
    from inboxlink.store.refusals import Refusals
    from inboxlink.store.renewals import Renewals
    from inboxlink.store.tickets import Tickets
    from inboxlink.types.context import Wire
    from inboxlink.vault import Vault

__all__ = ["Installation"]


def _random_token(octets: int) -> str:
    import secrets

    return secrets.token_urlsafe(octets)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Installation:
    """What one installation is made of, opened once per process and closed at its end.

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

    def __enter__(self) -> Self:
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
    def raw_config(self) -> dict[str, Any]:
        """The configuration as it stands there, for what must not cost the check of it."""
        return source.read(self.paths.config)

    def application(self, language: str) -> Application:
        """The operator's application as it is called in this language."""
        if not source.has(self.raw_config, "application"):
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
        if not source.has(self.raw_config, "application", "troubleshooting"):
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
    def renewals(self) -> "Renewals":
        """The renewals of credentials, under way and at their end."""
        from inboxlink.store.renewals import Renewals

        return Renewals(self.store, self.vault)

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

    def new_id(self) -> str:
        """An unguessable id for something that is kept."""
        # With a hyphen in front a command line would take it for an option.
        while (drawn := self.random_token(9)).startswith("-"):
            pass
        return drawn
