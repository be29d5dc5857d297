"""The long run: every point, many rounds, a table, and exit status 1 where anything broke."""

import argparse
import random
import sys
import time

from core.renewal import RENEWING
from peers.certificates import Authority
from peers.dovecot import Dovecot
from peers.fixtures import NAMES, PASSWORDS
from peers.relay import Relay
from peers.token_endpoint import HOST, TokenEndpoint
from soak.points import POINTS
from soak.renewals import Renewal, RenewalWorld
from soak.rounds import Round, World, quick_directory
from soak.server import Server

#: Every so many rounds everything else is done after the strike too.
_EVERY = 10

_ROW = "{:<55} {:>7} {:>7}"


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="of each point")
    parser.add_argument("--minutes", type=float, default=30, help="after which no round begins")
    parser.add_argument("--seed", type=int, default=None, help="of the moments by chance")
    parser.add_argument("--only", default="", help="points whose name holds this")
    options = parser.parse_args()
    seed = random.randrange(2**32) if options.seed is None else options.seed
    random.seed(seed)
    points = [point for point in POINTS if options.only in str(point)]
    played = dict.fromkeys(points, 0)
    broken: dict[str, list[str]] = {}
    begun = time.monotonic()
    is_late = False
    with quick_directory() as root, Server(RENEWING) as server, Relay() as relay:
        (root / "ca").mkdir()
        (root / "homes").mkdir(mode=0o700)
        authority = Authority(root / "ca")
        with (
            Dovecot(PASSWORDS, authority.issue(*NAMES), relay.port) as dovecot,
            TokenEndpoint(authority.issue(HOST)) as endpoint,
        ):
            world = World(root / "homes", server, dovecot, authority.ca_file)
            renewals = RenewalWorld(root / "homes", server, endpoint, authority.ca_file)
            for turn in range(options.rounds):
                print(f"{time.monotonic() - begun:.0f} s: round {turn + 1}", file=sys.stderr)
                for point in points:
                    is_late = time.monotonic() - begun > options.minutes * 60
                    if is_late:
                        break
                    is_long = turn % _EVERY == 0
                    if point.action == "refresh":
                        found = Renewal(renewals, point, is_long=is_long).play()
                    else:
                        found = Round(world, point, is_long=is_long).play()
                    played[point] += 1
                    if found:
                        broken.setdefault(str(point), []).append("; ".join(found))
    print(_ROW.format("point", "rounds", "broken"))
    for point, count in played.items():
        print(_ROW.format(str(point), count, len(broken.get(str(point), []))))
    failed = sum(map(len, broken.values()))
    total = f"{len(points)} points, seed {seed}, {time.monotonic() - begun:.0f} s"
    print(_ROW.format(total, sum(played.values()), failed))
    for name, found in broken.items():
        print(f"\n{name}\n  " + "\n  ".join(sorted(set(found))[:5]))
    if is_late:
        print(f"\nThe {options.minutes:g} minutes were over before all rounds were played.")
    return 1 if failed or is_late else 0


if __name__ == "__main__":
    sys.exit(main())
