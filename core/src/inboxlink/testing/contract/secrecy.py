"""No secret leaves by a door that is not the network's."""

import traceback
from collections.abc import Iterator

from inboxlink.testing.contract.ruling import Broken, rule
from inboxlink.testing.contract.runs import Run
from inboxlink.testing.contract.trials import Trials

__all__ = ["SecrecyRules"]

#: A shorter one would be found by accident.
_SHORTEST = 4


class SecrecyRules:
    """Rules of what is seen of a secret, over every run of every script."""

    @rule("results-without-secrets")
    def test_results_without_secrets(self, contract: Trials) -> None:
        """Settings, endpoints, reports and errors hold none, nor does the `repr` of anything."""
        for run in _all(contract):
            for shown, text in _results(run):
                _search(run, shown, text)

    @rule("logs-without-secrets")
    def test_logs_without_secrets(self, contract: Trials) -> None:
        """None is logged at any level, and none is printed."""
        for run in _all(contract):
            assert run.heard is not None
            for line in run.heard.logged:
                _search(run, "a log record", line, *run.tokens)
            _search(run, "what was printed", run.heard.printed, *run.tokens)

    @rule("exceptions-without-secrets")
    def test_exceptions_without_secrets(self, contract: Trials) -> None:
        """None stands in an exception, in what caused it, or in what a traceback shows."""
        for run in _all(contract):
            for call in run.calls:
                if call.error is None:
                    continue
                said = "".join(traceback.format_exception(call.error))
                _search(run, f"what {call.hook} raised", said, *run.tokens)


def _all(contract: Trials) -> tuple[Run, ...]:
    runs = contract.runs()
    for run in runs:
        if run.script.ends is None:
            contract.must_connect(run)
    return runs


def _secrets(run: Run) -> set[str]:
    found = set(run.script.secrets)
    for credential in run.credentials:
        found |= {each.get_secret_value() for each in credential.secrets.values()}
    return {each for each in found if len(each) >= _SHORTEST}


def _search(run: Run, shown: str, text: str, *more: str) -> None:
    """Look for secrets in a text; the random tokens, a verifier among them, where they are more."""
    if any(secret in text for secret in {*_secrets(run), *more}):
        raise Broken(f"{run.script.name}: {shown} holds a secret")


def _results(run: Run) -> Iterator[tuple[str, str]]:
    done = run.done
    if done is not None:
        yield "a setting", repr(dict(done.settings))
        yield "an endpoint", repr(done.endpoints)
        yield "the repr of a credential", repr(done.credential)
    for call in run.calls:
        if call.hook == "verify" and call.error is None:
            yield "the report", repr(call.result)
        if call.hook == "authenticate":
            yield "the repr of a step", repr(call.result)
        problem = getattr(call.error, "problem", None)
        if problem is not None:
            yield f"the problem that {call.hook} raised", repr(problem)
