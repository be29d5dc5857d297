"""The options of every command that signs a mailbox in, and what is wrong with their values."""

from pathlib import Path
from typing import Any

import click

from inboxlink.cli.wording import w

__all__ = ["sign_in_options"]


def sign_in_options(function: Any) -> Any:  # noqa: ANN401 - a click callback in and out
    """The options of every command that signs a mailbox in."""
    for option in reversed(
        (
            click.option("--provider", metavar="NAME", help=w("cli.connect.provider")),
            click.option(
                "--set",
                "settings",
                metavar="NAME=VALUE",
                multiple=True,
                callback=_pairs,
                help=w("cli.connect.set"),
            ),
            click.option("--password-stdin", is_flag=True, help=w("cli.connect.password_stdin")),
            click.option(
                "--secret-fd",
                metavar="NAME=FD",
                multiple=True,
                callback=_descriptors,
                help=w("cli.connect.secret_fd"),
            ),
            click.option(
                "--acknowledge",
                metavar="ID@VERSION",
                multiple=True,
                help=w("cli.connect.acknowledge"),
            ),
            click.option(
                "--accept-domain",
                metavar="DOMAIN",
                multiple=True,
                help=w("cli.connect.accept_domain"),
            ),
            click.option(
                "--trust",
                metavar="HOST:PORT=sha256:HEX",
                multiple=True,
                callback=_trusted,
                help=w("cli.connect.trust"),
            ),
            click.option(
                "--send-test-message/--no-send-test-message",
                default=None,
                help=w("cli.connect.send_test_message"),
            ),
            click.option(
                "--way",
                type=click.Choice(("loopback", "paste", "device")),
                help=w("cli.connect.way"),
            ),
            click.option("--accept-partial", is_flag=True, help=w("cli.connect.accept_partial")),
            click.option("--force", is_flag=True, help=w("cli.connect.force")),
            click.option("--allow-private", is_flag=True, help=w("cli.option.allow_private")),
            click.option(
                "--letter",
                type=click.Path(path_type=Path, dir_okay=False),
                help=w("cli.connect.letter"),
            ),
        )
    ):
        function = option(function)
    return function


def _pairs(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(_pair(each) for each in given)
    for name in pairs:
        # Any name that says so, since a later form may ask for it.
        if "password" in name or "secret" in name or "token" in name:
            raise click.BadParameter(w("cli.usage.secret", name=name))
    return pairs


def _descriptors(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    descriptors = {}
    for name, value in map(_pair, given):
        if not value.isdecimal():
            raise click.BadParameter(w("cli.usage.fd", given=name))
        descriptors[name] = int(value)
    return descriptors


def _pair(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals or not name:
        raise click.BadParameter(w("cli.usage.pair", given=name))
    return name, value


def _trusted(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    trusted = {}
    for each in given:
        endpoint, _sep, digest = each.partition("=sha256:")
        digest = digest.replace(":", "").lower()
        if len(digest) != 64 or ":" not in endpoint or not _is_hex(digest):
            raise click.BadParameter(w("cli.usage.trust", given=each))
        trusted[endpoint] = digest
    return trusted


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdef" for character in text)
