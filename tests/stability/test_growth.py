"""How the contract may grow, and how it tells of what will go."""

import types
from pathlib import Path

import pytest

from core.distributions import candidate, good, install
from inboxlink import hookspec, hookspecs
from inboxlink.plugins import loading
from inboxlink.plugins.calling import DEADLINES_S, Caller
from inboxlink.plugins.loading import load


def another_contract(**hooks: object) -> types.ModuleType:
    """The hooks of a later core."""
    module = types.ModuleType("later")
    module.__dict__.update({name: getattr(hookspecs, name) for name in hookspecs.__all__} | hooks)
    return module


def test_a_hook_that_grew_hands_a_provider_what_it_takes(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that was written before a parameter was added is called without it."""

    @hookspec
    def detect(evidence: object, history: object) -> object: ...

    install(place, "older", "older")
    monkeypatch.setattr(loading, "hookspecs", another_contract(detect=detect))
    registry = load([candidate("older")])
    assert registry.faults == {}
    assert Caller(registry).call("older", "detect", evidence=None, history=None) is None


def test_a_provider_takes_no_more_than_it_needs(place: Path) -> None:
    """A hook may be written with fewer parameters than it has."""
    code = good("frugal").replace("def disclose(detection, ctx)", "def disclose()")
    install(place, "frugal", "frugal", code)
    caller = Caller(load([candidate("frugal")]))
    assert caller.call("frugal", "disclose", detection=None, ctx=None) == ()


def test_a_hook_that_was_added_is_not_missed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider without a hook of a later core is loaded, and simply has not that capability."""

    @hookspec
    def calendar(ctx: object) -> object: ...

    install(place, "older", "older")
    monkeypatch.setattr(loading, "hookspecs", another_contract(calendar=calendar))
    monkeypatch.setitem(DEADLINES_S, "calendar", 1.0)
    registry = load([candidate("older")])
    assert registry.names == ("older",)
    assert not Caller(registry).has("older", "calendar")


def test_a_hook_that_will_go_is_told_to_whoever_tests_with_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It warns where a provider that implements it is loaded, and works as it did."""

    @hookspec(warn_on_impl=DeprecationWarning("detect goes in 0.4; see the changelog"))
    def detect(evidence: object) -> object: ...

    install(place, "older", "older")
    monkeypatch.setattr(loading, "hookspecs", another_contract(detect=detect))
    with pytest.warns(DeprecationWarning, match=r"goes in 0\.4"):
        registry = load([candidate("older")])
    assert registry.faults == {}
    assert Caller(registry).call("older", "detect", evidence=None) is None


def test_a_parameter_that_will_go_is_told_to_whoever_takes_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It warns a provider that takes it, and no other."""

    @hookspec(warn_on_impl_args={"ctx": DeprecationWarning("ctx goes in 0.4")})
    def disclose(detection: object, ctx: object) -> object: ...

    install(place, "older", "older")
    code = good("frugal").replace("def disclose(detection, ctx)", "def disclose(detection)")
    install(place, "frugal", "frugal", code)
    monkeypatch.setattr(loading, "hookspecs", another_contract(disclose=disclose))
    assert load([candidate("frugal")]).faults == {}
    with pytest.warns(DeprecationWarning, match="ctx goes"):
        assert load([candidate("older")]).faults == {}
