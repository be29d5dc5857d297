"""Write the parts of the reference that follow from the code, or say which do not follow it.

    python docs/generate.py            writes docs/reference
    python docs/generate.py --check    writes nothing; the exit status is 1 where a page differs

A page is written by hand but for what stands between `BEGIN` and `END`.
"""

import ast
import difflib
import inspect
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, get_args

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from inboxlink import hookspecs
from inboxlink.cli import app, exits
from inboxlink.config import model
from inboxlink.diagnosis import load_rules
from inboxlink.diagnosis.rule import Rule
from inboxlink.errors import CODES, InboxlinkError, Kind, problem
from inboxlink.evidence import table
from inboxlink.plugins.calling import DEADLINES_S
from inboxlink.plugins.loading import REQUIRED_HOOKS
from inboxlink.plugins.policy import FIRST_PARTY
from inboxlink.texts import Words

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
BEGIN = "<!-- Written by docs/generate.py; `make reference` writes it anew. -->"
END = "<!-- From here on it is written by hand. -->"

#: What the tests show of these is the part that is there; the rest belongs to an application or
#: to a later host.
PARTLY = frozenset({3, 4, 5, 11, 12, 18, 21, 96})

_WORDS = Words("en")


def main() -> int:
    """Write the pages, or compare them; gives the exit status."""
    is_check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not is_check:
        print(__doc__, file=sys.stderr)
        return 2
    differing = [name for name, write in PAGES.items() if _settle(name, write, is_check=is_check)]
    return 1 if differing and is_check else 0


def _settle(name: str, write: Callable[[str], str], *, is_check: bool) -> bool:
    path = REFERENCE / name
    before = path.read_text(encoding="utf-8")
    head, begin, rest = before.partition(f"{BEGIN}\n")
    generated, end, tail = rest.partition(f"{END}\n")
    if not begin or not end:
        raise SystemExit(f"{path}: there is no place for what is generated")
    after = f"{head}{begin}\n{write(generated).strip()}\n\n{end}{tail}"
    if after == before:
        return False
    if is_check:
        lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
        sys.stdout.writelines(difflib.unified_diff(*lines, f"{name} as it is", "as it should be"))
    else:
        path.write_text(after, encoding="utf-8")
    return True


def cli(_: str) -> str:
    """Every command with its arguments and options, and the exit statuses."""
    root = app._root()  # noqa: SLF001 - the tree has no other door
    context = click.Context(root, info_name="inboxlink")
    assert isinstance(root, click.Group)
    return "\n".join([*_command_table(root, context), *_commands(root, context), *_statuses()])


def _command_table(root: click.Group, context: click.Context) -> Iterator[str]:
    yield "## Commands"
    yield ""
    yield "| command | what it does |"
    yield "|---|---|"
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        inner = "\\|".join(getattr(command, "commands", {}))
        arguments = " ".join(_arguments(command, context))
        shown = " ".join(part for part in (name, inner, arguments) if part)
        yield f"| `{shown}` | {_WORDS(f'cli.{name}')} |"
    yield ""


def _arguments(command: click.Command | None, context: click.Context) -> list[str]:
    assert command is not None
    return [
        each.make_metavar(context) for each in command.params if isinstance(each, click.Argument)
    ]


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _commands(command, inner)
            continue
        pieces = " ".join(command.collect_usage_pieces(inner))
        yield from (f"### {inner.command_path}", "", command.help or "", "")
        yield from ("```text", f"{inner.command_path} {pieces}", "```", "")
        yield from _options(command, inner)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    rows = [
        each.get_help_record(context)
        for each in command.params
        if isinstance(each, click.Option) and each.name not in {"json", "lang"}
    ]
    for record in rows:
        assert record is not None, command.name
        option, meaning = record
        # click puts a default into brackets behind the words, which may be none.
        yield f"- `{option}`" + (f": {_inline(meaning.strip())}" if meaning else "")
    if rows:
        yield ""


def _statuses() -> Iterator[str]:
    classes: dict[Kind, str] = {}
    for code, (kind, _) in CODES.items():
        error = type(InboxlinkError.of(problem(code)))
        classes[kind] = _first_line(error)
    assert {kind.value for kind in classes} == set(exits.STATUS)
    yield from ("## Exit statuses", "", "| status | class | meaning |", "|---|---|---|")
    yield f"| {exits.OK} | | done |"
    yield f"| {exits.BUG} | | a fault of inboxlink itself, or whoever read its output is gone |"
    yield f"| {exits.USAGE} | | the command line was not understood |"
    for name, status in exits.STATUS.items():
        yield f"| {status} | {name} | {classes[Kind(name)].rstrip('.')} |"
    yield f"| {exits.INTERRUPTED} | | interrupted, or declined |"


