"""What a start costs: each command against a bare click program's, interleaved in one run.

CPU of the whole process, user and system; a round's ratio is to the bare command of the same
round, and the median of the rounds counts. Nothing here is a test: machines differ, ratios hardly.
"""

import os
import statistics
import sys
import tempfile

ROUNDS = 15

#: The same commands without anything behind them.
BARE = """
import sys, click
@click.group()
@click.version_option("1.0")
def root(): pass
names = "connect detect accounts consent disclosures providers presets config vault demo"
for name in names.split():
    root.add_command(click.Group(name, help="Do " + name))
@root.commands["providers"].command("list")
def listing(): click.echo("imap")
root.main(sys.argv[1:], prog_name="bare")
"""
PROGRAM = "import sys; from inboxlink.cli import main; main()"

#: Arguments, those of the bare command that they are measured against, and the goal.
COMMANDS = (
    (("--help",), ("--help",), 1.2),
    (("--version",), ("--version",), 1.2),
    (("providers", "list"), ("providers", "list"), 1.8),
    (("--json", "detect", "me@gmail.com", "--offline"), ("--help",), 2.5),
)


def cpu_ms(arguments: list[str], environ: dict[str, str]) -> float:
    """CPU milliseconds of one process."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, quiet, 1)],
    )
    _, status, usage = os.wait4(child, 0)
    os.close(quiet)
    if status:
        raise SystemExit(f"{arguments} ended with {status}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "HOME": home}
        # An installed program has its bytecode; the first, uncounted round writes it.
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        for own, _, _ in COMMANDS:
            cpu_ms(["-c", PROGRAM, *own], environ)
        rounds = [
            [
                (cpu_ms(["-c", BARE, *bare], environ), cpu_ms(["-c", PROGRAM, *own], environ))
                for own, bare, _ in COMMANDS
            ]
            for _ in range(ROUNDS)
        ]
    print(f"{'command':<44} {'bare ms':>8} {'ms':>8} {'ratio':>7} {'goal':>6}")
    for (own, _, goal), pairs in zip(COMMANDS, zip(*rounds, strict=True), strict=True):
        bare_ms, own_ms = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(mine / theirs for theirs, mine in pairs)
        print(f"{' '.join(own):<44} {bare_ms:8.1f} {own_ms:8.1f} {ratio:7.2f} {goal:6.1f}")


if __name__ == "__main__":
    main()
