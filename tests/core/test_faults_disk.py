"""A disk that is really full: what was durable stays, and the rest is refused, typed."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core.custody import child

#: Does what people do until nothing fits any more, then makes room and goes on.
SCRIPT = """
import contextlib, io, json, os, resource
from pathlib import Path
from core.custody import KEY_FILE, a_connection, a_credential, custody
from inboxlink.cli.app import run
from inboxlink.consent.ledger import EntryKind
from inboxlink.errors import HostError
from inboxlink.store.rotation import rotate

place, way = Path(sys.argv[1]), sys.argv[2]
home, ballast = place / "home", place / "ballast"
home.mkdir(mode=0o700)
reserve = place / "reserve"
if way == "tmpfs":
    reserve.write_bytes(bytes(3_000_000))
data = home / "data"
os.environ["INBOXLINK_HOME"] = str(home)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

def attempt(act):
    try:
        act()
    except HostError as error:
        return error.code

def program(*arguments):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = run(["--json", *arguments])
    said = json.loads(out.getvalue())
    return [status, said["error"]["code"] if "error" in said else None]

def passwords(connections, count):
    return [connections.credential(f"c{n:04}").secret("password") for n in range(count)]

found = {"done": 0, "codes": []}
with custody(data) as (store, vault, connections, ledger):
    if way == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
    def connect(number):
        ledger.append(EntryKind.AUTOMATION, owner="alice", mailbox="m", provider="imap",
                      details={"number": number})
        new = a_connection(number, settings={"k": "v" * 3000})
        connections.add(new, a_credential(f"p{number}"))
    while not found["codes"] and found["done"] < 1000:
        code = attempt(lambda: connect(found["done"]))
        if code is None:
            found["done"] += 1
        else:
            found["codes"].append(code)
    if way == "tmpfs":
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(512))
    found["codes"] += [attempt(lambda: connect(2000)) for _ in range(3)]
    found["codes"].append(attempt(lambda: rotate(store, vault)))
    found["open"] = passwords(connections, found["done"])
before = json.loads((data / KEY_FILE).read_text())["keys"]
found["keys"] = len(before)
found["programs"] = [
    program(*arguments)
    for arguments in (("consent", "verify"), ("accounts", "list"), ("vault", "rotate"),
                      ("accounts", "disconnect", "c0000", "--yes"))
]
after = json.loads((data / KEY_FILE).read_text())["keys"]
is_rotated = found["programs"][2][0] == 0
found["kept"] = after == before[:1] if is_rotated else after[-1:] == before[-1:]
found["files"] = sorted(path.name for path in data.iterdir())
if way == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
else:
    ballast.unlink()
    reserve.unlink()
with custody(data) as (store, vault, connections, ledger):
    found["live"] = connections.count("alice")
    rotate(store, vault)
    found["whole"] = ledger.verify().ok
    kept = [each for each in connections.page(None, None, 2000).items if each.state == "active"]
    found["after"] = [connections.credential(each.id).secret("password") for each in kept]
    connect(3000)
    found["rows"] = len(ledger.entries())
found["left"] = sorted(path.name for path in data.iterdir())
print(json.dumps(found))
"""


def filled(process: "subprocess.Popen[str]") -> Any:
    try:
        out, err = process.communicate(timeout=90)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
    return json.loads(out)


def assert_nothing_was_lost(found: Any, codes: set[str]) -> None:
    done = found["done"]
    assert 10 < done < 1000
    assert len(found["codes"]) == 5
    assert set(found["codes"]) <= codes, found["codes"]
    assert found["open"] == [f"p{number}" for number in range(done)]
    # A command that needs no room may succeed; none ends in any other way.
    assert all(each in [[0, None], *([14, code] for code in codes)] for each in found["programs"])
    assert found["kept"], "the key that everything is sealed with"
    is_disconnected = found["programs"][-1] == [0, None]
    assert found["live"] == done - is_disconnected
    assert found["whole"]
    assert found["after"] == [f"p{number}" for number in range(int(is_disconnected), done)]
    # A row of consent may be durable though what it was for did not fit; never the other way.
    assert found["rows"] >= done + 1
    for names in (found["files"], found["left"]):
        assert not [name for name in names if name.endswith(".new")]


def test_a_file_that_must_not_grow_loses_nothing(tmp_path: Path) -> None:
    """Where the system lets no file grow, each command ends typed, and all goes on afterwards."""
    # req 109
    found = filled(child(SCRIPT, tmp_path, "limit"))
    assert_nothing_was_lost(found, {"store_full", "store_unavailable"})


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """On a disk without one free block each command is `store_full`, and all goes on afterwards."""
    # req 109
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = 'mount -t tmpfs -o size=4m,mode=0700 none "$0"'
    try:
        tried = subprocess.run(
            [*alone, mount, str(tmp_path)], capture_output=True, timeout=30, check=False
        )
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if tried.returncode != 0:  # the test above meets the same without a disk of its own
        pytest.skip(f"no disk of one's own here: {tried.stderr.decode().strip()}")
    inside = child(
        SCRIPT, tmp_path, "tmpfs", under=[*alone, f'{mount} && exec "$@"', str(tmp_path)]
    )
    assert_nothing_was_lost(filled(inside), {"store_full"})
