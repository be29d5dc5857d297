"""What goes wrong is said in the words of the catalogue, and can be mended by whoever typed it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from inboxlink.errors import InboxlinkError, Problem
from inboxlink.testing.contract.ruling import Broken, Exempt, Untried, rule
from inboxlink.testing.contract.runs import Run
from inboxlink.testing.contract.trials import Trials
from inboxlink.testing.contract.wording import miscatalogued
from inboxlink.testing.declarations import Fill, Mismatch, Mistake, Script

if TYPE_CHECKING:
    from inboxlink.testing.contract.installation import Installation
    from inboxlink.types.steps import Form

__all__ = ["ErrorRules"]

#: What nobody means, by the kind of field.
_JUNK = {
    "text": "\u202e\x00 {0} ' OR 1=1 --",
    "host": "not a host",
    "port": "99999",
    "flag": "perhaps",
}


class ErrorRules:
    """Rules of what goes wrong."""

    @rule("errors-catalogued")
    def test_errors_catalogued(self, contract: Trials) -> None:
        """Each error is in the catalogue, or is the provider's own, and is worded."""
        for run in contract.runs():
            for problem in _problems(run):
                trouble = miscatalogued(problem, contract.candidate)
                if trouble is not None:
                    raise Broken(f"{run.script.name}: {trouble}")

    @rule("mistakes-mended")
    def test_mistakes_mended(self, contract: Trials) -> None:
        """A wrong answer shows a form again with its error, and can be mended."""
        is_shown = is_made = False
        for script in contract.good():
            run = contract.one_run(script)
            contract.must_connect(run)
            is_shown = is_shown or any(_is_form(step) for step in run.steps)
            for mistake in script.mistakes:
                is_made = True
                with contract.installation() as installation:
                    try:
                        _mend(contract, installation, script, mistake)
                    except (InboxlinkError, Mismatch) as error:
                        said = _said(error)
                        raise Broken(f"{script.name}, mistake at {mistake.at!r}: {said}") from None
        if not is_shown:
            raise Exempt("no script shows a form")
        if not is_made:
            raise Untried(
                "declare `mistakes` of a script, each with the error that is shown for it"
            )

    @rule("junk-answered")
    def test_junk_answered(self, contract: Trials) -> None:
        """Junk in any field of a form is answered by a step or an error, and can be mended."""
        is_tried = False
        for script in contract.good():
            run = contract.one_run(script)
            contract.must_connect(run)
            with contract.installation() as installation:
                number = 0
                for place, step in enumerate(run.steps):
                    if not _is_form(step):
                        continue
                    for field in getattr(step, "fields", ()):
                        if field.kind.value in _JUNK:
                            is_tried = True
                            number += 1
                            junk = {field.name: _JUNK[field.kind.value]}
                            _junk(contract, installation, script, place, junk, number)
        if not is_tried:
            raise Exempt("no form has a field that takes anything but a secret")

    @rule("refusals-told")
    def test_refusals_told(self, contract: Trials) -> None:
        """Each refusal that its author knows ends with its own error."""
        refused = [
            each for each in contract.scripts if each.ends is not None and not each.is_of_another
        ]
        if not refused:
            raise Untried("declare a script with `ends`: a refusal, such as `consent_declined`")
        for script in contract.good():
            contract.must_connect(contract.one_run(script))
        for script in refused:
            _must_end(contract.one_run(script))

    @rule("wrong-account")
    def test_wrong_account(self, contract: Trials) -> None:
        """Whoever signs in to another mailbox than the one that was typed is told so."""
        from inboxlink.types.report import Proof

        others = [each for each in contract.scripts if each.is_of_another]
        proven = False
        for script in contract.good():
            report = contract.must_connect(contract.one_run(script)).report
            is_message = script.send_test_message
            proven = proven or (
                not is_message and any(each.proof is Proof.PROVEN for each in report.identities)
            )
        if not others and not proven:
            raise Exempt("it cannot tell whose mailbox it is, and says so by `Proof.DECLARED`")
        if not others:
            raise Untried("declare a script that ends with `wrong_account`: it proves an identity")
        for script in others:
            _must_end(contract.one_run(script))


