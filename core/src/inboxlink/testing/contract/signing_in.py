"""Every sign-in from its first step to its end, in one process and in many."""

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from inboxlink.errors import HostError
from inboxlink.testing.contract.ruling import Broken, Exempt, Untried, rule
from inboxlink.testing.contract.runs import Run
from inboxlink.testing.contract.trials import Trials
from inboxlink.testing.contract.wording import unworded
from inboxlink.testing.declarations import Script
from inboxlink.types.text import Text
from inboxlink.types.way import Way

if TYPE_CHECKING:
    from inboxlink.flows.engine import Pending
    from inboxlink.testing.contract.installation import Installation

__all__ = ["SigningInRules"]


class SigningInRules:
    """Rules of `authenticate`."""

    @rule("signs-in")
    def test_signs_in(self, contract: Trials) -> None:
        """Each script comes to the end that its author says."""
        for script in contract.good():
            contract.must_connect(contract.one_run(script))

    @rule("state-alone")
    def test_state_alone(self, contract: Trials) -> None:
        """Each step may come in a process of its own: nothing is kept but the JSON of the state."""
        from inboxlink.testing.contract.installation import forgotten

        for script in contract.good():
            contract.must_connect(contract.one_run(script))
            with forgotten(contract.candidate.package), contract.installation() as installation:
                run = contract.run(installation, script, between=installation.reopen)
                if run.connected is None:
                    raise Broken(
                        f"{script.name}: {_how(run)}, where each step had a process of its own"
                    )

    @rule("scopes-disclosed")
    def test_scopes_disclosed(self, contract: Trials) -> None:
        """What is asked of an authorization server was disclosed before."""
        from inboxlink.types.steps import Poll, Redirect

        ways = contract.info(contract.caller()).ways
        shown: set[type] = set()
        for run in contract.runs():
            if run.script.ends is None:
                contract.must_connect(run)
                shown |= {type(each) for each in run.steps}
        if not ways:
            raise Exempt("it asks no authorization server for anything")
        needed = {Poll if way is Way.DEVICE else Redirect for way in ways}
        for step in sorted(needed - shown, key=lambda each: each.__name__):
            raise Untried(
                f"declare a script that shows a {step.__name__}: `describe` names its way"
            )

    @rule("steps-worded")
    def test_steps_worded(self, contract: Trials) -> None:
        """Everything that a step shows has words in every language."""
        for run in contract.runs():
            if run.script.ends is None and not run.steps:
                contract.must_connect(run)
            for step in run.steps:
                for text in _texts(step):
                    trouble = unworded(text, contract.candidate)
                    if trouble is not None:
                        raise Broken(f"{run.script.name}, step {step.step!r}: {trouble}")

    @rule("abandoned-and-late")
    def test_abandoned_and_late(self, contract: Trials) -> None:
        """A sign-in that is left, answered twice or answered late does not harm the next one."""
        for script in contract.good():
            contract.must_connect(contract.one_run(script))
            with contract.installation() as installation:
                for length in range(1, len(script.answers) + 1):
                    _leave(contract, installation, script, length)
                run = contract.run(installation, script, number=len(script.answers) + 1)
                if run.connected is None:
                    raise Broken(f"{script.name}: {_how(run)}, after others were left half-way")

    @rule("state-without-secrets")
    def test_state_without_secrets(self, contract: Trials) -> None:
        """No step and no state holds what was typed into a secret field, at whatever time."""
        for run in contract.runs():
            if run.script.ends is None:
                contract.must_connect(run)
            for step in run.steps:
                kept = step.model_dump_json()
                for secret in run.script.secrets:
                    if len(secret) >= 4 and secret in kept:
                        raise Broken(f"{run.script.name}: step {step.step!r} holds a secret")


def _leave(contract: Trials, installation: "Installation", script: Script, length: int) -> None:
    """Go so many steps, answer the last one again, and the one that is pending too late."""
    from inboxlink.flows.engine import LIFETIME, Pending

    outcome = contract.begin(installation, script, length)
    answered: Pending | None = None
    for answer in script.answers[: length - 1]:
        if not isinstance(outcome, Pending):
            return
        answered = outcome
        outcome = contract.answer(installation, script, outcome, answer)
    if not isinstance(outcome, Pending):
        return
    if answered is not None:
        # Any answer of the right kind: it is refused before it is looked at.
        code = _refusal(contract, installation, script, answered, length - 2)
        if code != "flow_stale":
            raise Broken(f"{script.name}: answer {length - 1} was taken twice")
    # The state of the step that is pending now is what a restart would find.
    installation.clock.put_on(LIFETIME + timedelta(seconds=1))
    code = _refusal(contract, installation, script, outcome, length - 1)
    if code != "flow_expired":
        raise Broken(f"{script.name}: answer {length} was taken after its time")


def _refusal(
    contract: Trials, installation: "Installation", script: Script, pending: "Pending", place: int
) -> str | None:
    from inboxlink.testing.declarations import Fill, Visit, Wait
    from inboxlink.types.steps import Callback, Tick

    answer = script.answers[place]
    try:
        if isinstance(answer, Visit):
            # Nobody goes to the authorization server again.
            contract.give(installation, script, pending, Callback(params={"state": "of before"}))
        elif isinstance(answer, Wait):
            contract.give(installation, script, pending, Tick())
        else:
            event = (Fill() if isinstance(answer, Fill) else answer).event(
                pending.step, installation.world
            )
            contract.give(installation, script, pending, event)
    except HostError as error:
        return error.code
    return None


def _texts(step: object) -> list[Text]:
    found = [getattr(step, "title", None), getattr(step, "hint", None)]
    for each in (*getattr(step, "fields", ()), *getattr(step, "options", ())):
        found += [each.label, getattr(each, "help", None)]
    return [cast("Text", each) for each in found if each is not None]


def _how(run: Run) -> str:
    if run.mismatch is not None:
        return run.mismatch
    if run.fault is not None:
        return f"{run.fault.code} {run.fault.problem.message.params.get('reason', '')}".strip()
    return f"it ended with {run.ended.code if run.ended else 'nothing'}"
