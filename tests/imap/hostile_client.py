"""The provider before hostile servers, in a process of its own whose memory is watched.

Reads what to meet from standard input and says on standard output what came of it.
"""

import io
import json
import logging
import re
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from imap.hostile_set import SECONDS, SECRET
from imap.secret_forms import forms_of
from imap.world import HOST, IMAP, IMAPS, SUBMISSION, SUBMISSIONS, World
from inboxlink.errors import InboxlinkError
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.report import VerifyReport
from inboxlink.types.steps import Form
from inboxlink.types.text import Text


def meet(case: dict[str, Any], ca_file: str) -> dict[str, Any]:
    """Sign in and verify, whatever the first of them says."""
    imap, smtp = (IMAP, SUBMISSION) if case["is_starttls"] else (IMAPS, SUBMISSIONS)
    connect = {
        f"{HOST}:{imap.port}": f"127.0.0.1:{case['imap']}",
        f"{HOST}:{smtp.port}": f"127.0.0.1:{case['smtp']}",
    }
    world = World(
        connect,
        Path(ca_file),
        seconds=SECONDS,
        detection=Detection("imap", Basis.PUBLISHED, Text("x"), (imap, smtp)),
    )
    result: dict[str, Any] = {"name": case["name"], "took_s": 0.0, "untyped": [], "shown": []}

    def run(call: Callable[[], Any]) -> Any:
        began = time.monotonic()
        try:
            return call()
        except InboxlinkError as error:
            result["shown"].append(repr(error.problem))
        except BaseException as error:
            result["untyped"].append(f"{type(error).__name__}: {error}"[:300])
        finally:
            result["took_s"] = max(result["took_s"], time.monotonic() - began)
        return None

    step = run(world.begin)
    if isinstance(step, Form) and step.step == "sign_in":
        result["shown"].append(repr(run(lambda: world.submit(step, SECRET))))
    result["shown"].append(repr(step))
    done = (world.granted if case["is_token"] else world.done)(SECRET, imap, smtp)
    report = run(lambda: world.verify(done))
    if isinstance(report, VerifyReport):
        first = report.first_problem
        result["code"] = None if first is None else first.code
        result["works"] = [report.can_receive, report.can_send]
        result["shown"] += [*remote_words(report), report.model_dump_json()]
    return result


def remote_words(report: VerifyReport) -> Iterator[str]:
    """What the servers said, as it would be shown."""
    for check in report.checks:
        yield check.evidence or ""
        yield (check.problem and check.problem.remote) or ""


def leaks(shown: list[str]) -> list[str]:
    """Forms of the secret, and characters that steer a terminal."""
    found = [form for form in forms_of(SECRET) for text in shown if form in text]
    return found + [
        repr(character)
        for text in shown
        for character in text
        if unicodedata.category(character) in ("Cc", "Cf") and character != "\n"
    ]


def status(name: str) -> int:
    """A figure of this process in KiB: `VmRSS`, or the highest since `forget_peak`, `VmHWM`."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def main() -> None:
    given = json.load(sys.stdin)
    log = io.StringIO()
    logging.basicConfig(stream=log, level=logging.DEBUG, force=True)
    ca_file = given["ca_file"]
    meet(given["warm_up"], ca_file)
    results = []
    for group in given["groups"]:
        forget_peak()
        before = status("VmRSS")
        with ThreadPoolExecutor(max_workers=len(group)) as pool:
            met = list(pool.map(lambda case: meet(case, ca_file), group))
        growth = (status("VmHWM") - before) / 1024
        for result in met:
            result["growth_mb"] = growth
            result["leaks"] = leaks([*result.pop("shown"), log.getvalue()])
            results.append(result)
        log.seek(0)
        log.truncate()
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