def _must_end(run: Run) -> None:
    name, awaited = run.script.name, run.script.ends
    if run.fault is not None:
        raise Broken(f"{name}: {run.fault.code} instead of {awaited}")
    if awaited in run.shown:
        return
    if run.mismatch is not None:
        raise Broken(f"{name}: {run.mismatch}")
    if run.ended is None:
        raise Broken(f"{name}: the mailbox was connected instead of {awaited}")
    if run.ended.code != awaited:
        raise Broken(f"{name}: it ended with {run.ended.code} instead of {awaited}")


def _mend(contract: Trials, installation: "Installation", script: Script, mistake: Mistake) -> None:
    from inboxlink.flows.engine import Pending

    shown = f"{script.name}, a mistake at {mistake.at!r}"
    answers = list(script.answers)
    outcome = contract.begin(installation, script)
    while answers and isinstance(outcome, Pending) and outcome.step.step != mistake.at:
        outcome = contract.answer(installation, script, outcome, answers.pop(0))
    if not isinstance(outcome, Pending) or not answers:
        raise Broken(f"{shown}: there is no such step")
    outcome = contract.answer(installation, script, outcome, mistake.answer)
    if not isinstance(outcome, Pending) or not _is_form(outcome.step):
        raise Broken(f"{shown}: no form came back")
    form: Form = outcome.step  # type: ignore[assignment]
    codes = {name: each.code for name, each in form.errors.items()}
    places = codes if mistake.field is None else {mistake.field: codes.get(mistake.field)}
    if mistake.error not in places.values():
        raise Broken(f"{shown}: the form shows {codes or 'no error'}, not {mistake.error}")
    for problem in form.errors.values():
        trouble = miscatalogued(problem, contract.candidate)
        if trouble is not None:
            raise Broken(f"{shown}: {trouble}")
    rest = (*mistake.then, *answers[1:]) if mistake.then else tuple(answers)
    for answer in rest:
        if not isinstance(outcome, Pending):
            break
        outcome = contract.answer(installation, script, outcome, answer)
    if isinstance(outcome, Pending) or not hasattr(outcome, "connection"):
        code = outcome.step.step if isinstance(outcome, Pending) else outcome.problem.code
        raise Broken(f"{shown}: what mends it leads to {code!r}, not to a connected mailbox")


def _junk(
    contract: Trials,
    installation: "Installation",
    script: Script,
    place: int,
    junk: dict[str, str],
    number: int,
) -> None:
    from inboxlink.flows.engine import Pending

    ((name, _),) = junk.items()
    shown = f"{script.name}, junk in {name!r}"
    outcome = contract.begin(installation, script, number)
    for answer in script.answers[:place]:
        assert isinstance(outcome, Pending)
        outcome = contract.answer(installation, script, outcome, answer)
    given = script.answers[place]
    assert isinstance(given, Fill)
    assert isinstance(outcome, Pending)
    right = {
        each.name: given.values.get(each.name, each.value or "")
        for each in getattr(outcome.step, "fields", ())
        if each.kind.value in _JUNK
    }
    try:
        junked = Fill({**given.values, **junk}, given.secrets)
        asked = outcome.step.step
        outcome = contract.answer(installation, script, outcome, junked)
        if not isinstance(outcome, Pending) or outcome.step.step != asked:
            return  # it was taken, ended with an error, or leads to another question
        if not getattr(outcome.step, "errors", None):
            return
        fields = {each.name for each in getattr(outcome.step, "fields", ())}
        values = {name: value for name, value in right.items() if name in fields}
        outcome = contract.answer(installation, script, outcome, Fill(values, given.secrets))
    except (InboxlinkError, Mismatch) as error:
        raise Broken(f"{shown}: {_said(error)}") from None
    if isinstance(outcome, Pending) and getattr(outcome.step, "errors", None):
        raise Broken(f"{shown}: the right answer does not mend it")


def _said(error: Exception) -> str:
    if not isinstance(error, InboxlinkError):
        return str(error)
    return f"{error.code} {error.problem.message.params.get('reason', '')}".rstrip()


def _is_form(step: object) -> bool:
    from inboxlink.types.steps import Form

    return isinstance(step, Form)


def _problems(run: Run) -> Iterator[Problem]:
    """Every problem that a host would have been told."""
    for step in run.steps:
        yield from getattr(step, "errors", {}).values()
    for call in run.calls:
        if isinstance(call.error, InboxlinkError):
            yield call.error.problem
        found = getattr(call.result, "error", None)  # of an Abort
        if isinstance(found, Problem):
            yield found
        for check in getattr(call.result, "checks", ()):
            if check.problem is not None:
                yield check.problem
