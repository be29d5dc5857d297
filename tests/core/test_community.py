"""Whom the database of mail providers is asked about, and what is kept of its answers."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.domains import is_public_suffix, registrable
from inboxlink.evidence import community, kept
from inboxlink.evidence.kept import Cache, Kept
from inboxlink.vault.files import private_directory


def test_the_database_hears_a_domain_over_https() -> None:
    """At the place where Thunderbird asks."""
    assert community.address("a.org") == "https://live.thunderbird.net/autoconfig/v1.1/a.org"


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("mx1.mail.hoster.co.uk", ("mail.hoster.co.uk", "hoster.co.uk")),
        ("mx.hoster.net", ("hoster.net",)),
        ("hoster.net", ("hoster.net",)),
        ("MX.Hoster.NET.", ("hoster.net",)),
        ("a.b.c.hoster.net", ("b.c.hoster.net", "hoster.net")),
        ("d-com.olc.protection.outlook.com", ("olc.protection.outlook.com", "outlook.com")),
        ("_dc-mx.ab.hoster.net", ("ab.hoster.net", "hoster.net")),
        # The domain's own exchanger tells nothing more than the domain.
        *((host, ()) for host in ("mx.a.org", "a.org", "mx.dept.a.org")),
        # Nobody registered these.
        *(
            (host, ())
            for host in ("co.uk", "com", "github.io", "", ".", "192.0.2.1", "2001:db8::1")
        ),
        ("localhost", ()),
    ],
)
def test_an_exchanger_is_looked_up_under_names_of_its_hoster(
    host: str, names: tuple[str, ...]
) -> None:
    """The service, then the hoster, and nothing above what was registered."""
    assert community.names_of_exchange(host, "a.org") == names


def test_a_name_is_not_asked_about_twice() -> None:
    """What was asked about the domain is not asked about its exchanger again."""
    assert community.names_of_exchange("mx.dept.a.edu", "dept.a.edu") == ("a.edu",)


_HOSTS = st.lists(
    st.sampled_from(
        ["mx", "a", "co", "uk", "com", "github", "io", "org", "ck", "www", "jp", "kobe"]
    ),
    min_size=1,
    max_size=5,
).map(".".join)


@given(_HOSTS, _HOSTS)
def test_nothing_above_a_registered_domain_is_asked(host: str, domain: str) -> None:
    """Nor a stranger's name, nor the domain itself."""
    for name in community.names_of_exchange(host, domain):
        assert not is_public_suffix(name)
        assert host == name or host.endswith(f".{name}")
        assert registrable(name) == registrable(host)
        assert name != domain


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(tmp_path: Path, clock: Clock) -> Cache:
    return Cache(tmp_path / "deep" / "community", clock)


def files(cache: Cache) -> list[Path]:
    return sorted(cache._folder.iterdir())


def test_answers_are_kept_for_a_while(cache: Cache, clock: Clock) -> None:
    """Files for a week, "there is none" for a day; others see them too."""
    began = clock.now
    cache.put("a.org", b"<a>\n\0</a>")
    cache.put("b.org", None)
    cache.put("empty.org", b"")
    other = Cache(cache._folder, clock)
    assert other.get("a.org") == Kept(b"<a>\n\0</a>", began)
    assert other.get("b.org") == Kept(None, began)
    assert other.get("empty.org") == Kept(b"", began)
    assert other.get("c.org") is None
    clock.now = began + timedelta(days=1)
    assert cache.get("b.org") is None
    assert cache.get("a.org") is not None
    clock.now = began + timedelta(days=7)
    assert cache.get("a.org") is None
    # Written by a clock that was ahead.
    clock.now = began - timedelta(seconds=1)
    assert cache.get("a.org") is None


def test_the_last_answer_counts(cache: Cache) -> None:
    """And a domain can be forgotten, known or not."""
    cache.put("a.org", b"one")
    cache.put("a.org", None)
    found = cache.get("a.org")
    assert found is not None
    assert found.body is None
    cache.forget("a.org")
    cache.forget("a.org")
    assert cache.get("a.org") is None
    assert files(cache) == []


