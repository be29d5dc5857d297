"""Two hundred hostile servers at once, in a process of its own whose memory can be measured."""

import json
import subprocess
import sys

import pytest

from peers.certificates import Authority
from peers.scripted import Conversation, ScriptedServer

HOST = "mail.example.test"
AT_ONCE = 200
DEADLINE_S = 3.0

CROWD = """
import json, resource, sys, threading, time
from pathlib import Path
from inboxlink.errors import InboxlinkError
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.types.detection import Endpoint, Role, Tls

port, ca_file, tls, at_once, seconds = json.loads(sys.argv[1])
endpoint = Endpoint(Role.IMAP, "mail.example.test", 993, Tls(tls))
connect = {endpoint.authority: f"127.0.0.1:{port}"}
network = Network(NetworkSettings(ca_file=Path(ca_file), connect=connect))
ended = []

def one():
    began = time.monotonic()
    try:
        channel = network.open(endpoint, began + seconds)
        reader = channel.makefile()
        while reader.readline():
            pass
        outcome = "ended"
    except InboxlinkError as error:
        outcome = error.code
    except BaseException as error:
        outcome = repr(error)
    ended.append((outcome, time.monotonic() - began))

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

try:
    network.open(endpoint, time.monotonic() + 0.2)
except InboxlinkError:
    pass
before = peak()
threads = [threading.Thread(target=one, daemon=True) for _ in range(at_once)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(seconds + 20)
print(json.dumps({"ended": ended, "grown_kb": peak() - before}))
"""


def flooding(conversation: Conversation) -> None:
    conversation.start_tls()
    while True:
        conversation.send(b"x" * 65536)


@pytest.mark.parametrize(
    ("script", "tls", "codes"),
    [
        (Conversation.hear_out, "implicit", {"timed_out"}),
        (Conversation.hear_out, "starttls", {"timed_out"}),
        (flooding, "implicit", {"response_too_large", "timed_out"}),
    ],
)
def test_a_crowd_of_hostile_servers_holds_nobody(
    authority: Authority, script: object, tls: str, codes: set[str]
) -> None:
    """Each ends typed by its deadline and a second, and all together take less than 50 MB."""
    assert callable(script)
    with ScriptedServer(script, authority.issue(HOST)) as server:
        told = json.dumps([server.port, str(authority.ca_file), tls, AT_ONCE, DEADLINE_S])
        done = subprocess.run(
            [sys.executable, "-c", CROWD, told],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["ended"]) == AT_ONCE
    assert {outcome for outcome, _ in found["ended"]} <= codes
    slowest_s = max(took_s for _, took_s in found["ended"])
    # Two hundred threads begin one after another; each counts from its own beginning.
    assert slowest_s <= DEADLINE_S + 1
    assert found["grown_kb"] < 50 * 1024
