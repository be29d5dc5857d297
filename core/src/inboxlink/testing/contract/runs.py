"""One run of a script, and what was seen of it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inboxlink.errors import Problem, ProviderFault
from inboxlink.testing.contract.listening import Heard
from inboxlink.testing.declarations import Script

if TYPE_CHECKING:
    from inboxlink.connect.request import Connected, Failed
    from inboxlink.testing.contract.installation import Call
    from inboxlink.types.credential import Credential
    from inboxlink.types.steps import Done, PendingStep

__all__ = ["Run"]


@dataclass
class Run:
    """One run of a script, from the disclosures to its end.

    Attributes:
        script: That was run.
        steps: Each step that was pending, in order.
        outcome: How it ended; None = it did not come to an end.
        problem: That an error of the contract carried to the host; None = there was none.
        fault: What the core had against the provider; None = nothing.
        mismatch: Where script and provider part; None = nowhere.
        calls: Of the hooks.
        heard: What was logged and printed.
        uses: Of secrets within `ctx.attempt`, and what was sent.
    """

    script: Script
    steps: "list[PendingStep]" = field(default_factory=list)
    outcome: "Connected | Failed | None" = None
    problem: Problem | None = None
    fault: ProviderFault | None = None
    mismatch: str | None = None
    calls: "list[Call]" = field(default_factory=list)
    heard: Heard | None = None
    tokens: list[str] = field(default_factory=list)
    uses: list[str] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)

    @property
    def connected(self) -> "Connected | None":
        """The connection; None = there is none."""
        from inboxlink.connect.request import Connected

        return self.outcome if isinstance(self.outcome, Connected) else None

    @property
    def ended(self) -> Problem | None:
        """The problem that it ended with; None = with none."""
        return self.problem or getattr(self.outcome, "problem", None)

    @property
    def shown(self) -> tuple[str, ...]:
        """The codes beside the fields of the form at which it stands; empty = it stands at none."""
        errors = {} if self.outcome or not self.steps else getattr(self.steps[-1], "errors", {})
        return tuple(each.code for each in errors.values())

    @property
    def done(self) -> "Done | None":
        """What the sign-in came to before it was verified; None = it did not."""
        from inboxlink.types.steps import Done

        results = (each.result for each in self.calls if each.hook == "authenticate")
        return next((each for each in results if isinstance(each, Done)), None)

    @property
    def credentials(self) -> "tuple[Credential, ...]":
        """Every credential that the provider made."""
        from inboxlink.types.credential import Credential

        made = [self.done.credential] if self.done is not None else []
        made += [each.result for each in self.calls if isinstance(each.result, Credential)]
        return tuple(made)

    @property
    def kind(self) -> str:
        """How the credential is used: `password`, `oauth2`, or empty where there is none."""
        return self.done.credential.kind.value if self.done is not None else ""
