"""The site as it is built: whole, linked, and complete without the rest of the internet."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
STRICT = ("--fail-on-warning", "--keep-going", "--nitpicky", "--quiet")


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *STRICT, str(source), str(target)],
        capture_output=True,
        text=True,
        # A proxy that nobody runs: whoever fetched anything would fail.
        env={**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"},
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    built = build(DOCS, target)
    assert built.returncode == 0, built.stdout + built.stderr
    return target


@dataclass
class Page(HTMLParser):
    """What a page can be linked by, links to and loads."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    language: str | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.add(given.get("id", ""))
        if tag == "html":
            self.language = given.get("lang")
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and given.get("rel") in {"stylesheet", "icon", "preload", "preconnect"}:
            self.loads.append(given["href"])
        self.loads += [given[name] for name in ("src", "poster", "data") if given.get(name)]


def pages(site: Path) -> Iterator[tuple[Path, Page]]:
    for path in sorted(site.rglob("*.html")):
        page = Page()
        page.feed(path.read_text(encoding="utf-8"))
        yield path, page


def test_every_page_is_built(site: Path) -> None:
    """Each document of the repository's `docs` is a page of the site, in English."""
    built = {path.relative_to(site).with_suffix(""): page for path, page in pages(site)}
    for source in DOCS.rglob("*.md"):
        page = built[source.relative_to(DOCS).with_suffix("")]
        assert page.language == "en", source


def test_every_link_leads_somewhere(site: Path) -> None:
    """Each link inside the site names a file that is there, and an anchor of it."""
    found = dict(pages(site))
    checked = 0
    for path, page in found.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), (path.name, link)
            if parts.fragment and target in found:
                assert unquote(parts.fragment) in found[target].anchors, (path.name, link)
            checked += 1
    assert checked > 200


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """No script, style, font or image comes from another host."""
    for path, page in pages(site):
        assert page.loads, path
        for each in page.loads:
            assert not urlsplit(each).netloc, (path.name, each)
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8").lower()
        assert "@import" not in text, style
        assert not any(f"url({quote}http" in text for quote in ("", "'", '"')), style


def test_a_broken_reference_fails_the_build(tmp_path: Path) -> None:
    """The build that the other tests trust does fail where a reference leads nowhere."""
    source = tmp_path / "docs"
    source.mkdir()
    shutil.copy(DOCS / "conf.py", source)
    shutil.copytree(DOCS / "_static", source / "_static")
    page = source / "index.md"
    page.write_text("# Title\n\nWords.\n", encoding="utf-8")
    assert build(source, tmp_path / "site").returncode == 0
    flaws = ("[nowhere](missing.md)", "[no such heading](index.md#nowhere)", "{doc}`missing`")
    page.write_text("# Title\n\n" + "\n\n".join(flaws) + "\n", encoding="utf-8")
    broken = build(source, tmp_path / "site")
    assert broken.returncode != 0
    assert broken.stderr.count("WARNING: ") >= len(flaws), broken.stderr
