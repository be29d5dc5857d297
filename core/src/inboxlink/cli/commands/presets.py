"""`inboxlink presets`: the servers of a domain, as its administrator knows them (req 97)."""

from typing import TYPE_CHECKING

import click

from inboxlink.cli import exits
from inboxlink.cli.app import group
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w
from inboxlink.errors import Kind

if TYPE_CHECKING:
    from inboxlink.config.model import Preset

__all__ = ["command"]

_TLS = click.Choice(("implicit", "starttls"))
_PORT = click.IntRange(1, 65535)


@group("presets", "cli.presets")
def command() -> None:
    """See `cli.presets` in the strings."""


@command.command("list", help=w("cli.presets.list"))
@pass_session
def list_presets(session: Session) -> None:
    """See `cli.presets.list` in the strings."""
    from inboxlink.cli.output import show_table

    presets = session.host().config.presets
    if session.is_json:
        session.emit(
            {"presets": {name: each.model_dump(mode="json") for name, each in presets.items()}}
        )
        return
    if not presets:
        session.say("cli.presets.none")
        return
    headings = [session.words(f"cli.presets.{name}") for name in ("domain", "imap", "smtp", "user")]
    rows = [
        (
            name,
            f"{each.imap.host}:{each.imap.port} {each.imap.tls}",
            f"{each.smtp.host}:{each.smtp.port} {each.smtp.tls}",
            each.username,
        )
        for name, each in presets.items()
    ]
    show_table(session, headings, rows)


@command.command("set", help=w("cli.presets.set"))
@click.argument("domain")
@click.option("--imap-host", required=True, help=w("cli.presets.imap_host"))
@click.option("--imap-port", type=_PORT, default=993, show_default=True)
@click.option("--imap-tls", type=_TLS, default="implicit", show_default=True)
@click.option("--smtp-host", required=True, help=w("cli.presets.smtp_host"))
@click.option("--smtp-port", type=_PORT, default=465, show_default=True)
@click.option("--smtp-tls", type=_TLS, default="implicit", show_default=True)
@click.option("--username", default="{address}", show_default=True, help=w("cli.presets.username"))
@pass_session
def set_preset(session: Session, /, domain: str, username: str, **servers: object) -> None:
    """See `cli.presets.set` in the strings."""
    from inboxlink.config import edit
    from inboxlink.config.model import Preset
    from inboxlink.hosts import check_host

    host = session.host()
    # An address of the domain is the check that it is one.
    domain = host.address(f"postmaster@{domain}").domain
    for name in ("imap_host", "smtp_host"):
        check_host(str(servers[name]))
    preset = Preset.model_validate(
        {
            "imap": {name: servers[f"imap_{name}"] for name in ("host", "port", "tls")},
            "smtp": {name: servers[f"smtp_{name}"] for name in ("host", "port", "tls")},
            "username": username,
        }
    )
    _ = host.config  # a file that is broken elsewhere is not written to
    edit.set_preset(host.paths.config, domain, preset)
    if session.is_json:
        session.emit({"domain": domain, "preset": preset.model_dump(mode="json")})
        return
    session.say("cli.presets.written", domain=domain, path=str(host.paths.config))


@command.command("remove", help=w("cli.presets.remove"))
@click.argument("domain")
@pass_session
def remove(session: Session, domain: str) -> None:
    """See `cli.presets.remove` in the strings."""
    from inboxlink.config import edit

    host = session.host()
    _ = host.config
    edit.remove_preset(host.paths.config, domain.lower())
    if session.is_json:
        session.emit({"domain": domain, "preset": None})
        return
    session.say("cli.presets.removed", domain=domain)


@command.command("lint", help=w("cli.presets.lint"))
@pass_session
def lint(session: Session) -> int:
    """See `cli.presets.lint` in the strings."""
    findings = [
        {"domain": name, "finding": key}
        for name, each in session.host().config.presets.items()
        for key in _findings(name, each)
    ]
    if session.is_json:
        session.emit({"findings": findings})
    else:
        for each in findings:
            session.console.print(
                f"✗ {each['domain']}: {session.words('cli.presets.finding.' + each['finding'])}"
            )
        if not findings:
            session.say("cli.presets.clean", style="green")
    return exits.STATUS[Kind.SETUP] if findings else exits.OK


def _findings(domain: str, preset: "Preset") -> list[str]:
    """What would surprise somebody who connects with this preset, by name of the finding."""
    findings = []
    if (preset.imap.port, preset.imap.tls) in ((993, "starttls"), (143, "implicit")):
        findings.append("imap_port_and_tls")
    if (preset.smtp.port, preset.smtp.tls) in ((465, "starttls"), (587, "implicit")):
        findings.append("smtp_port_and_tls")
    if preset.smtp.port == 25:
        findings.append("smtp_port_25")
    if preset.imap.port in (110, 995):
        findings.append("pop3_port")
    if not any(part in preset.username for part in ("{address}", "{local}")):
        findings.append("username_for_everyone")
    if not domain.isascii():
        findings.append("domain_not_a_label")
    return findings
