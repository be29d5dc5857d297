"""Write down what the core publishes, or say what of it a change would break.

    python docs/interface.py            writes docs/reference/interface
    python docs/interface.py --check    writes nothing; the exit status is 1 where code that was
                                        written for it would break, or where it is not as written

What is published stands in pyproject.toml, in the contract that holds providers to it. It is
compared with the sources of the last release, the newest tag `inboxlink-VERSION`; where there is
none yet, with what is written down. A release that raises the version by more than a repair may
break what it tells of in its changelog.
"""

import ast
import copy
import io
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import griffe

ROOT = Path(__file__).parents[1]
WRITTEN = ROOT / "docs" / "reference" / "interface"
CONTRACT = "a provider imports nothing but what is published"
HOOKS = "inboxlink.hookspecs"

#: What a provider's tests may import, and the provider never.
FOR_TESTS = (
    "inboxlink.testing",
    "inboxlink.testing.declarations",
    "inboxlink.testing.fixtures",
    "inboxlink.testing.installation",
    *(
        f"inboxlink.testing.peers.{each}"
        for each in ("authorization", "browser", "faults", "mail", "mail_faults", "web", "world")
    ),
)

#: They publish modules and nothing themselves.
_PACKAGES = ("oauth", "testing/peers", "types")


def main() -> int:
    """Write the interface, or compare with it; gives the exit status."""
    is_check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not is_check:
        print(__doc__, file=sys.stderr)
        return 2
    sources = ROOT / "core" / "src"
    if not is_check:
        _write(interfaces(sources), WRITTEN)
        return 0
    said = [*_broken_since_the_release(sources), *_not_as_written(interfaces(sources))]
    print("\n".join(said), end="\n" if said else "")
    return 1 if said else 0


