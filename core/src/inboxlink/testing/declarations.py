"""What an author declares of a provider: where it is right, how people sign in, at which servers.

The answers are given by the kit as a host gives them: to the step that is pending, through the
engine, one at a time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inboxlink.types.detection import Basis, Evidence
from inboxlink.types.disclosure import Audience, Capability
from inboxlink.types.way import Way

if TYPE_CHECKING:
    from inboxlink.types.steps import Event, Poll, Redirect, Step

__all__ = [
    "Agree",
    "Answer",
    "Claim",
    "Fill",
    "Mismatch",
    "Mistake",
    "Pick",
    "Script",
    "Visit",
    "Wait",
    "World",
]


@dataclass(frozen=True, slots=True)
class Claim:
    """Evidence for which `detect` must speak up.

    Args:
        evidence: What the core would have gathered.
        basis: On which the detection rests; None = on any.
        refused: The code of the refusal, where the provider knows the mailbox and cannot connect
            it; None = it can.
    """

    evidence: Evidence
    basis: Basis | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The servers that the scripts talk to, and how the operator's configuration leads there.

    Args:
        connect: `[network] connect`: `host:port` to `127.0.0.1:port`.
        ca_file: `[network] ca_file`; None = the system's roots alone.
        nameservers: `[network] nameservers`.
        settings: `[oauth.NAME]`: the registration, such as `client_id`.
        servers: Whatever the functions of the scripts need: an authorization server, its people.
    """

    connect: Mapping[str, str] = field(default_factory=dict)
    ca_file: Path | None = None
    nameservers: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    servers: Any = None


class Mismatch(Exception):
    """A script and its provider part; `str()` says where."""


class Answer:
    """What a person, and the host for them, does at one step."""

    __slots__ = ()

    def event(self, step: "Step", world: World) -> "Event":
        """The answer to a pending step.

        Raises:
            Mismatch: The step is of another kind than the script awaits.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Fill(Answer):
    """Fill in a form; a field that is not named keeps what stands in it.

    Args:
        values: By field name.
        secrets: By field name.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def event(self, step: "Step", world: World) -> "Event":  # noqa: ARG002
        """See `Answer.event`."""
        from pydantic import SecretStr

        from inboxlink.types.steps import Form, InputKind, Submit

        if not isinstance(step, Form):
            raise _other(self, step)
        shown = {each.name: each.value or "" for each in step.fields}
        secret = {each.name for each in step.fields if each.kind is InputKind.SECRET}
        values = {name: value for name, value in shown.items() if name not in secret}
        return Submit(
            values={**values, **self.values},
            secrets={name: SecretStr(value) for name, value in self.secrets.items()},
        )


@dataclass(frozen=True, slots=True)
class Pick(Answer):
    """Pick an option of a menu."""

    option: str

    def event(self, step: "Step", world: World) -> "Event":  # noqa: ARG002
        """See `Answer.event`."""
        from inboxlink.types.steps import Choose, Menu

        if not isinstance(step, Menu):
            raise _other(self, step)
        return Choose(option=self.option)


@dataclass(frozen=True, slots=True)
class Agree(Answer):
    """Say yes to what is shown.

    Args:
        kind: Which kind of question must be asked, such as `certificate`; None = any.
    """

    kind: str | None = None

    def event(self, step: "Step", world: World) -> "Event":  # noqa: ARG002
        """See `Answer.event`."""
        from inboxlink.types.steps import Agreed, Confirm

        if not isinstance(step, Confirm) or self.kind not in (None, step.kind.value):
            raise _other(self, step)
        return Agreed(facts_digest=step.facts_digest)


@dataclass(frozen=True, slots=True)
class Visit(Answer):
    """Go to the authorization server in a browser, and come back.

    Args:
        person: Given the world and the step, goes to `step.url` and gives the address that the
            browser was led back to, its query and all.
    """

    person: Callable[[World, "Redirect"], str]

    def event(self, step: "Step", world: World) -> "Event":
        """See `Answer.event`."""
        from urllib.parse import urlsplit

        from inboxlink.oauth.callback import parse_answer
        from inboxlink.types.steps import Callback, Redirect

        if not isinstance(step, Redirect):
            raise _other(self, step)
        return Callback(params=parse_answer(urlsplit(self.person(world, step)).query))


@dataclass(frozen=True, slots=True)
class Wait(Answer):
    """Type the code that is shown elsewhere (RFC 8628), and wait for it to be taken.

    The clock that the provider is lent is put on by the step's `every_s` before each tick; nobody
    waits.

    Args:
        person: Given the world and the step, types `step.user_code` at `step.verification_uri`;
            called once.
        ticks: How often is asked at most.
    """

    person: Callable[[World, "Poll"], None]
    ticks: int = 10

    def event(self, step: "Step", world: World) -> "Event":
        """See `Answer.event`."""
        from inboxlink.types.steps import Poll, Tick

        if not isinstance(step, Poll):
            raise _other(self, step)
        self.person(world, step)
        return Tick()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A wrong answer to one form of a script, after which the person can still go on.

    Args:
        at: The name of the form's step.
        answer: The wrong answer.
        error: The code that the form which comes back must show.
        field: Beside which field; None = beside any.
        then: What mends it; empty = the script's own answer to that step. The rest of the script
            follows.
    """

    at: str
    answer: Fill
    error: str
    field: str | None = None
    then: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One sign-in from the first step to its end.

    Args:
        name: What the reports call it.
        address: The mailbox that the person types.
        answers: One for each step, in order.
        ends: The code of the error that it ends with, such as `consent_declined`,
            `wrong_account` or `invalid_credentials`, whether the sign-in finds it, the
            verification, or a form that comes back with it; None = the mailbox is connected.
        is_other: Whether the person signs in to another account than the one of the address,
            where the server says so by another code than `wrong_account`.
        evidence: Judged by `detect` for the detection that the sign-in starts from; None = the
            person chose the provider by hand.
        variant: Of a provider that was chosen by hand; see `ProviderInfo.variants`.
        mistakes: Each is made in a run of its own.
        wanted: What the application wants to do.
        is_partial: Whether the person agrees that one direction alone works.
        audience: One person's mailbox or a team's.
        ways: How an authorization answer can come back; empty = there is none.
        redirect_uri: Where to; None = nowhere.
        send_test_message: Whether the person agreed to a message to themselves.
        before: Called with the world before each run, to set faults or people.
    """

    name: str
    address: str
    answers: tuple[Answer, ...]
    ends: str | None = None
    is_other: bool = False
    evidence: Evidence | None = None
    variant: str = ""
    mistakes: tuple[Mistake, ...] = ()
    wanted: frozenset[Capability] = frozenset(Capability)
    is_partial: bool = False
    audience: Audience = Audience.PERSONAL
    ways: frozenset[Way] = frozenset()
    redirect_uri: str | None = None
    send_test_message: bool = False
    before: Callable[[World], None] | None = None

    @property
    def is_of_another(self) -> bool:
        """Whether it shows that another account is told from the one that was typed."""
        return self.is_other or self.ends == "wrong_account"

    @property
    def secrets(self) -> frozenset[str]:
        """Everything that is typed into a secret field."""
        fills = [
            *(each for each in self.answers if isinstance(each, Fill)),
            *(each.answer for each in self.mistakes),
            *(more for each in self.mistakes for more in each.then if isinstance(more, Fill)),
        ]
        return frozenset(value for each in fills for value in each.secrets.values() if value)


def _other(answer: Answer, step: "Step") -> Mismatch:
    name = getattr(step, "step", "")
    return Mismatch(f"the script has {type(answer).__name__} for {type(step).__name__} {name!r}")
