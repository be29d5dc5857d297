"""When a direction of a mailbox counts as working."""

import pytest

from inboxlink.errors import problem
from inboxlink.types.report import Chain, VerifyReport
from inboxlink.verification import Stages


def stages(*good: str, failed: str | None = None, withheld: tuple[str, ...] = ()) -> Stages:
    found = Stages(Chain.SEND, "scope", "senders", connects=False)
    found.withhold(*withheld)
    for name in good:
        found.run(name, lambda: None, lambda _: None)
    if failed is not None:
        found.fail(failed, problem("grant_ended"), 1.0)
    return found


@pytest.mark.parametrize(
    ("found", "is_whole"),
    [
        (stages("scope", "senders"), True),
        (stages("scope", withheld=("senders",)), True),
        (stages("scope"), False),
        (stages(withheld=("senders",)), False),
        (stages(withheld=("scope", "senders")), False),
        (stages("scope", failed="senders"), False),
        (stages(failed="scope", withheld=("senders",)), False),
        (Stages(Chain.SEND, connects=False), False),
    ],
)
def test_a_stage_that_was_not_granted_fails_nothing(found: Stages, is_whole: bool) -> None:
    """A direction works where all that was tried went well, and something was tried."""
    assert found.is_whole is is_whole
    report = VerifyReport(checks=found.checks)
    assert report.can_send is is_whole
    assert not report.can_receive