def errors(_: str) -> str:
    """Every code with its exit status, whose it is, and its words."""
    lines: list[str] = []
    for kind in Kind:
        codes = {code: blame for code, (branch, blame) in CODES.items() if branch is kind}
        error = type(InboxlinkError.of(problem(next(iter(codes)))))
        lines += [f"## {error.__name__}", ""]
        lines += [f"{_first_line(error)} Class `{kind.value}`, exit status"]
        lines[-1] += f" {exits.STATUS[kind.value]}."
        lines += [""]
        for code, blame in sorted(codes.items()):
            lines += [f"### {code}", ""]
            lines += [_inline(_WORDS(f"error.{code}")), ""]
            lines += [f"- To mend by: {'unknown' if blame is None else blame.value}"]
            lines += [f"- What to do: {_inline(_WORDS(f'error.{code}.remedy'))}", ""]
    return "\n".join(lines)


def hooks(_: str) -> str:
    """Every hook with its deadline, its whole signature and its docstring; then the types."""
    names = sorted(hookspecs.__all__, key=lambda each: _line(getattr(hookspecs, each)))
    lines = ["## Hooks at a glance", ""]
    lines += ["| hook | deadline | needed | what it does |", "|---|---|---|---|"]
    for name in names:
        parameters = ", ".join(inspect.signature(getattr(hookspecs, name)).parameters)
        needed = "yes" if name in REQUIRED_HOOKS else "no"
        meaning = _first_line(getattr(hookspecs, name)).partition(". ")[0].rstrip(".")
        lines += [f"| `{name}({parameters})` | {DEADLINES_S[name]:g} s | {needed} | {meaning} |"]
    for name in names:
        lines += ["", f"## {name}", "", "```python", _signature(name), "```", ""]
        lines += [_docstring(getattr(hookspecs, name))]
    lines += ["", "## What crosses", "", "| type | module | meaning |", "|---|---|---|"]
    for module, types in sorted(_imported(hookspecs).items()):
        if module.startswith("inboxlink."):
            for each in types:
                meaning = _meaning(import_module(module), each).rstrip(".")
                lines += [f"| `{each}` | `{module}` | {_inline(meaning)} |"]
    return "\n".join(lines)


def _line(function: Callable[..., object]) -> int:
    return inspect.getsourcelines(function)[1]


def _meaning(module: ModuleType, name: str) -> str:
    """What a class says of itself, a union's members, or the `#:` comment above a name."""
    found = getattr(module, name)
    if inspect.isclass(found):
        return re.sub(r" \(req [\d, ]+\)", "", _first_line(found))
    members = [each.__name__ for each in get_args(found) if inspect.isclass(each)]
    if isinstance(found, UnionType):
        return "One of " + ", ".join(f"`{each}`" for each in members)
    above = re.search(rf"((?:^#: .*\n)+){name} = ", inspect.getsource(module), re.M)
    assert above is not None, name
    return " ".join(above[1].replace("#: ", "").split())


def _signature(name: str) -> str:
    """The hook as it is declared, its types without the quotes that put off their import."""
    for node in ast.parse(inspect.getsource(hookspecs)).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            arguments = [f"{each.arg}: {_unquoted(each.annotation)}" for each in node.args.args]
            ending = f") -> {_unquoted(node.returns)}: ..."
            line = f"def {name}({', '.join(arguments)}{ending}"
            if len(line) <= 80:
                return line
            return f"def {name}(\n" + "".join(f"    {each},\n" for each in arguments) + ending
    raise LookupError(name)


def _unquoted(annotation: ast.expr | None) -> str:
    assert annotation is not None
    return str(ast.literal_eval(annotation)) if _is_text(annotation) else ast.unparse(annotation)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _imported(module: ModuleType) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.setdefault(node.module, []).extend(each.name for each in node.names)
    return found


def _docstring(documented: object) -> str:
    """A docstring as Markdown; its one piece of markup is the `Example::` before a block."""
    text = inspect.getdoc(documented) or ""
    before, colons, after = text.partition("::\n\n")
    if not colons:
        return _inline(before)
    example = textwrap.dedent(after).rstrip()
    return f"{_inline(before)}:\n\n```python\n{example}\n```"


#: Sections of which a file may have several, each with the name of what it is about.
_TABLES = {
    "oauth": (model.OAuthSection, "[oauth.NAME]"),
    "presets": (model.Preset, '[presets."DOMAIN"]'),
}


