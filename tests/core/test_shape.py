"""What a provider gives back, held to the contract's types and to measure."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from inboxlink.plugins.shape import MAX_CHARACTERS, MAX_ITEMS, misfit
from inboxlink.types.detection import Basis, Detection, Endpoint, Refusal, Role, Tls
from inboxlink.types.disclosure import Audience, Disclosure
from inboxlink.types.provider import ProviderInfo, RevokeResult
from inboxlink.types.text import Text

ENDPOINT = Endpoint(Role.IMAP, "imap.example.test", 993, Tls.IMPLICIT)
DETECTION = Detection(
    "acme", Basis.PUBLISHED, Text("acme.x", {"a": "b"}), (ENDPOINT,), settings={"variant": "x"}
)
INFO = ProviderInfo("acme", Text("acme.title"), Text("acme.summary"), frozenset(Audience))
DISCLOSURE = Disclosure("acme.D", 1, "en", "t", "b", ("d",), (), "here", "there")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (DETECTION, Detection),
        (DETECTION, Detection | None),
        (None, Detection | None),
        (replace(DETECTION, unsupported=Refusal("x", Text("y"))), Detection),
        (replace(DETECTION, settings=MappingProxyType({"a": "b"})), Detection),
        (INFO, ProviderInfo),
        ((DISCLOSURE, DISCLOSURE), tuple[Disclosure, ...]),
        (RevokeResult(None, Text("x")), RevokeResult),
        (RevokeResult(True, Text("x")), RevokeResult),
        ("x" * MAX_CHARACTERS, str),
        (("x",) * MAX_ITEMS, tuple[str, ...]),
    ],
)
def test_what_the_contract_says_fits(value: object, expected: object) -> None:
    """Everything that the contract allows is let through, up to the measure itself."""
    assert misfit(value, expected) is None


@pytest.mark.parametrize(
    ("value", "expected", "said"),
    [
        ({}, Detection, "dict, not Detection"),
        ({}, Detection | None, "dict, not Detection"),
        (None, Detection, "NoneType, not Detection"),
        (0, type(None), "int, not None"),
        (Detection, Detection, "type, not Detection"),
        (replace(DETECTION, basis=90), Detection, "basis: int, not Basis"),  # type: ignore[arg-type]
        (replace(DETECTION, because="x"), Detection, "because: str, not Text"),  # type: ignore[arg-type]
        (
            replace(DETECTION, endpoints=[ENDPOINT]),  # type: ignore[arg-type]
            Detection,
            "endpoints: list, not tuple",
        ),
        (
            replace(DETECTION, endpoints=(ENDPOINT, replace(ENDPOINT, port="993"))),  # type: ignore[arg-type]
            Detection,
            "endpoints.1.port: str, not int",
        ),
        (
            replace(DETECTION, endpoints=(replace(ENDPOINT, port=True),)),
            Detection,
            "endpoints.0.port: bool, not int",
        ),
        (
            # The branch that got furthest is the one that was meant.
            replace(DETECTION, unsupported=Refusal("x", None)),  # type: ignore[arg-type]
            Detection,
            "unsupported.because: NoneType, not Text",
        ),
        (replace(DETECTION, settings=[]), Detection, "settings: list, not mapping"),  # type: ignore[arg-type]
        (replace(DETECTION, settings={"a": 1}), Detection, "settings.a: int, not str"),  # type: ignore[dict-item]
        (replace(DETECTION, settings={1: "a"}), Detection, "settings.key: int, not str"),  # type: ignore[dict-item]
        (replace(INFO, audiences=set(Audience)), ProviderInfo, "audiences: set, not frozenset"),  # type: ignore[arg-type]
        (
            replace(INFO, audiences=frozenset({"personal"})),  # type: ignore[arg-type]
            ProviderInfo,
            "audiences.0: str, not Audience",
        ),
        ([DISCLOSURE], tuple[Disclosure, ...], "list, not tuple"),
        (
            (DISCLOSURE, replace(DISCLOSURE, data="all")),  # type: ignore[arg-type]
            tuple[Disclosure, ...],
            "1.data: str, not tuple",
        ),
        (RevokeResult("yes", Text("x")), RevokeResult, "revoked: str, not bool"),  # type: ignore[arg-type]
        (
            replace(DISCLOSURE, body="x" * 10_000_000),
            Disclosure,
            "body: 10000000 characters, at most 20000",
        ),
        ("x" * (MAX_CHARACTERS + 1), str, "20001 characters, at most 20000"),
        (("x",) * (MAX_ITEMS + 1), tuple[str, ...], "1001 items, at most 1000"),
        (
            {str(n): "x" for n in range(MAX_ITEMS + 1)},
            dict[str, str],
            "1001 items, at most 1000",
        ),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(
    value: object, expected: object, said: str
) -> None:
    """The way to the value, what was found there, and what the contract wants."""
    assert misfit(value, expected) == said


def test_a_word_of_a_closed_list() -> None:
    """A literal is one of its words and nothing else."""
    from typing import Literal

    assert misfit("dns", Literal["dns", "tcp"]) is None
    assert misfit("udp", Literal["dns", "tcp"]) == "str, not one of ('dns', 'tcp')"


def test_a_part_that_was_never_set_does_not_fit() -> None:
    """An instance made around its constructor has parts missing, which is no crash."""
    assert misfit(object.__new__(Text), Text) == "key: NoneType, not str"