def published() -> tuple[str, ...]:
    """The modules that the core publishes: to providers, by their contract, and to their tests."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (
        each for each in settings["tool"]["importlinter"]["contracts"] if each["name"] == CONTRACT
    )
    for_providers = (each.rpartition(" -> ")[2] for each in contract["ignore_imports"])
    return tuple(sorted((*for_providers, *FOR_TESTS)))


def interfaces(sources: Path) -> dict[Path, str]:
    """The interface of each published module that is there, by its path below the packages."""
    found = {Path("inboxlink") / part / "__init__.pyi": "" for part in _PACKAGES}
    for module in published():
        file = _file(sources, module)
        if file.exists():
            path = file.relative_to(sources).with_suffix(".pyi")
            found[path] = interface(file.read_text(encoding="utf-8"))
    return found


def interface(source: str) -> str:
    """What others can name of a module: no bodies, no prose, nothing private."""
    tree = ast.parse(source)
    exported = _made_of(tree, _exported(tree))
    tree.body = [each for each in tree.body if _is_told(each, exported)]
    return ast.unparse(ast.fix_missing_locations(_Bare().visit(tree))) + "\n"


def breaks(before: Path, after: Path) -> list[str]:
    """What of the published modules of one folder of packages is gone or changed in another.

    Args:
        before: Sources, or interfaces as `interfaces` gives them.
        after: Likewise.

    Returns:
        Sentences, each with the place; empty = code that was written for the one runs with the
        other.
    """
    with _bare(before) as old_files, _bare(after) as new_files:
        old, new = _loaded(old_files), _loaded(new_files)
        gone = sorted(_codes(old_files) - _codes(new_files))
    said = [f"inboxlink.errors.CODES: {code} is gone" for code in gone]
    for module in published():
        inner = module.partition(".")[2]
        known = _member(old, inner)
        if known is None:
            continue  # it is new
        now = _member(new, inner)
        if now is None:
            said.append(f"{module}: it is gone")
            continue
        # Of a package only what it holds itself: its modules come by their own names.
        names = set(known.exports or ())
        for each in griffe.find_breaking_changes(known, now):
            name = each.obj.path.removeprefix(f"{module}.").partition(".")[0]
            if name in names and not _is_growth(each, module):
                said.append(f"{each.obj.path}: {each.kind.value}{_parameter(each)}")
        said += _changed_attributes(known, now)
    return said


@contextmanager
def _bare(folder: Path) -> Iterator[Path]:
    # Interfaces are a hundredth of the sources, and are read in a hundredth of the time.
    if next(folder.rglob("*.pyi"), None) is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory() as written:
        _write(interfaces(folder), Path(written))
        yield Path(written)


def _loaded(folder: Path) -> griffe.Module:
    found = griffe.load(
        "inboxlink", search_paths=[folder], allow_inspection=False, resolve_aliases=True
    )
    assert isinstance(found, griffe.Module)
    return found


def _parameter(found: griffe.Breakage) -> str:
    value = found.old_value if found.new_value is None else found.new_value
    return f" ({value.name})" if isinstance(value, griffe.Parameter) else ""


def _changed_attributes(known: griffe.Module, now: griffe.Module) -> Iterator[str]:
    # griffe compares the parameters of functions and dataclasses; what members of enumerations
    # are worth, and the fields of a pydantic model, it does not.
    for name, later in now.classes.items():
        before = known.classes.get(name)
        for field, attribute in later.attributes.items() if before is not None else ():
            was = before.attributes.get(field)
            is_needed = attribute.value is None and not {"property", "dataclass"} & (
                attribute.labels | later.labels
            )
            if was is None and is_needed:
                yield f"{attribute.path}: it is needed, and nobody gives it yet"
            elif was is not None and str(was.annotation) != str(attribute.annotation):
                yield f"{attribute.path}: it is {attribute.annotation}, it was {was.annotation}"
            elif was is not None and str(was.value) != str(attribute.value):
                yield f"{attribute.path}: it is {attribute.value}, it was {was.value}"


def _codes(folder: Path) -> set[str]:
    """The error codes of the core, from the tables that the catalogue is made of."""
    file = folder / "inboxlink" / "errors.pyi"
    tables = [
        node.value
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)
    ]
    keys = (key for table in tables for key in table.keys)
    return {str(key.value) for key in keys if isinstance(key, ast.Constant)}


def _is_growth(found: griffe.Breakage, module: str) -> bool:
    """Whether it breaks nobody: the core calls hooks, and pluggy hands each what it takes."""
    grown = (griffe.BreakageKind.PARAMETER_ADDED_REQUIRED, griffe.BreakageKind.PARAMETER_MOVED)
    return module == HOOKS and found.kind in grown


def _broken_since_the_release(sources: Path) -> list[str]:
    tag = _last_release()
    if tag is None:
        return breaks(WRITTEN, sources)
    with tempfile.TemporaryDirectory() as folder:
        archive = _git("archive", "--format=tar", tag, "core/src")
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            # Pythons before 3.11.4 have no filters and need none for what git packed here.
            packed.extraction_filter = getattr(tarfile, "data_filter", None)
            packed.extractall(folder)  # noqa: S202 - by that filter
        before = Path(folder) / "core" / "src"
        if _line(_version(before)) != _line(_version(sources)):
            return []
        return [f"since {tag}: {each}" for each in breaks(before, sources)]


def _last_release() -> str | None:
    try:
        tags = _git("tag", "--list", "--merged=HEAD", "--sort=-version:refname", "inboxlink-[0-9]*")
    except (OSError, subprocess.CalledProcessError):
        return None  # an archive of the sources has no history
    return next(iter(tags.decode().split()), None)


def _not_as_written(written: dict[Path, str]) -> Iterator[str]:
    there = {each.relative_to(WRITTEN) for each in WRITTEN.rglob("*.pyi")}
    for path in sorted({*written, *there}):
        file = WRITTEN / path
        if path not in written or not file.exists() or file.read_text("utf-8") != written[path]:
            yield f"docs/reference/interface/{path} is not as the code is: run make reference"


def _write(written: dict[Path, str], folder: Path) -> None:
    for each in folder.rglob("*.pyi"):
        if each.relative_to(folder) not in written:
            each.unlink()
    for path, text in written.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _line(version: str) -> str:
    """What stays the same while nothing may break: of 0.y.z all but z, else the first number."""
    first, second = version.split(".")[:2]
    return f"0.{second}" if first == "0" else first


def _version(sources: Path) -> str:
    text = (sources / "inboxlink" / "__init__.py").read_text(encoding="utf-8")
    return re.findall(r'^__version__ = "(.+)"$', text, re.M)[0]


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True)
    return done.stdout


def _file(sources: Path, module: str) -> Path:
    place = sources.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _member(package: griffe.Object | griffe.Alias, inner: str) -> griffe.Module | None:
    try:
        found = package[inner] if inner else package
    except KeyError:
        return None
    assert isinstance(found, griffe.Module)
    return found


def _exported(tree: ast.Module) -> set[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def _made_of(tree: ast.Module, exported: set[str]) -> set[str]:
    """The private names that exported ones are made of: bases, variables of types, tables."""
    told, unread = set(exported), [each for each in tree.body if _is_told(each, exported)]
    while unread:
        bare = _Bare().visit(copy.deepcopy(unread.pop()))
        named = {each.id for each in ast.walk(bare) if isinstance(each, ast.Name)}
        private = {each for each in named - told if each.startswith("_")}
        told |= private
        unread += [each for each in tree.body if private and _is_told(each, private)]
    return told


def _is_told(node: ast.stmt, exported: Iterable[str]) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.If():
            return True
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return node.name in exported
        case ast.Assign():
            return ast.unparse(node.targets[0]) in {*exported, "__all__"}
        case ast.AnnAssign():
            return ast.unparse(node.target) in exported
    return False


class _Bare(ast.NodeTransformer):
    """Takes away what nobody outside can name or see."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.body = [each for each in node.body if not _is_private(each)]
        self.generic_visit(node)
        node.body = node.body or [_nothing()]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = [_nothing()]
        return node


def _is_private(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return True
    name = getattr(node, "name", None)
    if isinstance(node, ast.AnnAssign):
        name = ast.unparse(node.target)
    elif isinstance(node, ast.Assign):
        name = ast.unparse(node.targets[0])
    return bool(name) and name.startswith("_") and not name.endswith("__")


def _nothing() -> ast.Expr:
    return ast.Expr(ast.Constant(...))


if __name__ == "__main__":
    raise SystemExit(main())