def configuration(_: str) -> str:
    """Every key with its type, its default and its meaning."""
    lines: list[str] = []
    for name, field in model.Config.model_fields.items():
        section, heading = _TABLES.get(name, (field.annotation, f"[{name}]"))
        assert inspect.isclass(section)
        assert issubclass(section, BaseModel)
        prose = (inspect.getdoc(section) or "").partition(": ")[2]
        lines += [f"## {heading}", "", _sentence(re.sub(r" \(req \d+\)", "", prose)), ""]
        lines += [f"- {each}" for each in _keys(section)]
        lines += [""]
    return "\n".join(lines)


def _keys(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    declared, meanings = _declared(section)
    for name, field in section.model_fields.items():
        annotation = field.annotation
        if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
            yield from _keys(annotation, f"{prefix}{name}.")
            continue
        said = _type(declared[name])
        default = _default(field)
        yield f"`{prefix}{name}` ({said}; {default}): {_inline(meanings[name])}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    return "left out" if value is None else f"default `{_toml(value)}`"


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)  # a number, or {}


#: How the model's types are said in a configuration file.
_TYPES = (
    (r"Mapping\[str, str\]", "table of texts"),
    (r"tuple\[.*", "list of texts"),
    (r"Line", "text of one line"),
    (r"HttpsUrl", "https address"),
    (r"Literal\[(.*)\]", r"\1"),
    (r"Annotated\[int, Field\(ge=1\)\]", "number from 1"),
    (r"Port", "number from 1 to 65535"),
    (r"Path", "path of a file"),
    (r"Annotated\[str, .*\]", "text"),
    (r"str", "text"),
    (r"bool", "true or false"),
    (r"date", "day, such as 2027-01-31"),
)


