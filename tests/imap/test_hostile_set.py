"""The whole set of hostile servers against the provider, and the figures of it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from imap.hostile_servers import Met, certificates_of, serve
from imap.hostile_set import ANY, CASES, EITHER, SECONDS, SECRET, SLOW, Case
from imap.secret_forms import forms_of
from inboxlink.errors import CODES
from peers.certificates import Authority, Certificate
from peers.need import need

TESTS = Path(__file__).parent.parent

MAX_GROWTH_MB = 50
MAX_OVER_S = 1.0


@pytest.fixture(scope="module")
def met(
    authority: Authority, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Met]:
    """Every case, met once by one process."""
    need("/proc/self/clear_refs", "none, it is Linux's own")
    certificates = certificates_of(authority, certificate, tmp_path_factory.mktemp("stranger"))
    with ExitStack() as stack:
        met = {name: serve(case, certificates, stack) for name, case in CASES.items()}
        warm_up = serve(Case(), certificates, stack)

        def described(name: str) -> dict[str, Any]:
            case = CASES[name]
            kind = {"is_starttls": case.is_starttls, "is_token": case.is_token}
            return {"name": name, **kind, **met[name].ports}

        given = {
            "ca_file": str(authority.ca_file),
            "warm_up": {"name": "", "is_starttls": False, "is_token": False, **warm_up.ports},
            "groups": [
                *([described(name)] for name in CASES if name not in SLOW),
                [described(name) for name in CASES if name in SLOW],
            ],
        }
        done = subprocess.run(
            [sys.executable, "-m", "imap.hostile_client"],
            input=json.dumps(given),
            cwd=TESTS,
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        for seen in json.loads(done.stdout):
            met[seen["name"]].seen = seen
    return met


def test_the_figures_of_the_set(
    met: dict[str, Met], record_property: Callable[[str, object], None]
) -> None:
    """No credential in the clear, no untyped exception, no leak; in time and in memory."""
    # G1, G3, G4, F15-F22, F25, F26, F30, F31; req 107
    forms = [form.encode() for form in forms_of(SECRET)]
    figures = {
        "cases": len(met),
        "plaintext_bytes": sum(len(each.plaintext) for each in met.values()),
        "credential_bytes_in_plaintext": sum(
            len(form) for each in met.values() for form in forms if form in each.plaintext
        ),
        "untyped_exceptions": sum(len(each.seen["untyped"]) for each in met.values()),
        "leaks": sum(len(each.seen["leaks"]) for each in met.values()),
        "most_uses_of_the_password_at_one_server": max(max(each.uses) for each in met.values()),
        "slowest_over_its_deadline_s": round(
            max(each.seen["took_s"] for each in met.values()) - SECONDS, 2
        ),
        "most_memory_mb": round(max(each.seen["growth_mb"] for each in met.values()), 1),
    }
    sys.stdout.write(f"hostile set: {json.dumps(figures)}\n")  # -rA shows it
    for name, figure in figures.items():
        record_property(name, figure)
    worst = {
        name: [each.seen[key] for key in ("took_s", "growth_mb", "untyped", "leaks")]
        for name, each in met.items()
        if each.seen["untyped"]
        or each.seen["leaks"]
        or each.plaintext
        or each.seen["took_s"] > SECONDS + MAX_OVER_S
        or each.seen["growth_mb"] > MAX_GROWTH_MB
    }
    assert figures["plaintext_bytes"] == 0, (figures, worst)
    assert figures["untyped_exceptions"] == 0, (figures, worst)
    assert figures["leaks"] == 0, (figures, worst)
    assert figures["most_uses_of_the_password_at_one_server"] == 1, figures
    assert figures["slowest_over_its_deadline_s"] <= MAX_OVER_S, (figures, worst)
    assert figures["most_memory_mb"] <= MAX_GROWTH_MB, (figures, worst)
    assert figures["cases"] >= 150


@pytest.mark.parametrize("name", CASES)
def test_each_case_is_called_by_its_name(met: dict[str, Met], name: str) -> None:
    """A hostile server is reported by the code that fits it, and never spoils the other side."""
    case, seen = met[name].case, met[name].seen
    expected = case.code
    if expected == EITHER:
        expected = seen["code"] and ANY
    if expected == ANY:
        assert seen["code"] in CODES
        assert CODES[seen["code"]][0] in ("mailbox", "sign_in"), seen
    else:
        assert seen["code"] == expected
    receives, sends = seen["works"]
    if expected is None:
        assert (receives, sends) == (True, True)
    elif case.smtp is not None:
        assert (receives, sends) == (True, False)
    else:
        assert not receives


@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if case.certificate != "good"]
)
def test_nothing_is_said_to_a_server_that_is_not_trusted(met: dict[str, Met], name: str) -> None:
    """Inside TLS without a trusted certificate not one byte is sent."""
    place = 0 if met[name].case.imap else 1
    conversations = met[name].servers[place].conversations
    assert conversations
    assert {each.after_tls for each in conversations} == {b""}
