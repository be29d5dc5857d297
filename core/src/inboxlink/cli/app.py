"""The root command, and what every command shares.

`--help`, `--version` and `providers list` import neither a provider nor pydantic, SQLAlchemy or
ssl; a test holds that. So a command's module is imported when it is called, and it imports what
it needs inside its functions.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any

import click

import inboxlink
from inboxlink.cli import exits, wording
from inboxlink.cli.session import Session
from inboxlink.cli.wording import w
from inboxlink.cli.wrapping import wrapped
from inboxlink.texts import LANGUAGES

__all__ = ["Command", "Group", "command", "group", "run"]

_COMMANDS = (
    "connect",
    "detect",
    "accounts",
    "aliases",
    "consent",
    "disclosures",
    "providers",
    "presets",
    "config",
    "vault",
    "explain",
    "doctor",
    "demo",
)


class _Formatter(click.HelpFormatter):
    """click counts characters, of which a Japanese one takes two cells."""

    def write_text(self, text: str) -> None:
        super().write_text(_kept(text, self.width - self.current_indent))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        rows = list(rows)
        column = min(max((len(term) for term, _ in rows), default=0), col_max) + col_spacing
        width = max(self.width - column - 2, 10)
        kept = [(term, _kept(said, width)) for term, said in rows]
        super().write_dl(kept, col_max, col_spacing)


def _kept(text: str, width: int) -> str:
    """Text that click leaves as it is broken here: what follows a backspace."""
    return text if text.isascii() else f"\b\n{wrapped(text, width)}"


class _Context(click.Context):
    formatter_class = _Formatter


class _Shared(click.Command):
    """Adds the options that are understood everywhere, wherever they stand."""

    context_class = _Context

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(
                ["--json"],
                is_flag=True,
                expose_value=False,
                help=w("cli.option.json"),
                callback=_set_json,
            )
        )
        self.params.append(
            click.Option(
                ["--lang"],
                type=click.Choice(LANGUAGES),
                expose_value=False,
                help=w("cli.option.lang"),
            )
        )

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=f"{w('cli.help.usage')} ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        records = [each.get_help_record(ctx) for each in options]
        with formatter.section(w("cli.help.options")):
            formatter.write_dl([record for record in records if record is not None])
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)

    def get_help_option(self, ctx: click.Context) -> click.Option:
        option = super().get_help_option(ctx)
        assert option is not None, "no command of ours does without"
        option.help = w("cli.option.help")
        return option


class Command(_Shared):
    """One command."""


class Group(_Shared, click.Group):
    """A command with commands of its own."""

    command_class = Command

    # click's own writes its headings in English.
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section(w("cli.help.commands")):
            formatter.write_dl(
                [(name, each.get_short_help_str(limit=200)) for name, each in found if each]
            )


class _Root(Group):
    """Knows its commands by name, and a command's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = import_module(f"inboxlink.cli.commands.{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section(w("cli.help.commands")):
            formatter.write_dl([(name, w(f"cli.{name}")) for name in _COMMANDS])


def command(name: str, help_key: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a command, with its help in the person's language."""
    return click.command(name, cls=Command, help=w(help_key))


def group(name: str, help_key: str) -> Callable[[Callable[..., Any]], Group]:
    """Make a function a group of commands, with its help in the person's language."""
    return click.group(name, cls=Group, help=w(help_key), short_help=w(help_key))


def run(arguments: Sequence[str]) -> int:
    """Run one command and give back its exit status; nothing escapes as a traceback."""
    words = wording.settle(arguments)
    session = Session(words, is_json="--json" in arguments)
    try:
        with session:
            outcome = _root().main(
                list(arguments), prog_name="inboxlink", standalone_mode=False, obj=session
            )
            sys.stdout.flush()  # or Python would complain at its exit, after the status was settled
        return outcome if isinstance(outcome, int) else exits.OK
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a traceback could show a secret
        from inboxlink.cli.endings import end

        return end(error, session)


def _root() -> click.Command:
    @click.group("inboxlink", cls=_Root, help=w("cli.inboxlink"))
    @click.version_option(
        inboxlink.__version__, message="inboxlink %(version)s", help=w("cli.option.version")
    )
    def root() -> None:
        pass

    return root


def _set_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001
    if value:
        ctx.ensure_object(Session).is_json = True
