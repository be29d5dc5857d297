"""Play a script as a host and a person do: disclosures, answers, and whatever comes of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from inboxlink.errors import InboxlinkError, ProviderFault
from inboxlink.testing.contract.listening import listening
from inboxlink.testing.contract.runs import Run
from inboxlink.testing.declarations import Answer, Mismatch, Script, Wait

if TYPE_CHECKING:
    from inboxlink.connect.request import Connected, Failed, Request
    from inboxlink.flows.engine import Pending
    from inboxlink.testing.contract.installation import Installation
    from inboxlink.types.steps import Event

__all__ = ["Player"]


class Player:
    """Plays scripts in an installation; nothing is judged here."""

    def request(self, installation: "Installation", script: Script, number: int = 0) -> "Request":
        """What the person of a script set out to do; each number is another person."""
        raise NotImplementedError

    def begin(
        self, installation: "Installation", script: Script, number: int = 0
    ) -> "Pending | Connected | Failed":
        """The disclosures, their acknowledgement, and the first step."""
        from inboxlink.connect.consenting import acknowledge, disclosures
        from inboxlink.connect.signing_in import begin
        from inboxlink.testing.contract.installation import BINDING

        if script.before is not None:
            script.before(installation.world)
        request = self.request(installation, script, number)
        acknowledge(installation.host, request, disclosures(installation.host, request))
        return begin(installation.host, request, BINDING)

    def answer(
        self,
        installation: "Installation",
        script: Script,
        pending: "Pending",
        answer: Answer,
        between: Callable[[], None] = lambda: None,
    ) -> "Pending | Connected | Failed":
        """Give one answer of a script; a code typed elsewhere is asked after until it is taken.

        Args:
            installation: Where.
            script: Whose answer it is.
            pending: The step.
            answer: The answer.
            between: Called before each call of the provider.

        Raises:
            Mismatch: The step is of another kind.
        """
        event = answer.event(pending.step, installation.world)
        ticks = answer.ticks if isinstance(answer, Wait) else 1
        for _ in range(ticks):
            if isinstance(answer, Wait):
                installation.clock.put_on(timedelta(seconds=_every_s(pending)))
            between()
            outcome = self.give(installation, script, pending, event)
            if not isinstance(answer, Wait) or not _is_poll(outcome):
                return outcome
            pending = cast("Pending", outcome)
        return outcome

    @staticmethod
    def give(
        installation: "Installation", script: Script, pending: "Pending", event: "Event"
    ) -> "Pending | Connected | Failed":
        """Give an event to the engine, as a host does."""
        from inboxlink.connect.signing_in import answer
        from inboxlink.testing.contract.installation import BINDING

        return answer(installation.host, pending, BINDING, event, lambda _: script.is_partial)

    def run(
        self,
        installation: "Installation",
        script: Script,
        answers: tuple[Answer, ...] | None = None,
        *,
        number: int = 0,
        between: Callable[[], None] = lambda: None,
    ) -> Run:
        """Run a script to its end; whatever comes of it is noted, and nothing judged."""
        run = Run(script)
        calls, sent, uses = len(installation.calls), len(installation.sent), len(installation.uses)
        with listening() as heard:
            try:
                self._walk(installation, run, answers or script.answers, number, between)
            except ProviderFault as fault:
                run.fault = fault
            except InboxlinkError as error:
                run.problem = error.problem
            except Mismatch as error:
                run.mismatch = str(error)
        run.heard = heard
        run.calls = installation.calls[calls:]
        run.sent = installation.sent[sent:]
        run.uses = installation.uses[uses:]
        run.tokens = list(installation.tokens)
        return run

    def _walk(
        self,
        installation: "Installation",
        run: Run,
        answers: tuple[Answer, ...],
        number: int,
        between: Callable[[], None],
    ) -> None:
        outcome = self.begin(installation, run.script, number)
        for answer in answers:
            if not _is_pending(outcome):
                break
            pending = cast("Pending", outcome)
            run.steps.append(pending.step)
            outcome = self.answer(installation, run.script, pending, answer, between)
        if _is_pending(outcome):
            step = cast("Pending", outcome).step
            run.steps.append(step)
            errors = ", ".join(each.code for each in getattr(step, "errors", {}).values())
            run.mismatch = (
                f"the script has no answer to {type(step).__name__} {step.step!r}"
                f"{f' with {errors}' if errors else ''}"
            )
        else:
            run.outcome = cast("Connected | Failed", outcome)


def _is_pending(outcome: object) -> bool:
    from inboxlink.flows.engine import Pending

    return isinstance(outcome, Pending)


def _is_poll(outcome: object) -> bool:
    from inboxlink.flows.engine import Pending
    from inboxlink.types.steps import Poll

    return isinstance(outcome, Pending) and isinstance(outcome.step, Poll)


def _every_s(pending: "Pending") -> float:
    return float(getattr(pending.step, "every_s", 0.0))
