"""What a verification says, in which order, and how it fares on a bad day."""

import re
from typing import TYPE_CHECKING

from inboxlink.errors import InboxlinkError, Kind, ProviderFault
from inboxlink.testing.contract.places import silent, unreachable
from inboxlink.testing.contract.ruling import Broken, Exempt, Untried, rule
from inboxlink.testing.contract.runs import Run
from inboxlink.testing.contract.trials import Trials
from inboxlink.types.disclosure import Capability

if TYPE_CHECKING:
    from inboxlink.testing.contract.installation import Installation
    from inboxlink.types.report import Chain, VerifyReport

__all__ = ["VerifyingRules"]

_CONNECTING = ("dns", "tcp", "tls")

#: Seconds that the network is given where nobody answers.
_SILENCE_S = 0.3

#: Ends that say that a server judged the secret itself.
_WRONG = frozenset(
    {"invalid_credentials", "app_password_required", "credentials_expired", "sign_in_refused"}
)


class VerifyingRules:
    """Rules of `verify`."""

    @rule("both-directions")
    def test_both_directions(self, contract: Trials) -> None:
        """A connected mailbox was proved in each wanted direction, and is the one typed."""
        for script in contract.good():
            contract.must_connect(contract.one_run(script))

    @rule("stages-in-order")
    def test_stages_in_order(self, contract: Trials) -> None:
        """The stages stand in the order in which they are reached, and nothing after a failure."""
        for run in contract.runs():
            for call in run.calls:
                if call.hook == "verify" and call.error is None:
                    trouble = _disorder(call.result)
                    if trouble is not None:
                        raise Broken(f"{run.script.name}: {trouble}")
            if run.script.ends is None:
                contract.must_connect(run)

    @rule("unwanted-untried")
    def test_unwanted_untried(self, contract: Trials) -> None:
        """A direction that is not wanted is not tried."""
        for script in contract.good():
            run = contract.one_run(script)
            contract.must_connect(run)
            with contract.installation() as installation:
                for wanted in Capability:
                    report = _verified(contract, installation, run, frozenset({wanted}))
                    own = {each.stage for each in report.checks if each.chain.value == wanted.value}
                    if not own & set(_CONNECTING):
                        continue  # one connection serves both, and is reported with the other
                    other = (each for each in report.checks if each.chain.value != wanted.value)
                    tried = [each.stage for each in other if each.ok is not None]
                    if tried:
                        said = f"{tried[0]} was tried, and {wanted} alone is wanted"
                        raise Broken(f"{script.name}: {said}")

    @rule("one-wrong-secret")
    def test_one_wrong_secret(self, contract: Trials) -> None:
        """A password goes to servers within `ctx.attempt`, and a wrong one once."""
        from inboxlink.testing.contract.overhearing import holds

        typed = [run for run in contract.runs() if run.kind == "password" or run.script.secrets]
        if not typed:
            raise Exempt("no script types a secret")
        for run in typed:
            for message in run.sent:
                for secret in run.script.secrets:
                    if (
                        secret not in message.held
                        and len(secret) >= 4
                        and holds(message.data, secret)
                    ):
                        raise Broken(f"{run.script.name}: a secret was sent outside `ctx.attempt`")
        wrong = [run for run in typed if run.script.ends in _WRONG]
        if not wrong:
            raise Untried(
                "declare a script with a wrong secret, which ends with `invalid_credentials`"
            )
        for run in wrong:
            ended = run.shown if run.ended is None else (run.ended.code,)
            if run.script.ends not in ended:
                contract.blame("refusals-told", run.script.name)
            for secret in run.script.secrets:
                if run.uses.count(secret) > 1:
                    times = run.uses.count(secret)
                    raise Broken(f"{run.script.name}: the wrong secret was used {times} times")

    @rule("unreachable-told")
    def test_unreachable_told(self, contract: Trials) -> None:
        """Where nobody listens, that is what is said, at the stage where it happened."""
        _need_servers(contract)
        with unreachable(contract.world) as nowhere:
            for script in contract.good():
                run = contract.one_run(script)
                contract.must_connect(run)
                with contract.installation(nowhere) as installation:
                    report = _verified(contract, installation, run)
                    _must_fail(contract, report, run, "connection_refused")
                    try:
                        contract.begin(installation, script)
                    except ProviderFault as fault:
                        reason = fault.problem.message.params.get("reason", "")
                        raise Broken(
                            f"{script.name}, its first step: {fault.code} {reason}"
                        ) from None

    @rule("deadline-kept")
    def test_deadline_kept(self, contract: Trials) -> None:
        """Where nobody answers, it gives up with the network, and says so."""
        _need_servers(contract)
        with silent(contract.world) as world:
            for script in contract.good():
                run = contract.one_run(script)
                contract.must_connect(run)
                with contract.installation(world, _SILENCE_S) as installation:
                    report = _verified(contract, installation, run)
                    _must_fail(contract, report, run, "timed_out")
                    try:
                        contract.begin(installation, script)
                    except ProviderFault as fault:
                        raise Broken(f"{script.name}, its first step: {fault.code}") from None


