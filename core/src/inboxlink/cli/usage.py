"""Word what was wrong with a command line; click would say it in English, whoever reads it."""

from collections.abc import Sequence
from gettext import gettext

import click

from inboxlink.texts import Words, safe_text

__all__ = ["Misuse", "worded"]


class Misuse(click.UsageError):
    """Arguments that do not go together, said in the person's language already."""


def worded(words: Words, error: click.ClickException) -> str:
    """What was not understood, in one line.

    A value is repeated only where the option allows a few of them or a number: another one may
    have been meant to be a secret.
    """
    match error:
        case Misuse():
            return safe_text(error.format_message())
        case click.NoSuchOption():
            return _unknown(words, "cli.usage.no_option", error.option_name, error.possibilities)
        case click.exceptions.NoSuchCommand():
            return _unknown(words, "cli.usage.no_command", error.command_name, error.possibilities)
        case click.MissingParameter():
            return words("cli.usage.missing", name=_name(error))
        case click.BadOptionUsage():
            key = "cli.usage.takes_none" if _takes_none(error) else "cli.usage.takes_value"
            return words(key, name=error.option_name)
        case click.BadParameter():
            return f"{_name(error)}: {_fit(words, error)}"
        case click.FileError():
            return words("cli.usage.file", file=error.ui_filename, reason=error.message)
        case _:
            return words("cli.usage.too_many")


def _unknown(words: Words, key: str, name: str, alike: Sequence[str] | None) -> str:
    said = words(key, name=name)
    return f"{said} {words('cli.usage.alike', names=', '.join(alike))}" if alike else said


def _fit(words: Words, error: click.BadParameter) -> str:
    match error.param and error.param.type:
        case click.Choice() as choice:
            return words("cli.usage.one_of", choices=", ".join(map(str, choice.choices)))
        case click.IntRange(min=least, max=most):
            if most is None:
                return words("cli.usage.number_from", least=str(least))
            return words("cli.usage.number", least=str(least), most=str(most))
        case _:
            return safe_text(error.message)


def _name(error: click.BadParameter) -> str:
    param = error.param
    if param is None:
        return "?"
    is_option = isinstance(param, click.Option)
    return max(param.opts, key=len) if is_option else param.make_metavar(error.ctx or _NOWHERE)


def _takes_none(error: click.BadOptionUsage) -> bool:
    # click tells these two apart in its words alone, and names no context.
    said = gettext("Option {name!r} does not take a value.")
    return error.message == said.format(name=error.option_name)


_NOWHERE = click.Context(click.Command(None))
