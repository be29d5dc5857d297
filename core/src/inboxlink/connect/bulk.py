"""Recommendations for many addresses: each domain looked up once, each address one line.

A run that is killed goes on where it was: what was written is read again, and a line that was
not finished is cut off.
"""

import gc
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from inboxlink.connect.host import Host
from inboxlink.detection import Recommendation
from inboxlink.errors import Problem, SetupError, problem
from inboxlink.evidence.lookup import LookupSettings
from inboxlink.types.detection import Evidence

__all__ = ["Order", "Wording", "read_done", "run", "sort_by_domain"]


@dataclass(slots=True)
class Order:
    """What is to be done.

    Args:
        domains: The addresses as they were typed, by domain.
        faults: Addresses that are none, with the reason.
        count: How many addresses that is together, each once.
    """

    domains: dict[str, list[str]] = field(default_factory=dict)
    faults: list[tuple[str, Problem]] = field(default_factory=list)
    count: int = 0


@dataclass(frozen=True, slots=True)
class Wording:
    """What stands in a line besides the address.

    Args:
        document: Of a domain.
        fault: Of an address, or a domain, that cannot be looked up.
    """

    document: Callable[[Recommendation], dict[str, Any]]
    fault: Callable[[Problem], dict[str, Any]]


def sort_by_domain(host: Host, lines: Iterable[str], done: set[str]) -> Order:
    """Read addresses, one a line; empty ones, repeated ones and those done are left out."""
    order = Order()
    seen = set(done)
    for line in lines:
        typed = line.strip()
        if not typed or typed in seen:
            continue
        seen.add(typed)
        order.count += 1
        try:
            domain = host.address(typed).domain
        except SetupError as error:
            order.faults.append((typed, error.problem))
        else:
            order.domains.setdefault(domain, []).append(typed)
    return order


def read_done(path: Path) -> set[str]:
    """The addresses that an earlier run wrote; an unfinished last line is cut off.

    Raises:
        SetupError: `output_unusable`: what is there was not written by such a run.
    """
    done: set[str] = set()
    whole = 0
    try:
        with path.open("r+b") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                done.add(str(json.loads(line)["address"]))
                whole += len(line)
            file.truncate(whole)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, LookupError, TypeError) as error:
        reason = type(error).__name__
        raise SetupError(problem("output_unusable", path=str(path), reason=reason)) from None
    return done


def run(
    host: Host,
    order: Order,
    settings: LookupSettings,
    wording: Wording,
    output: BinaryIO,
    *,
    queries_per_s: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Look every domain up and write a line for every address, those of a domain together.

    Args:
        host: The installation.
        order: What is to be done.
        settings: How far each look-up goes.
        wording: What stands in the lines.
        output: Where they go.
        queries_per_s: Questions to DNS in a second; 0 = as many as there are.
        progress: Told of how many addresses were done.
    """

    def write(addresses: list[str], members: dict[str, Any]) -> None:
        rest = json.dumps(members)[1:]
        # Line by line: those of one domain may be nearly all there are.
        for each in addresses:
            output.write(f'{{"address": {json.dumps(each)}, {rest}\n'.encode())
        output.flush()
        progress(len(addresses))

    for typed, trouble in order.faults:
        write([typed], wording.fault(trouble))

    async def look_up(known: Iterator[Evidence]) -> None:
        from inboxlink.evidence.many import look_into_many

        network = host.network.settings
        async for evidence in look_into_many(known, settings, network, queries_per_s):
            write(order.domains[evidence.domain], wording.document(host.judge(evidence)))

    undecided: list[Evidence] = []
    for domain, addresses in order.domains.items():
        try:
            evidence = host.known(domain)
        except SetupError as error:
            write(addresses, wording.fault(error.problem))
            continue
        if settings.asks(evidence):
            undecided.append(evidence)
        else:
            write(addresses, wording.document(host.judge(evidence)))
    if undecided:
        from inboxlink.network import loop

        # What is here already will be here to the end; to look for garbage among it, again and
        # again, takes a seventh of the time.
        gc.freeze()
        try:
            loop.run(look_up(iter(undecided)))
        finally:
            gc.unfreeze()
