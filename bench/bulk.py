"""Many addresses: what a known domain costs, what one costs that DNS is asked about, and memory.

The domains are made up, in a mix like that of real ones: of ten, three have their exchangers at
Google or Microsoft, one at a hoster of the table, one is at Microsoft behind a filter, and five
have servers of their own, about which everything is asked. The name server is a process of its own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from names import serving
from table import Ratio, Rounds, Table, parser

DOMAINS = 2000
ADDRESSES = 100_000


def zone_of(number: int) -> dict[str, list[str]]:
    """The records of one domain of the mix."""
    name = f"d{number}.example.org"
    match number % 10:
        case 0 | 1:
            return {name: [f"MX 0 d{number}.mail.protection.outlook.com."]}
        case 2:
            return {name: ["MX 1 aspmx.l.google.com."]}
        case 3:
            return {name: ["MX 1 in1-smtp.messagingengine.com."]}
        case 4:
            return {
                name: [
                    f"MX 1 mx{number}.pphosted.com.",
                    'TXT "v=spf1 include:spf.protection.outlook.com -all"',
                ],
                f"autodiscover.{name}": ["CNAME autodiscover.outlook.com."],
            }
    return {name: [f"MX 1 mail.{name}.", 'TXT "v=spf1 mx -all"'], f"mail.{name}": ["A 192.0.2.1"]}


def main() -> None:
    options = parser(__doc__ or "", 3)
    options.add_argument("--child", nargs=2, metavar=("KIND", "HOME"), help="used by the program")
    given = options.parse_args()
    if given.child:
        print(json.dumps(_child(*given.child)))
        return
    zone = {name: records for n in range(DOMAINS) for name, records in zone_of(n).items()}
    with tempfile.TemporaryDirectory() as folder, serving(zone, Path(folder)) as port:
        config = f'[network]\nnameservers = ["127.0.0.1:{port}"]\n'
        (Path(folder) / "inboxlink.toml").write_text(config)
        runs = {kind: _run(kind, folder) for kind in ("known", "asked", "memory")}
        rounds = Rounds(
            given.rounds,
            {kind: lambda kind=kind: _run(kind, folder)["cost"] for kind in ("known", "asked")},
        )
    known, asked = rounds.median("known"), rounds.median("asked")
    ratios = (
        Ratio("us of CPU for an address of a known domain", f"{1e6 / known:,.0f}/s", known, 50.0),
        Ratio(
            "ms of CPU for a domain that DNS is asked about",
            f"{1000 / asked:,.0f}/s",
            asked,
            1000 / 350,
        ),
        Ratio(f"MB for {ADDRESSES:,} addresses", "peak", runs["memory"]["cost"], 150.0),
    )
    Table("Many addresses", ratios, (f"{runs['asked']['decided']} of {DOMAINS} decided.",)).end(
        given
    )


def _run(kind: str, folder: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", kind, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _child(kind: str, home: str) -> dict[str, Any]:
    from inboxlink.connect import bulk
    from inboxlink.connect.host import Host
    from inboxlink.evidence.lookup import LookupDepth

    decided = 0

    def document(recommendation: Any) -> dict[str, Any]:
        nonlocal decided
        decided += recommendation.best is not None
        return {"provider": recommendation.best and recommendation.best.provider}

    lines = {
        "known": (f"p{n}@gmail.com" for n in range(20_000)),
        "asked": (f"ann@d{n}.example.org" for n in range(DOMAINS)),
        "memory": (
            f"p{n}@{'gmail.com' if n % 5 < 3 else f'k{n // 4}.invalid.example'}"
            for n in range(ADDRESSES)
        ),
    }[kind]
    with Host({"INBOXLINK_HOME": home}) as host, (Path(home) / kind).open("wb") as output:
        host.known("gmail.com")  # what is read once is no address's cost
        depth = LookupDepth.PASSIVE if kind == "asked" else LookupDepth.OFFLINE
        settings = host.lookup_settings(depth, many=True)
        began = time.process_time()
        order = bulk.sort_by_domain(host, lines, set())
        bulk.run(host, order, settings, bulk.Wording(document, lambda _: {}), output)
        took = time.process_time() - began
    cost = {
        "known": took * 1e6 / order.count,
        "asked": took * 1e3 / order.count,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }[kind]
    return {"cost": cost, "decided": decided}


if __name__ == "__main__":
    main()
