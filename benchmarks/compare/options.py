"""The command line."""

import argparse
import math
import re

from failure import Failure

DESCRIPTION = """\
Plays the scenarios of benchmarks/scenarios.md with every contender, side by side, and prints one table: medians over
the rounds, the interquartile range in per cent of the median, and the ratio to eventbus (3 is three times the time).
Every measurement goes to results.json, with what it was measured on, beside table.txt and the plots."""

EPILOGUE = """\
Ends with 0 if every contender played and, with --check, every target is met; with 1 if not; with 2 if it was asked
for what it cannot do. docs/benchmarks.md says how to read the results and what they do not show."""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Failure(f"{message} (try --help)")


def _count(text):
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"takes a number of at least 1, not {text!r}")
    return int(text)


def _seconds(text):
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError(f"takes seconds above 0 and up to 3600, not {text!r}")
    return seconds


def _seed(text):
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"takes a number, not {text!r}")
    return int(text)


def _pattern(text):
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"bad regular expression {text!r}: {error}") from error


def _names(text):
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"takes names with commas between them, not {text!r}")
    return names


def parse(arguments):
    """The options given; fails with one line about the first bad one. Ends the program after --help."""
    parser = _Parser(prog="./bazelw run -c opt //benchmarks:compare --", description=DESCRIPTION, epilog=EPILOGUE,
                     formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("--rounds", metavar="N", type=_count, default=5, help="play everything N times (5)")
    parser.add_argument("--seconds", metavar="S", type=_seconds, default=0.3,
                        help="time for one scenario of one contender in one round (0.3)")
    parser.add_argument("--only", metavar="REGEX", type=_pattern, default=re.compile(""),
                        help="only the scenarios that match somewhere, such as '^fanout/1000$'")
    parser.add_argument("--contenders", metavar="A,B", type=_names,
                        help="only these; without eventbus there are no ratios")
    parser.add_argument("--seed", metavar="N", type=_seed, help="of the order of play; printed when not given")
    parser.add_argument("--check", action="store_true",
                        help="also print the targets; end with 1 if one is missed or, for want of a contender or "
                             "scenario, skipped")
    parser.add_argument("--allow-missing", action="store_true", help="with --check, let targets be skipped")
    parser.add_argument("--out", metavar="DIR",
                        help="folder for the results (benchmarks/results/DATE-COMMIT-MACHINE); one that has something "
                             "in it is left alone, and DIR-2 taken")
    parser.add_argument("--list", action="store_true", help="print who plays what, and end")
    options = parser.parse_args(arguments)
    if options.allow_missing and not options.check:
        parser.error("--allow-missing needs --check")
    return options
