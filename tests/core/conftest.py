"""A provider of every kind of step, installed as a distribution is."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.renewal import RENEWING, Renewal, configure, connect
from inboxlink.connect.host import Host
from peers.certificates import Authority
from peers.token_endpoint import HOST, TokenEndpoint

SCRIPTED = Path(__file__).parent.parent / "fixtures" / "scripted"


@pytest.fixture
def scripted(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """An installation whose only provider is the scripted one."""
    monkeypatch.syspath_prepend(SCRIPTED)
    monkeypatch.setenv("INBOXLINK_PROVIDERS", "inboxlink-scripted")
    (home / "inboxlink.toml").write_text(
        '[application]\nname = "Acme"\n[network]\nspecial_domains = ["scripted.test"]\n'
    )
    with Host() as host:
        yield host
    for name in [name for name in sys.modules if name.startswith("inboxlink_scripted")]:
        del sys.modules[name]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory at the front of the path, of this process and of its children."""
    directory = tmp_path / "distributions"
    directory.mkdir()
    monkeypatch.syspath_prepend(directory)
    monkeypatch.setenv("PYTHONPATH", str(directory))
    yield directory
    for name in [name for name in sys.modules if name.endswith("_module")]:
        del sys.modules[name]


@pytest.fixture
def renewal(home: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Renewal]:
    """A connected mailbox whose access ends, and is renewed at a server of the test."""
    monkeypatch.setenv("PYTHONPATH", str(RENEWING))
    monkeypatch.syspath_prepend(RENEWING)
    monkeypatch.syspath_prepend(SCRIPTED)
    monkeypatch.setenv("INBOXLINK_PROVIDERS", "inboxlink-renewing,inboxlink-scripted")
    monkeypatch.setenv("LOGNAME", "me")
    with TokenEndpoint(authority.issue(HOST)) as endpoint:
        configure(home, endpoint, authority.ca_file)
        with Host() as host:
            yield Renewal(home, host, endpoint, connect(host).id)
    for name in [name for name in sys.modules if name.startswith(("inboxlink_re", "inboxlink_sc"))]:
        del sys.modules[name]
