"""What explaining an error costs: against a bare click program, interleaved in one run.

The texts are those of the documentation's page, each in a process of its own; CPU of the whole
process, user and system. A text's ratio is to the bare command of the same round, and the median of
the rounds counts. The exit status is 1 where the dearest text costs more than the goal.
"""

import os
import re
import statistics
import sys
import tempfile
from pathlib import Path

from startup import BARE, PROGRAM, cpu_ms

ROUNDS = 5
GOAL = 3.0

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "explain-an-error.md"


def texts() -> list[str]:
    """The texts of the page, in order."""
    found = re.findall(r"^\| `(.+)` \| `[a-z0-9_.]+` \|", PAGE.read_text(encoding="utf-8"), re.M)
    assert len(found) >= 40, "the page has another form"
    return found


def main() -> int:
    """Measure and print; gives the exit status."""
    listed = texts()
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "HOME": home, "INBOXLINK_HOME": home}
        # An installed program has its bytecode; an uncounted round writes it.
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        cpu_ms(["-c", PROGRAM, "explain", listed[0]], environ)
        ratios: dict[str, list[float]] = {text: [] for text in listed}
        bare: list[float] = []
        own: list[float] = []
        for _ in range(ROUNDS):
            for text in listed:
                bare.append(cpu_ms(["-c", BARE, "--help"], environ))
                own.append(cpu_ms(["-c", PROGRAM, "explain", text], environ))
                ratios[text].append(own[-1] / bare[-1])
    medians = sorted(statistics.median(each) for each in ratios.values())
    print(f"{len(listed)} texts, {ROUNDS} rounds, each in a process of its own")
    print(f"{'':<10} {'bare ms':>8} {'ms':>8} {'ratio':>7} {'goal':>6}")
    print(
        f"{'median':<10} {statistics.median(bare):8.1f} {statistics.median(own):8.1f}"
        f" {statistics.median(medians):7.2f} {GOAL:6.1f}"
    )
    print(f"{'dearest':<10} {'':8} {'':8} {medians[-1]:7.2f} {GOAL:6.1f}")
    return 0 if medians[-1] <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
