"""What the doctor's child says of one provider."""

from pathlib import Path

import pytest

from core.distributions import candidate, detecting, disclosing, good, install
from inboxlink.plugins.examination import examine_one


def probing(wanted: str) -> str:
    """A provider that is good but for what it wants asked."""
    return good("one") + (
        "\nfrom inboxlink.types.web import Probe\n"
        f"@hookimpl\ndef detect_probes(evidence):\n    return {wanted}\n"
    )


DETECTED = "from inboxlink.types.detection import Basis, Detection\n    return Detection"


@pytest.mark.parametrize(
    ("code", "state", "code_of", "said"),
    [
        (good("one"), "loaded", "", ""),
        (detecting("one", f"{DETECTED}('one', Basis.GUESS, Text('x'))"), "loaded", "", ""),
        (good("two"), "broken", "provider_result_invalid", "another name"),
        (
            detecting("one", f"{DETECTED}('imap', Basis.GUESS, Text('x'))"),
            "broken",
            "provider_result_invalid",
            "another provider",
        ),
        (
            detecting("one", f"{DETECTED}('one', Basis.GUESS, 'x')"),
            "broken",
            "provider_result_invalid",
            "because: str, not Text",
        ),
        (
            good("one").replace('Text("one.title")', 'Text("x" * 10_000_000)'),
            "broken",
            "provider_result_invalid",
            "title.key: 10000000 characters",
        ),
        (
            disclosing("one", "return [1]"),
            "broken",
            "provider_result_invalid",
            "list, not tuple",
        ),
        (
            # One of several variants is enough, whichever it is.
            disclosing("one", "return (1,) if detection.settings else ()").replace(
                "frozenset(Audience))", "frozenset(Audience), ('v',))"
            ),
            "broken",
            "provider_result_invalid",
            "0: int, not Disclosure",
        ),
        (probing("(Probe('https://nothing.invalid/'),)"), "loaded", "", ""),
        (probing("['https://x']"), "broken", "provider_result_invalid", "list, not tuple"),
        (probing("1 / 0"), "broken", "provider_raised", "ZeroDivisionError"),
        (disclosing("one", "raise RuntimeError"), "broken", "provider_raised", "RuntimeError"),
        ("raise ImportError('x')", "broken", "provider_load_failed", "ImportError: x"),
        (
            detecting("one", "import threading; threading.Event().wait(5)"),
            "quarantined",
            "provider_overran",
            "",
        ),
    ],
)
def test_what_is_said_of_one_provider(
    place: Path, code: str, state: str, code_of: str, said: str
) -> None:
    """Import, description, detection and every disclosure are tried and held to the contract."""
    install(place, "one", "one", code)
    found, trouble = examine_one(candidate("one"))
    assert (found, trouble.code if trouble else "") == (state, code_of)
    if trouble is not None:
        assert said in trouble.message.params.get("reason", "")


def test_the_stages_are_told_before_each(place: Path) -> None:
    """Whoever waits knows where an examination was when it ended."""
    install(place, "one", "one")
    stages: list[str] = []
    assert examine_one(candidate("one"), stages.append) == ("loaded", None)
    assert stages == ["import", "describe", "detect", "disclose"]
