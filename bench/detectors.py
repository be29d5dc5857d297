"""Detect in one class of the benchmark's worlds with one program; prints what it took, as JSON.

A process of its own for each, because a peer may hang for good:
`detectors.py SIDE KIND ADDRESS...`. The first address warms the process up. Before each address
the bare chain of its kind is taken, so that what slows the machine down slows both.
"""

import json
import os
import sys
import time
from collections.abc import Callable

from chain import chain_of

__all__: list[str] = []


def _inboxlink() -> Callable[[str], str]:
    from inboxlink.connect.host import Host
    from inboxlink.evidence.lookup import LookupDepth

    # The servers of IMAP are what the others look for.
    host = Host({**os.environ, "INBOXLINK_PROVIDERS": "inboxlink-imap"})

    def detect(address: str) -> str:
        settings = host.lookup_settings(LookupDepth.FULL)
        best = host.recommend(host.address(address), settings).best
        return best.endpoints[0].host if best and best.endpoints else "nothing"

    return detect


def _maildiscover() -> Callable[[str], str]:
    import logging

    import maildiscover

    logging.disable(logging.CRITICAL)

    def detect(address: str) -> str:
        found = maildiscover.get(address)
        server = found.imaps or found.imap
        return server.host if server and server.host else "nothing"

    return detect


def _myl() -> Callable[[str], str]:
    from myldiscovery import autodiscover

    def detect(address: str) -> str:
        found = autodiscover(address)
        imap = found.get("imap") if found else None
        return (imap or {}).get("server") or "nothing"

    return detect


def main() -> None:
    side, kind, *addresses = sys.argv[1:]
    chain = chain_of(kind, os.environ["SSL_CERT_FILE"])
    detect = {"inboxlink": _inboxlink, "maildiscover": _maildiscover, "myl-discovery": _myl}[side]()
    taken, said, chains = [], [], []
    for address in addresses:
        chains.append(chain(address.partition("@")[2]))
        began = time.perf_counter()
        try:
            said.append(detect(address))
        except Exception as error:  # noqa: BLE001 - a peer may raise anything
            said.append(type(error).__name__)
        taken.append((time.perf_counter() - began) * 1000)
    print(json.dumps({"ms": taken[1:], "chain_ms": chains[1:], "said": said[1:]}))


if __name__ == "__main__":
    main()
