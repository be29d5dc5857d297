"""The child that a provider is imported in by itself: what that loads, and what it then discloses.

Run as `python -m inboxlink.testing.contract.apart DISTRIBUTION NAME`. It writes one line of JSON.
"""

import importlib
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from inboxlink.plugins.candidates import Candidate, installed
from inboxlink.texts import LANGUAGES

__all__ = ["digests", "main", "seen_apart"]

#: Seconds for the child.
DEADLINE_S = 20.0


def seen_apart(candidate: Candidate) -> Mapping[str, Any]:
    """What a process of its own sees of a provider: `loaded` and `digests`.

    Raises:
        ValueError: It saw nothing; the message says why.
    """
    program = (sys.executable, "-P", "-m", "inboxlink.testing.contract.apart")
    try:
        done = subprocess.run(
            (*program, candidate.distribution, candidate.name),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
            env=_environ(),
        )
        found: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        raise ValueError(f"its import did not end within {DEADLINE_S:g} s") from None
    except (IndexError, ValueError):
        raise ValueError(f"its import ended the process with {done.returncode}") from None
    return found


def _environ() -> dict[str, str]:
    import os

    # Another seed than this process has: what is made of a set comes in another order.
    path = os.pathsep.join(each for each in sys.path if each)
    return {**os.environ, "PYTHONHASHSEED": "20261126", "PYTHONPATH": path}


def digests(candidate: Candidate) -> dict[str, str]:
    """The digest of every disclosure of every variant, in every language.

    Raises:
        ProviderFault: The provider discloses nothing, or not in the form of the contract.
    """
    from inboxlink.plugins.calling import Caller
    from inboxlink.plugins.loading import load
    from inboxlink.testing.contract.disclosing import disclosed

    caller = Caller(load((candidate,)))
    return {
        f"{variant or '-'} {language} {each.reference}": each.digest
        for language in LANGUAGES
        for variant, shown in disclosed(caller, candidate.name, language).items()
        for each in shown
    }


def main(distribution: str, name: str) -> None:
    """Import the provider, and write what came of it."""
    candidate = next(
        each for each in installed() if (each.distribution, each.name) == (distribution, name)
    )
    before = set(sys.modules)
    importlib.import_module(candidate.module)
    loaded = sorted(set(sys.modules) - before)
    try:
        told = digests(candidate)
    except Exception:  # noqa: BLE001 - another rule says what is wrong with them
        told = {}
    print(json.dumps({"loaded": loaded, "digests": told}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
