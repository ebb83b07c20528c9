"""Fuzz one target, or find out what is wrong with an input.

python -m tests.fuzz                             the targets
python -m tests.fuzz TARGET [--runs N]           fuzz it, until it breaks or N inputs are done
python -m tests.fuzz TARGET FILE                 what breaks with that input, and where
python -m tests.fuzz VENDOR FILE --pair NAME     make a payload pair of it, for you to check
"""

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["chalicelib"]):
    from tests.fuzz import again
    from tests.fuzz.mutator import crossed, mutate
    from tests.fuzz.targets import Target, targets

FOUND = Path(__file__).parents[2] / ".local" / "fuzz"
#: An input that takes so many seconds is kept as one that hangs.
HANGS = 30


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("target", nargs="?")
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--pair", metavar="NAME")
    parser.add_argument("--runs", type=int, default=-1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    known = targets()
    if options.target not in known:
        sys.exit("targets: " + ", ".join(known))
    if options.pair:
        again.paired(options.target, options.file, options.pair)
    elif options.file:
        again.tried(known[options.target].check, options.file)
    else:
        fuzz(options.target, known[options.target], options.runs, options.seed)


def fuzz(name: str, target: Target, runs: int, seed: int) -> None:
    """Fuzz the target; what breaks it is kept in `.local/fuzz`, and libFuzzer says where."""
    FOUND.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        fitting = [body for body in target.seeds() if len(body) <= target.longest]
        for number, body in enumerate(fitting):
            (Path(corpus) / str(number)).write_bytes(body)
        settings = {
            "runs": runs, "seed": seed, "max_len": target.longest, "timeout": HANGS,
            "artifact_prefix": f"{FOUND}/{name}-", "reload": 0, "print_final_stats": 1,
            "len_control": 0, "mutate_depth": 1,
        }  # fmt: skip
        flags = [f"-{flag}={value}" for flag, value in settings.items()]
        atheris.Setup(
            [sys.argv[0], *flags, corpus], target.check,
            custom_mutator=lambda data, most, at: mutate(data, most, at, atheris.Mutate),
            custom_crossover=crossed,
        )  # fmt: skip
        atheris.Fuzz()


if __name__ == "__main__":
    main()
