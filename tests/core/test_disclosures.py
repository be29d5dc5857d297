"""What a provider must disclose before anybody signs in."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.distributions import good, install
from inboxlink.disclosures import collect
from inboxlink.errors import ProviderFault
from inboxlink.plugins.calling import Caller
from inboxlink.plugins.candidates import installed
from inboxlink.plugins.loading import load
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.disclosure import (
    Application,
    Audience,
    Capability,
    DiscloseContext,
    Disclosure,
)
from inboxlink.types.text import Text

CONTEXT = DiscloseContext(Application("Acme"), "en", Audience.PERSONAL, frozenset(Capability))
WHOLE = Disclosure(
    id="acme.A",
    version=1,
    language="en",
    title="What happens",
    body="This.",
    data=("messages",),
    scopes=(),
    remove_here="Here.",
    revoke_there="There.",
)


@pytest.fixture
def caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """A provider that discloses what `disclosing` says."""
    code = good("acme").replace("return ()", "return DISCLOSING") + "\nDISCLOSING = None\n"
    install(tmp_path, "inboxlink-acme", "acme", code)
    monkeypatch.syspath_prepend(tmp_path)
    found = [each for each in installed() if each.name == "acme"]
    yield Caller(load(found))
    sys.modules.pop("inboxlink_acme_module", None)


def collected(caller: Caller, disclosing: object) -> tuple[Disclosure, ...]:
    caller.call("acme", "describe")
    sys.modules["inboxlink_acme_module"].__dict__["DISCLOSING"] = disclosing
    return collect(caller, Detection("acme", Basis.GUESS, Text("x")), CONTEXT)


def test_whole_disclosures_are_taken_in_order(caller: Caller) -> None:
    """One or more whole disclosures of the provider's own are shown as they are."""
    both = (WHOLE, replace(WHOLE, id="acme.B"))
    assert collected(caller, both) == both


@pytest.mark.parametrize(
    ("disclosing", "reason"),
    [
        (None, "no disclosure at all"),
        ((), "no disclosure at all"),
        ([WHOLE], "no disclosure at all"),
        ((replace(WHOLE, id="other.A"),), "a disclosure other.A that is not its own"),
        ((replace(WHOLE, id="acme"),), "a disclosure acme that is not its own"),
        *(
            ((replace(WHOLE, **{part: empty}),), "a disclosure acme.A with an empty part")
            for part, empty in (
                *(("title", ""), ("body", ""), ("data", ()), ("remove_here", "")),
                ("revoke_there", ""),
            )
        ),
        ((WHOLE, WHOLE), "two disclosures of one id"),
    ],
)
def test_less_than_that_is_a_fault(caller: Caller, disclosing: Any, reason: str) -> None:
    """A provider that discloses nothing, too little or for another cannot go on."""
    with pytest.raises(ProviderFault, match="provider_result_invalid") as caught:
        collected(caller, disclosing)
    assert dict(caught.value.problem.message.params) == {
        "provider": "acme",
        "hook": "disclose",
        "reason": reason,
    }


@pytest.mark.parametrize("disclosing", [("text",), (replace(WHOLE, version="1"),)])
def test_another_shape_is_a_fault(caller: Caller, disclosing: Any) -> None:
    """What is no disclosure in the form of the contract is refused before anybody reads it."""
    with pytest.raises(ProviderFault, match="provider_result_invalid"):
        collected(caller, disclosing)
