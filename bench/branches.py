"""How many branches of the core the tests take; status 1 where they are less than BOUND per cent.

`make coverage` runs it after the tests. coverage's own `fail_under` counts lines and branches
together, and lines are the easier half.
"""

import json
import sys
from pathlib import Path

BOUND = 95.0
MEASURED = Path(__file__).parent.parent / "build" / "coverage" / "coverage.json"


def main() -> int:
    """Print both figures; gives the exit status."""
    totals = json.loads(MEASURED.read_text())["totals"]
    taken, branches = totals["covered_branches"], totals["num_branches"]
    share = 100 * taken / branches
    print(f"Lines and branches together: {totals['percent_covered']:.1f} %")
    print(f"Branches alone: {share:.1f} % ({taken} of {branches}); wanted: {BOUND:g} %")
    return 0 if share >= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
