"""Run tests on the wheels, where no sources are in reach: `python -m stability DIST [TEST...]`.

DIST is where `make dist` put them. Without a TEST those are run that need what a wheel can lack:
modules, entry points, words, disclosures, the schema's changes, the program itself. `.` is all of
them, but for what looks at the checkout and would find nothing there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from stability.environments import DISTRIBUTIONS, ROOT, Environment, unreached

#: What a wheel can lack, in a few minutes.
FAST = (
    "providers",
    *(
        f"core/test_{name}.py"
        for name in (
            *("candidates", "commands", "disclosures", "plugins", "startup", "store", "table"),
            *("texts", "vault", "vetting"),
        )
    ),
    *(f"e2e/test_{name}.py" for name in ("cli", "connect")),
    *("exchange/test_provider.py", "gmail/test_connecting.py", "imap/test_words.py"),
    *("imap/test_policy.py", "outlook/test_device.py"),
)

#: They look at the checkout: its documents, its benchmarks, how it is built, its sources.
OF_THE_CHECKOUT = (
    *("--ignore=tests/bench", "--ignore=tests/docs", "--ignore=tests/stability"),
    "--deselect=tests/core/test_network_tls.py::test_no_code_turns_verification_off",
    "--deselect=tests/imap/test_reply_codes.py::test_the_readme_says_the_same",
)


def main(dist: str, *tests: str) -> int:
    """Install, copy the tests beside it, and run them; gives the status of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        environment = Environment(place / "environment", Path(dist).resolve())
        environment.install(*DISTRIBUTIONS)
        environment.link_all()
        shutil.copytree(
            ROOT / "tests",
            place / "tests",
            ignore=shutil.ignore_patterns("__pycache__"),
            symlinks=True,
        )
        shutil.copy(ROOT / "pyproject.toml", place)
        chosen = [str(Path("tests", each)) for each in tests or FAST]
        return subprocess.run(
            [environment.python, "-P", "-m", "pytest", "-q", *OF_THE_CHECKOUT, *chosen],
            cwd=place,
            env=unreached(os.environ),
            check=False,
        ).returncode


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