def test_the_files_are_their_owners_alone(cache: Cache) -> None:
    """Which domains somebody asked about is nobody else's business."""
    old = os.umask(0)
    try:
        cache.put("a.org", b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE(cache._folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in files(cache)] == [0o600]


@pytest.mark.parametrize(
    "domain", ["../../a", "a/b", "con", "nul", ".", "", "x" * 5000, "a\0b", "bücher.example", "A\n"]
)
def test_any_domain_has_a_file_in_the_folder(cache: Cache, domain: str) -> None:
    """And its answer comes back."""
    cache.put(domain, b"x")
    assert len(files(cache)) == 1
    found = cache.get(domain)
    assert found is not None
    assert found.body == b"x"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"[]\nx",
        b"1\nx",
        b"{}\nx",
        b"[" * 100_000 + b"\n",
        b'{"domain": "a.org", "fetched": "x", "size": 1}\nx',
        b'{"domain": "a.org", "fetched": "2026-11-24T12:00:00", "size": 1}\nx',
        b'{"domain": "a.org", "fetched": 1, "size": 1}\nx',
        b'{"domain": "a.org", "fetched": "2026-11-24T12:00:00+00:00", "size": 2}\nx',
        b'{"domain": "a.org", "fetched": "2026-11-24T12:00:00+00:00", "size": null}\nx',
        b'{"domain": "b.org", "fetched": "2026-11-24T12:00:00+00:00", "size": 1}\nx',
        b'{"domain": "a.org", "fetched": "2026-11-24T12:00:00+00:00", "size": 99999}\n'
        + b"x" * 99999,
    ],
)
def test_what_is_damaged_was_never_kept(cache: Cache, content: bytes) -> None:
    """Cut short, of another domain, or anything else: it is asked again, and written anew."""
    cache.put("a.org", b"x")
    (path,) = files(cache)
    whole = path.read_bytes()
    path.write_bytes(content)
    assert cache.get("a.org") is None
    cache.put("a.org", b"x")
    assert path.read_bytes() == whole


@given(st.binary(max_size=200))
def test_any_file_is_read_or_not(content: bytes) -> None:
    """Nothing in it raises."""
    assert kept._read(content, "a.org") is None


def test_an_exposed_file_is_not_believed(cache: Cache) -> None:
    """Others could have written it."""
    cache.put("a.org", b"x")
    (path,) = files(cache)
    path.chmod(0o644)
    assert cache.get("a.org") is None


def test_what_is_kept_first_leaves_the_installation_usable(tmp_path: Path, clock: Clock) -> None:
    """Whoever looks an address up before anything else can connect it afterwards."""
    data = tmp_path / "home" / "data"
    Cache(data / "community", clock).put("a.org", b"x")
    for each in (data.parent, data, data / "community"):
        assert each.stat().st_mode & 0o777 == 0o700
    private_directory(data)


def test_a_link_is_not_followed(cache: Cache, tmp_path: Path) -> None:
    """Neither for reading nor for writing."""
    cache.put("a.org", b"x")
    (path,) = files(cache)
    target = tmp_path / "target"
    path.rename(target)
    path.symlink_to(target)
    before = target.read_bytes()
    assert cache.get("a.org") is None
    cache.put("a.org", b"y")
    assert target.read_bytes() == before
    assert cache.get("a.org") is not None


def test_without_a_place_to_write_nothing_is_kept(tmp_path: Path, clock: Clock) -> None:
    """A look-up goes on without."""
    (tmp_path / "file").write_bytes(b"")
    cache = Cache(tmp_path / "file", clock)
    cache.put("a.org", b"x")
    assert cache.get("a.org") is None
    cache.forget("a.org")


def test_the_folder_has_a_limit(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go first; what is larger than the database gives is not kept at all."""
    assert (kept.MAX_ENTRIES, kept.MAX_BYTES) == (2000, 65536)
    monkeypatch.setattr(kept, "MAX_ENTRIES", 20)
    for number in range(20):
        cache.put(f"{number}.org", b"x")
        os.utime(cache._path(f"{number}.org"), (number, number))
    assert len(files(cache)) == 20
    cache.put("new.org", b"x")
    assert [number for number in range(20) if cache.get(f"{number}.org") is None] == [0, 1]
    assert cache.get("new.org") is not None
    cache.put("large.org", b"x" * (kept.MAX_BYTES + 1))
    assert cache.get("large.org") is None
    cache.put("edge.org", b"x" * kept.MAX_BYTES)
    assert cache.get("edge.org") is not None
