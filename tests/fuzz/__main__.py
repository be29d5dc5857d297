"""`python -m fuzz TARGET FOLDER [libFuzzer's options]`: atheris, from the seeds on."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["inboxlink", "inboxlink_imap", "imapclient", "imaplib"]):
    from fuzz.targets import TARGETS


def main() -> None:
    """Fuzz one target; what is found and what reached new branches stays in FOLDER."""
    target, folder, *options = sys.argv[1:]
    corpus = Path(folder) / target
    corpus.mkdir(parents=True, exist_ok=True)
    seeds = Path(__file__).parent / "seeds" / target
    limits = ["-timeout=10", "-rss_limit_mb=512", f"-artifact_prefix={corpus}/found-"]
    atheris.Setup([sys.argv[0], *limits, *options, str(corpus), str(seeds)], TARGETS[target])
    atheris.Fuzz()


main()