def _need_servers(contract: Trials) -> None:
    if not contract.scripts:
        return
    if not contract.world.connect:
        raise Exempt("its world has no servers")


def _verified(
    contract: Trials,
    installation: "Installation",
    run: Run,
    wanted: frozenset[Capability] | None = None,
) -> "VerifyReport":
    """Verify what a run signed in to, somewhere else."""
    from dataclasses import replace

    from inboxlink.connect.proving import verify

    done = run.done
    assert done is not None
    request = contract.request(installation, run.script)
    if wanted is not None:
        request = replace(request, wanted=wanted)
    try:
        return verify(installation.host, request, done.credential, done.settings, done.endpoints)
    except InboxlinkError as error:
        said = error.problem.message.params
        reason = said.get("reason") or said.get("seconds") or ""
        raise Broken(f"{run.script.name}: verify raised {error.code} {reason}".rstrip()) from None


def _must_fail(contract: Trials, report: "VerifyReport", run: Run, code: str) -> None:
    from inboxlink.types.report import Chain

    name = run.script.name
    trouble = _disorder(report)
    if trouble is not None:
        contract.blame("stages-in-order", trouble)

    for chain in Chain:
        if Capability(chain.value) not in run.script.wanted:
            continue
        checks = list(report.chain(chain))
        if all(check.ok is None for check in checks):
            continue  # not tried: the other direction comes first, or it was not granted
        problem = next((check.problem for check in checks if check.problem), None)
        if problem is None:
            raise Broken(f"{name}: {chain} is called good, and nobody answers")
        if problem.kind is not Kind.MAILBOX or problem.code != code:
            raise Broken(f"{name}: {chain} says {problem.code}, not {code}")
    if report.first_problem is None:
        raise Broken(f"{name}: no problem is named, and nobody answers")


def _disorder(report: "VerifyReport") -> str | None:
    """What is wrong with the order of a report; None = nothing."""
    from inboxlink.types.report import Chain

    chains = [check.chain for check in report.checks]
    for chain in Chain:
        if chain not in chains:
            return f"no stage of {chain} is reported"
    if chains != sorted(chains, key=list(Chain).index):
        return "the stages of receiving do not stand before those of sending"
    for chain in Chain:
        trouble = _of_chain(report, chain)
        if trouble is not None:
            return trouble
    return None


def _of_chain(report: "VerifyReport", chain: "Chain") -> str | None:
    names: list[str] = []
    failed: str | None = None
    for check in report.chain(chain):
        stage = f"{chain}.{check.stage}"
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", check.stage):
            return f"{stage} is no snake_case name"
        if check.stage in names:
            return f"{stage} is reported twice"
        if check.stage in _CONNECTING and list(_CONNECTING[: len(names)]) != names:
            return f"{stage} comes after {names[-1]}"
        names.append(check.stage)
        if failed is not None and check.ok is not None:
            return f"{stage} was tried after {failed} had failed"
        if (check.ok is False) != (check.problem is not None):
            return f"{stage} has a problem where it is good, or none where it is not"
        if (check.ok is None) != (check.took_ms is None):
            return f"{stage} says how long it took where it was not reached, or not where it was"
        if check.ok is False:
            failed = check.stage
    return None
