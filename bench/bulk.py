"""Many addresses: what a known domain costs, what one costs that DNS is asked about, and memory.

The domains are made up, in a mix like that of real ones: of ten, three have their exchangers at
Google or Microsoft, one at a hoster of the table, one is at Microsoft behind a filter, and five
have servers of their own, about which everything is asked. The name server is a process of its own.
The lines are those that the program writes.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from names import serving
from table import Ratio, Rounds, Table, parser

DOMAINS = 10_000
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
            1.0,
        ),
        Ratio(f"MB for {ADDRESSES:,} addresses", "peak", runs["memory"]["cost"], 150.0),
    )
    Table("Many addresses", ratios, (f"{runs['asked']['decided']} of {DOMAINS:,} decided.",)).end(
        given
    )


def _run(kind: str, folder: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", kind, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _child(kind: str, home: str) -> dict[str, Any]:
    from inboxlink.cli.bulk_detection import detect_many
    from inboxlink.cli.session import Session
    from inboxlink.evidence.lookup import LookupDepth
    from inboxlink.texts import Words

    os.environ["INBOXLINK_HOME"] = home
    source, to = Path(home) / f"{kind}.txt", Path(home) / f"{kind}.jsonl"
    count = {"known": 20_000, "asked": DOMAINS, "memory": ADDRESSES}[kind]
    with source.open("w") as file:
        file.writelines(f"{_address(kind, number)}\n" for number in range(count))
    with Session(Words("en"), is_json=True) as session:
        host = session.host()
        host.known("gmail.com")  # what is read once is no address's cost
        depth = LookupDepth.PASSIVE if kind == "asked" else LookupDepth.OFFLINE
        settings = host.lookup_settings(depth, many=True)
        began = time.process_time()
        detect_many(session, host, settings, source=str(source), to=to, queries_per_s=0)
        took = time.process_time() - began
    cost = {
        "known": took * 1e6 / count,
        "asked": took * 1e3 / count,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }[kind]
    with to.open() as file:
        decided = [json.loads(line)["provider"] is not None for line in file]
    to.unlink()
    assert len(decided) == count
    return {"cost": cost, "decided": sum(decided)}


def _address(kind: str, number: int) -> str:
    if kind == "asked":
        return f"ann@d{number}.example.org"
    is_known = kind == "known" or number % 5 < 3
    return f"p{number}@{'gmail.com' if is_known else f'k{number // 4}.invalid.example'}"


if __name__ == "__main__":
    main()
