"""What a start costs: each command against a bare click program, interleaved in one run.

CPU seconds of the whole process, user and system; medians of the rounds; the ratio is to the bare
program. Nothing here is a test: machines differ, ratios hardly.
"""

import os
import statistics
import sys
import tempfile

ROUNDS = 15

BARE = """
import click
@click.group()
def root(): pass
for name in ("connect", "detect", "accounts", "consent", "providers", "config", "vault", "demo"):
    root.add_command(click.Command(name, help="Do " + name))
root.main(["--help"], prog_name="bare", standalone_mode=False)
"""
PROGRAM = "import sys; from inboxlink.cli import main; main()"

COMMANDS = {
    "bare click --help": ["-c", BARE],
    "inboxlink --help": ["-c", PROGRAM, "--help"],
    "inboxlink --version": ["-c", PROGRAM, "--version"],
    "inboxlink providers list": ["-c", PROGRAM, "providers", "list"],
    "inboxlink detect (offline)": ["-c", PROGRAM, "detect", "me@gmail.com", "--lookup", "offline"],
}


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
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "INBOXLINK_HOME": home}
        for _ in range(ROUNDS):
            for name, arguments in COMMANDS.items():
                taken[name].append(cpu_ms(arguments, environ))
    floor = statistics.median(taken["bare click --help"])
    for name, rounds in taken.items():
        median = statistics.median(rounds)
        print(f"{name:<28} {median:7.1f} ms  x{median / floor:.2f}")


if __name__ == "__main__":
    main()
