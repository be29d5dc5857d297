"""Google's and Microsoft's parts of the world: authorization server, mail API, people, faults."""

from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cryptography.hazmat.primitives.asymmetric import rsa

from inboxlink.testing.peers.faults import Faults
from peers.certificates import Authority
from peers.oauth.authorization import Account, AuthorizationServer
from peers.oauth.client import requests_session
from peers.oauth.gateway import Gateway
from peers.oauth.google import GoogleAccounts
from peers.oauth.google_api import GmailApi
from peers.oauth.microsoft import CONSUMERS, PUBLIC, WEB, EntraId, certified
from peers.oauth.microsoft_api import GraphApi
from peers.oauth.person import Person

if TYPE_CHECKING:
    import requests

__all__ = ["ALICE", "BOB", "CAROL", "GoogleWorld", "MicrosoftWorld", "World"]

#: Of a company whose domain is example.test.
ALICE = Account(
    "alice@example.test",
    "111111111111111111111",
    email="alice@example.test",
    name="Alice Example",
    oid="aaaaaaaa-0000-4000-8000-000000000001",
)
BOB = Account(
    "bob@example.test",
    "222222222222222222222",
    email="bob@example.test",
    name="Bob Example",
    oid="bbbbbbbb-0000-4000-8000-000000000002",
)
#: With a personal account; Google has not verified that the address is hers.
CAROL = Account(
    "carol@personal.test",
    "333333333333333333333",
    email="carol@personal.test",
    is_email_verified=False,
    name="Carol Example",
    oid="00000000-0000-0000-cccc-000000000003",
    tenant=CONSUMERS,
)
ACCOUNTS = (ALICE, BOB, CAROL)

Server = TypeVar("Server", bound=AuthorizationServer)
Api = TypeVar("Api", bound=Gateway)


class World(Generic[Server, Api]):
    """One provider.

    Attributes:
        server: Issues the tokens, and tells what was asked of it.
        api: The mail API, and what was asked of it.
        faults: What goes wrong at either.
        ca_file: For `network.ca_file`.
    """

    def __init__(self, authority: Authority, server: Server, api: Api) -> None:
        self.server = server
        self.api = api
        self.faults: Faults = server.faults
        self.ca_file: Path = authority.ca_file
        self._running = ExitStack()

    def __enter__(self) -> "World[Server, Api]":
        with ExitStack() as running:
            running.push(self.server)
            running.push(self.api)
            # Both are started before one is waited for.
            self.server.start()
            self.api.start()
            self.server.__enter__()
            self.api.__enter__()
            self._running = running.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.__exit__(kind, error, trace)

    @property
    def connect(self) -> dict[str, str]:
        """`[network] connect` for all names of the provider."""
        return {**self.server.connect, **self.api.connect}

    @property
    def network(self) -> dict[str, Any]:
        """The section `[network]` of a configuration that reaches this world."""
        return {"ca_file": str(self.ca_file), "connect": self.connect}

    def person(
        self,
        account: Account = ALICE,
        *,
        withheld: Collection[str] = (),
        declines: str | None = None,
    ) -> Person:
        """Somebody at a browser of their own."""
        return Person(
            account.login, self.connect, self.ca_file, withheld=withheld, declines=declines
        )

    def requests_session(self) -> "requests.Session":
        """A session for libraries of others that are tried against this world."""
        return requests_session(self.connect, self.ca_file)

    def reset(self) -> None:
        """As it was when it began, but for what was granted and sent."""
        self.server.reset()
        self.api.reset()


class GoogleWorld(World[GoogleAccounts, GmailApi]):
    """Google's."""

    def __init__(self, authority: Authority, accounts: Collection[Account] = ACCOUNTS) -> None:
        server = GoogleAccounts(authority, tuple(accounts))
        super().__init__(authority, server, GmailApi(authority, server))


class MicrosoftWorld(World[EntraId, GraphApi]):
    """Microsoft's.

    Attributes:
        certificate: Of the client `certified`, with its key.
        another_certificate: Of nobody who is registered.
        certified: A client that has a certificate in place of a secret.
    """

    def __init__(self, authority: Authority, accounts: Collection[Account] = ACCOUNTS) -> None:
        self.certificate, self.another_certificate = (
            authority.craft([], common_name="Acme CRM", key=rsa.generate_private_key(65537, 2048))
            for _ in range(2)
        )
        self.certified = certified(self.certificate)
        server = EntraId(authority, tuple(accounts), (PUBLIC, WEB, self.certified))
        super().__init__(authority, server, GraphApi(authority, server))
