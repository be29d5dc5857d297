"""A mailbox at Google or Microsoft, and the person who connects it by the program."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit

from e2e.conftest import Program
from inboxlink.testing.installation import MAIN, Ran, Running
from inboxlink.testing.peers.web import Answer, Request
from peers.oauth import google, microsoft
from peers.oauth.authorization import Account
from peers.oauth.client import Reply, call
from peers.oauth.worlds import ALICE, GoogleWorld, MicrosoftWorld

__all__ = ["Mailbox", "Recorder", "at_google", "at_microsoft"]


@dataclass
class Recorder:
    """Every secret that went through the provider's endpoints, told by the provider's own side.

    Attributes:
        seen: Name of the field -> its values, in order.
    """

    seen: dict[str, list[str]] = field(default_factory=dict)
    #: Of requests and answers; the rest is no secret.
    NAMES = (
        *("code", "code_verifier", "device_code"),
        *("access_token", "refresh_token", "id_token", "client_secret"),
    )

    def fault(self, request: Request, proceed: Callable[[], Answer]) -> Answer:
        """For `faults`: the server answers as it is, and what is secret is noted."""
        answer = proceed()
        said = answer.json if isinstance(answer.json, dict) else {}
        for where in (request.form, said):
            for name in self.NAMES:
                if where.get(name):
                    self.seen.setdefault(name, []).append(where[name])
        return answer

    def secrets(self, *names: str) -> set[str]:
        """The values of these fields, or of all."""
        return {value for name in names or self.NAMES for value in self.seen.get(name, ())}


@dataclass
class Mailbox:
    """Somebody's mailbox at one provider, in one installation.

    Args:
        world: The provider.
        name: Of the plugin.
        acknowledged: Every disclosure, by its reference.
        home: The installation.
        program: Runs the program.
        token_url: Where tokens are had.
        client: Who the application is there.
        address: The mailbox.
        environ: Beside the environment of the test.
        main: What starts the program for a sign-in.
    """

    world: GoogleWorld | MicrosoftWorld
    name: str
    acknowledged: tuple[str, ...]
    home: Path
    program: Program
    token_url: str
    client: Mapping[str, str]
    address: str = ALICE.login
    environ: dict[str, str] = field(default_factory=dict)
    main: tuple[str, ...] = MAIN

    def configure(self, **sections: Any) -> None:
        """Write `inboxlink.toml`; `sections` = in place of what it usually says."""
        usual = {
            "application": {"name": "Acme CRM"},
            "network": {**self.world.network, "special_domains": ["example.test"]},
            "oauth": {self.name: dict(self.client)},
        }
        file = self.home / "inboxlink.toml"
        file.write_text(tomlkit.dumps({**usual, **sections}))
        file.chmod(0o600)  # there is a secret in it

    def start(self, *arguments: str, acknowledged: tuple[str, ...] | None = None) -> Running:
        """Begin to connect it, without a terminal."""
        words = [
            f"--acknowledge={each}"
            for each in (self.acknowledged if acknowledged is None else acknowledged)
        ]
        given = ("--provider", self.name, "--lookup", "offline", *words, *arguments)
        arguments_of_it = ("--json", "connect", self.address, *given)
        return Running(self.home, *arguments_of_it, environ=self.environ, main=self.main)

    def connect(
        self, *arguments: str, account: Account = ALICE, withheld: tuple[str, ...] = ()
    ) -> tuple[int, dict[str, Any]]:
        """Connect it, by a person whose browser is led back to the program."""
        return self.answered(self.start(*arguments), account, withheld)

    def answered(
        self, running: Running, account: Account = ALICE, withheld: tuple[str, ...] = ()
    ) -> tuple[int, dict[str, Any]]:
        """Sign in at the address that a program shows; gives how that ended."""
        with running as run:
            url = run.line()
            if not url.startswith("https://"):
                raise AssertionError((url, run.end()))
            assert self.world.person(account, withheld=withheld).sign_in(url).status == 200
            return run.end()

    def connected(self, *arguments: str) -> str:
        """The id of the connection, where nothing can go wrong."""
        status, document = self.connect(*arguments)
        assert status == 0, document
        return str(document["account"]["id"])

    def run(self, *arguments: str, status: int = 0) -> Any:
        """What another command says as JSON."""
        ran: Ran = self.program("--json", *arguments, environ=self.environ)
        assert ran.status == status, ran
        return ran.json

    def recorded(self) -> Recorder:
        """Note from now on what goes through the token and the device endpoint."""
        recorder = Recorder()
        self.world.faults.at_token(recorder.fault)
        self.world.faults.at_device(recorder.fault)
        return recorder

    def ask_for_tokens(self, **form: str) -> Reply:
        """Ask the token endpoint as anybody could who has these values."""
        client = {name: self.client[name] for name in self.client if name != "tenant"}
        return call(self.world, "POST", self.token_url, form={**client, **form})


def at_google(world: GoogleWorld, home: Path, program: Program) -> Mailbox:
    """Alice's at Gmail."""
    client = {
        "client_id": google.DESKTOP.client_id,
        "client_secret": google.DESKTOP.secret or "",
    }
    words = ("gmail.G-A@1", "gmail.G-B@1")
    token_url = "https://oauth2.googleapis.com/token"
    return Mailbox(world, "gmail", words, home, program, token_url, client)


def at_microsoft(world: MicrosoftWorld, home: Path, program: Program) -> Mailbox:
    """Alice's at Microsoft 365."""
    token_url = f"https://login.microsoftonline.com/{microsoft.TENANT}/oauth2/v2.0/token"
    client = {"client_id": microsoft.PUBLIC.client_id}
    return Mailbox(world, "outlook", ("outlook.O@1",), home, program, token_url, client)
