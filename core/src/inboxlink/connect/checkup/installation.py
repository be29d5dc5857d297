"""What an installation is made of: its file, versions, data, store, key and providers."""

import os
import platform
import ssl
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import inboxlink
from inboxlink.connect.checkup.finding import Finding
from inboxlink.connect.host import Host
from inboxlink.errors import HostError, InboxlinkError, Problem, ProviderFault, problem
from inboxlink.types.text import Text

__all__ = ["look_at_installation", "versions"]

#: Files that are looked at; an installation has some dozen, and one for each domain looked up.
_MOST_FILES = 20_000

#: Who else than the owner.
_OTHERS_WRITE = 0o022
_OTHERS_READ = 0o044


def look_at_installation(host: Host) -> Iterator[Finding]:
    """From the configuration to the providers."""
    yield _config(host)
    named = ", ".join(f"{name} {version}" for name, version in versions(host).items())
    yield Finding(
        "versions",
        Text("checkup.versions"),
        ok=True,
        detail=Text("checkup.versions.good", {"named": named}),
    )
    data = _data(host)
    yield data
    if data.ok:
        yield _files(host)
    store = _store(host, is_open=data.ok)
    yield store
    yield _key(host, is_open=store.ok)
    yield from _providers(host)


def versions(host: Host) -> dict[str, str]:
    """This program, what it runs on, and each provider, by name."""
    return {
        "inboxlink": inboxlink.__version__,
        "Python": platform.python_version(),
        "OpenSSL": ssl.OPENSSL_VERSION.partition(" ")[2].partition(" ")[0],
    } | {each.distribution: each.version for each in host.registry.candidates.values()}


def _config(host: Host) -> Finding:
    path = host.paths.config
    title = Text("checkup.config")
    if not path.exists():
        detail = Text("checkup.config.absent", {"path": str(path)})
        return Finding("config", title, ok=True, detail=detail)
    mode = path.stat().st_mode
    # Who can change it says where passwords go; who can read it has the secrets in it.
    is_secret = any(each.client_secret for each in host.config.oauth.values())
    if mode & _OTHERS_WRITE or (is_secret and mode & _OTHERS_READ):
        exposed = problem("file_exposed", path=str(path))
        return Finding("config", title, ok=False, problem=exposed)
    detail = Text("checkup.config.good", {"path": str(path)})
    return Finding("config", title, ok=True, detail=detail)


def _data(host: Host) -> Finding:
    from inboxlink.vault.files import private_directory

    title, path = Text("checkup.data"), {"path": str(host.paths.data)}
    if not os.path.lexists(host.paths.data):
        return Finding("data", title, ok=None, detail=Text("checkup.later", path))
    try:
        private_directory(host.paths.data)
    except InboxlinkError as error:
        return Finding("data", title, ok=False, problem=error.problem)
    return Finding("data", title, ok=True, detail=Text("checkup.data.good", path))


def _files(host: Host) -> Finding:
    """Every file in the data directory, each of which is to be closed by itself."""
    from inboxlink.vault.files import private_directory, private_file

    title = Text("checkup.files")
    count = 0
    for path in islice(_below(host.paths.data), _MOST_FILES):
        try:
            (private_directory if path.is_dir() else private_file)(path)
        except HostError as error:
            if error.code == "store_unavailable":  # it is gone again, as a lock or a -wal file is
                continue
            return Finding("files", title, ok=False, problem=error.problem)
        count += 1
    detail = Text("checkup.files.good", {"count": str(count)})
    return Finding("files", title, ok=True, detail=detail)


def _below(directory: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(directory):
        for name in sorted((*folders, *files)):
            yield Path(folder, name)


def _store(host: Host, *, is_open: bool | None) -> Finding:
    from inboxlink.store.engine import HEAD, is_made

    title = Text("checkup.store")
    if is_open is False:
        return Finding("store", title, ok=None, detail=Text("checkup.not_reached"))
    try:
        if not is_made(host.config.store.url, host.paths.data):
            return Finding("store", title, ok=None, detail=Text("checkup.later"))
        _ = host.store
    except InboxlinkError as error:
        return Finding("store", title, ok=False, problem=error.problem)
    detail = Text("checkup.store.good", {"revision": HEAD})
    return Finding("store", title, ok=True, detail=detail)


def _key(host: Host, *, is_open: bool | None) -> Finding:
    from inboxlink.store.keys import recorded_key

    title = Text("checkup.key")
    if is_open is False:
        return Finding("key", title, ok=None, detail=Text("checkup.not_reached"))
    try:
        recorded = recorded_key(host.store) if is_open else None
        if recorded is None:
            return Finding("key", title, ok=None, detail=Text("checkup.later"))
        _ = host.vault
    except InboxlinkError as error:
        return Finding("key", title, ok=False, problem=error.problem)
    detail = {"key_id": recorded.key_id, "source": recorded.source.value}
    return Finding("key", title, ok=True, detail=Text("checkup.key.good", detail))


def _providers(host: Host) -> Iterator[Finding]:
    faults: dict[str, Problem] = {}
    for name in host.registry.candidates:
        try:
            host.info(name)
        except ProviderFault as fault:
            faults[name] = fault.problem
    count = len(host.registry.candidates) - len(faults)
    detail = Text(
        "checkup.providers.counted", {"available": str(count), "faulty": str(len(faults))}
    )
    # Without any, nobody can connect, and that can be as it is meant.
    yield Finding("providers", Text("checkup.providers"), ok=True if count else None, detail=detail)
    for name, trouble in faults.items():
        title = Text("checkup.provider", {"provider": name})
        yield Finding("provider", title, ok=False, problem=trouble, provider=name)
