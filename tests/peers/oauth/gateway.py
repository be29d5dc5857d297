"""A gateway, ours, before emulators of mail APIs that others wrote.

The emulators take any token for some person, and know nothing of scopes. So each request is judged
here: the authorization server is asked what the token is good for (RFC 7662), the scope must fit
the route, and the emulator gets a token of its own for that person. `google_api` and
`microsoft_api` say which answers are not the emulator's.
"""

import json
import re
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from inboxlink.testing.peers.ports import LOOPBACK
from inboxlink.testing.peers.web import Answer, Request, WebServer
from peers.certificates import Authority
from peers.oauth.authorization import Account, AuthorizationServer
from peers.oauth.forward import forward
from peers.oauth.node import NodeProcess

__all__ = ["ApiCall", "Gateway"]

#: Which scopes open a route, of which one is enough: (method, pattern of the path, scopes).
Routes = tuple[tuple[str, str, frozenset[str]], ...]


@dataclass(frozen=True)
class ApiCall:
    """One request at the API, and how it ended. Nothing secret of it is kept."""

    method: str
    path: str
    status: int


class Gateway:
    """The part that is the same for each API.

    Args:
        authority: Signs its certificate.
        server: Issued the tokens; its faults hold for the API too.

    Attributes:
        calls: What was asked since `reset`, in order.
    """

    host = ""
    #: The emulator: its program, and its name for the service.
    emulator: tuple[str, str] = ("", "")
    routes: Routes = ()

    def __init__(self, authority: Authority, server: AuthorizationServer) -> None:
        self._server = server
        self._seed = tempfile.NamedTemporaryFile(mode="w", suffix=".json")  # noqa: SIM115
        json.dump(self._seeded(server.accounts), self._seed)
        self._seed.flush()
        program, service = self.emulator
        self._node = NodeProcess(
            *("--import", "./loopback.mjs", program),
            *("start", "--service", service, "--seed", self._seed.name),
        )
        self._front = WebServer(authority.issue(self.host), self._answer)
        self.calls: list[ApiCall] = []

    def start(self) -> None:
        """Begin to start, so that others can meanwhile."""
        self._node.start()

    def __enter__(self) -> "Gateway":
        self._node.__enter__()
        self._front.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._front.__exit__(kind, error, trace)
        self._node.__exit__(kind, error, trace)
        self._seed.close()

    @property
    def connect(self) -> dict[str, str]:
        """`[network] connect` for its name."""
        return {f"{self.host}:443": f"{LOOPBACK}:{self._front.port}"}

    @property
    def port(self) -> int:
        """Of the emulator itself, in plain http."""
        return self._node.port

    def reset(self) -> None:
        """Forget what was logged; what was sent stays."""
        self.calls.clear()

    # What an API decides.

    def _seeded(self, accounts: Collection[Account]) -> dict[str, Any]:
        """What the emulator knows when it starts."""
        raise NotImplementedError

    def _refused(self, status: int) -> Answer:
        """401 for a token that is not good, 403 for one that is not enough."""
        raise NotImplementedError

    def _of_person(self, request: Request, account: Account) -> Answer:
        """What a person's own request brings; `_emulated` asks the emulator."""
        return self._emulated(request, account)

    # What they share.

    def _emulated(
        self, request: Request, account: Account, headers: Mapping[str, str] | None = None
    ) -> Answer:
        own = {"Authorization": f"Bearer {_token_of(account)}", **(headers or {})}
        return forward(self._node.port, request, headers=own)

    def _tokens(self, accounts: Collection[Account]) -> dict[str, Any]:
        return {
            _token_of(each): {"login": each.mailbox or each.login, "scopes": []}
            for each in accounts
        }

    def _answer(self, request: Request) -> Answer:
        answer = self._server.faults.apply("api", request, lambda: self._judged(request))
        self.calls.append(ApiCall(request.method, request.path, answer.status))
        return answer

    def _judged(self, request: Request) -> Answer:
        if request.host != self.host:
            return Answer(404)
        said = self._server.introspect(request.bearer) if request.bearer else {"active": False}
        if not said["active"]:
            return self._refused(401)
        asked = f"{request.method} {request.path}"
        for method, path, scopes in self.routes:
            if re.fullmatch(f"{method} {path}", asked):
                if not scopes & set(said.get("scope", "").split()):
                    return self._refused(403)
                (account,) = (x for x in self._server.accounts if x.sub == said["sub"])
                return self._of_person(request, account)
        return Answer(404)


def _token_of(account: Account) -> str:
    return f"token-of-{account.sub}"