def _declared(section: type[BaseModel]) -> tuple[dict[str, str], dict[str, str]]:
    """The type of each key as it is declared, and its meaning: the docstring below it."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(section))).body
    assert isinstance(node, ast.ClassDef)
    types: dict[str, str] = {}
    meanings: dict[str, str] = {}
    name = ""
    for each in node.body:
        if isinstance(each, ast.AnnAssign):
            name = ast.unparse(each.target)
            types[name] = ast.unparse(each.annotation).removesuffix(" | None")
        elif name and isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
            meanings[name] = inspect.cleandoc(str(each.value.value))
            name = ""
    return types, meanings


def _type(annotation: str) -> str:
    for pattern, words in _TYPES:
        if re.fullmatch(pattern, annotation):
            said = re.sub(f"^{pattern}$", words, annotation)
            return said.replace("'", "`").replace(", ", " or ") if "'" in said else said
    raise LookupError(annotation)


#: What the words of `checked` say, in the order of their weight.
_CHECKED = {
    "help": "read in the hoster's own help pages",
    "directory": "read in what other mail programs ship or publish",
    "use": "seen in settings of public programs that use the hoster",
    "memory": "written down from memory, and compared with nothing yet",
}


def hosters(_: str) -> str:
    """Every hoster of the table, with what is known and how far it was checked."""
    rows = table.hosters()
    counts = Counter(row["checked"] for row in rows.values())
    domains = sum(len(row["domains"]) for row in rows.values())
    lines = [f"There are {len(rows)} hosters with {domains} domains.", ""]
    lines += ["| checked | hosters | meaning |", "|---|---|---|"]
    lines += [f"| {word} | {counts[word]} | {said} |" for word, said in _CHECKED.items()]
    for name, row in sorted(rows.items(), key=lambda each: each[1]["title"].casefold()):
        lines += ["", f"## {row['title']}", "", *_hoster(name, row)]
    return "\n".join(lines)


def _hoster(name: str, row: Mapping[str, Any]) -> Iterator[str]:
    yield f"- Id: `{name}`, in {', '.join(row['countries'])}"
    for key in ("domains", "zones", "exchanges", "not_exchanges"):
        if row.get(key):
            yield f"- {_sentence(key.replace('_', ' '))}: {_code(row[key])}"
    for key, said in (("imap", "IMAP"), ("submission", "Submission")):
        if row[key]:
            servers = (f"`{host}:{port}` ({tls})" for host, port, tls in row[key])
            yield f"- {said}: {', '.join(servers)}"
    if row["imap"]:
        username = row["username"]
        yield f"- User name: {'told by the hoster' if username is None else f'`{username}`'}"
    only = "; it has POP3 alone" if row.get("pop3_only") else ""
    yield f"- Sign-in: {_code(row['sign_in'])}{only}"
    yield f"- [Its own page]({row['help']})"
    yield f"- Checked: {', '.join(row[key] for key in ('checked', 'read') if key in row)}"


def _code(words: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in words)


#: What the rules of a topic are about, where its name does not say it.
_TOPICS = {
    "app_password": "Providers that want app passwords",
    "autodiscover": "Autodiscover",
    "dns": "DNS",
    "entra": "Microsoft's sign-in",
    "ews": "Exchange Web Services",
    "exchange_online": "Exchange Online",
    "flow": "What inboxlink itself says",
    "google": "Google",
    "graph": "Microsoft Graph",
    "http": "HTTP",
    "imap": "IMAP",
    "oauth": "OAuth",
    "smtp": "SMTP",
    "tcp": "Connections",
    "tls": "TLS and certificates",
}


def diagnosis(_: str) -> str:
    """Every rule with its signs and its words."""
    packages = {name: each.replace("-", "_") for name, each in FIRST_PARTY.items()}
    rules = load_rules(packages).all
    topics: dict[str, list[Rule]] = {}
    for rule in rules:
        topics.setdefault(rule.id.partition(".")[0], []).append(rule)
    lines = [f"There are {len(rules)} rules.", ""]
    for topic in sorted(topics, key=lambda each: _TOPICS[each].casefold()):
        lines += [f"## {_TOPICS[topic]}", ""]
        for rule in topics[topic]:
            lines += [f"### {rule.id}", "", _inline(rule.words["en"].cause), ""]
            lines += [f"- {each}" for each in _signs(rule)]
            lines += [f"- To mend by: {'unknown' if rule.who is None else rule.who.value}"]
            lines += ["- What to do:"]
            lines += [f"  1. {_inline(step)}" for step in rule.words["en"].steps]
            lines += [] if rule.link is None else [f"- [A page that helps]({rule.link})"]
            lines += [f"- Known from: {_inline(rule.source)} (read {rule.read})", ""]
    return "\n".join(lines)


def _signs(rule: Rule) -> Iterator[str]:
    yield f"Shown as: `{rule.error}`"
    if rule.codes:
        yield f"Codes: {_code(rule.codes)}"
    if rule.patterns:
        yield f"Patterns: {_code(rule.patterns)}"
    if rule.hosts:
        yield f"Servers: {_code(rule.hosts)}"
    if rule.stages:
        yield f"Stages: {_code(rule.stages)}"


def requirements(before: str) -> str:
    """The words as they stand in the table; states and tests from the tests."""
    shown = shown_by_tests()
    lines = ["| no | what | state | tests |", "|---|---|---|---|"]
    for number, text in re.findall(r"^\| (\d+) \| ([^|]+) \|", before, re.M):
        tests = sorted(shown.pop(int(number), ()))
        state = "planned" if not tests else "partly" if int(number) in PARTLY else "done"
        lines += [f"| {number} | {text} | {state} | {', '.join(f'`{each}`' for each in tests)} |"]
    if shown:
        raise SystemExit(f"tests name requirements that the table does not have: {sorted(shown)}")
    return "\n".join(lines)


def shown_by_tests() -> dict[int, set[str]]:
    """The requirements that tests name in a `# req` comment, with those tests."""
    shown: dict[int, set[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        source = file.read_text(encoding="utf-8")
        lines = source.splitlines()
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
            body = "\n".join(lines[first - 1 : node.end_lineno])
            for listed in re.findall(r"# req ([\d, ]+)", body):
                for number in re.findall(r"\d+", listed):
                    name = f"{file.relative_to(ROOT / 'tests')}::{node.name}"
                    shown.setdefault(int(number), set()).add(name)
    return shown


def _first_line(documented: object) -> str:
    return " ".join((inspect.getdoc(documented) or "").partition("\n\n")[0].split())


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _inline(text: str) -> str:
    """Text in Markdown: outside of backticks, angle brackets and stars are no markup."""
    pieces = text.split("`")
    pieces[::2] = [re.sub(r"([<>*])", r"\\\1", each) for each in pieces[::2]]
    return "`".join(pieces)


PAGES: dict[str, Callable[[str], str]] = {
    "cli.md": cli,
    "configuration.md": configuration,
    "diagnosis.md": diagnosis,
    "errors.md": errors,
    "hooks.md": hooks,
    "hosters.md": hosters,
    "requirements.md": requirements,
}


if __name__ == "__main__":
    raise SystemExit(main())
