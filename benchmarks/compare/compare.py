"""Runs the contenders side by side. See options.py for the command line, benchmarks/scenarios.md for the contract.

usage: compare.py COMPILATION_MODE OURS [OPTIONS]
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import random
import sys

import contenders
from failure import Failure
import machine
import options as command_line
import plots
import results
import rounds
import targets


def warn(text):
    print(f"compare: {text}", file=sys.stderr)


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "eventbus" / "peers"


@contextlib.contextmanager
def alone(cache):
    """Two comparisons at once would build into one folder, and measure each other."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Failure("another comparison is running") from error
        yield


def gather(ours, workspace, cache, wanted):
    """The contenders that take part, with their scenarios; the names of those that were not built; failures."""
    players, missing = contenders.build_peers(workspace / "benchmarks" / "peers", cache, wanted)
    players.insert(0, contenders.Contender(contenders.OURS, ours))
    names = [player.name for player in players]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise Failure(f"two contenders by the name of {doubled[0]}")
    if wanted is not None:
        for name in wanted:
            if name in missing:
                raise Failure(f"{name} was not built")
            if name not in names:
                raise Failure(f"no contender {name!r}; there are {', '.join(names)}")
        players = [player for player in players if player.name in wanted]
    able, failures = [], []
    for player in players:
        try:
            contenders.ask_scenarios(player)
            able.append(player)
        except contenders.ContenderError as error:
            warn(f"{player.name} failed in --scenarios: {error}")
            failures.append({"scenario": "--scenarios", "contender": player.name, "message": str(error)})
    return able, missing, failures


def select_scenarios(players, pattern):
    """Those that match, families together, in the order in which contenders name them: ours first."""
    names = list(dict.fromkeys(name for player in players for name in player.scenarios))
    families = list(dict.fromkeys(name.partition("/")[0] for name in names))
    chosen = [name for name in names if pattern.search(name)]
    if names and not chosen:
        raise Failure(f"no scenario matches {pattern.pattern!r}; --list shows them")
    return sorted(chosen, key=lambda name: families.index(name.partition("/")[0]))


def print_list(players, scenarios):
    rows = [(scenario, ", ".join(player.name for player in players if scenario in player.scenarios))
            for scenario in scenarios]
    print(results.align([("scenario", "contenders"), *rows], right=()), end="")


def measure(options, players, scenarios, about, folder, failures):
    """Plays everything, writes the files, prints the table. Returns the outcomes of the targets, and the failures."""
    jobs = rounds.schedule(players, scenarios, options.rounds, random.Random(about["seed"]))
    measurements, failed = rounds.play_all(jobs, options.rounds, options.seconds)
    failures = failures + failed
    about["load_after"] = os.getloadavg()[0]
    summaries = results.summarise(measurements, failures)
    outcomes = targets.evaluate(measurements, failures)
    text = results.table(scenarios, summaries, failures)
    if options.check:
        text += f"\n{targets.table(outcomes)}"

    summary = [{"scenario": scenario, "contender": name, **dataclasses.asdict(one), "spread": one.spread}
               for (scenario, name), one in summaries.items()]
    record = {**about, "targets": [dataclasses.asdict(outcome) for outcome in outcomes], "failures": failures,
              "summary": summary, "measurements": measurements}
    (folder / "results.json").write_text(f"{json.dumps(record, indent=1)}\n", encoding="utf-8")
    heading = (f"{about['date'][:10]}, commit {about['commit'][:7]}{' with changes' if about['dirty'] else ''}, "
               f"{about['cpu']}, {about['cores']} cores, {options.rounds} rounds of {options.seconds:g} s")
    (folder / "table.txt").write_text(f"{heading}\n\n{text}", encoding="utf-8")
    for name, plot in plots.draw_all(summaries).items():
        (folder / name).write_text(plot, encoding="utf-8")
    print(text, end="", flush=True)
    warn(f"the results are in {folder}")
    return outcomes, failures


def conclude(options, outcomes, failures):
    """Says what went wrong, and returns the exit status."""
    status = 0
    for failure in failures:
        warn(f"{failure['contender']} failed in {failure['scenario']}: {failure['message']}")
        status = 1
    if options.check:
        missed = sum(outcome.result == "missed" for outcome in outcomes)
        skipped = sum(outcome.result == "skipped" for outcome in outcomes)
        if missed or (skipped and not options.allow_missing):
            warn(f"of {len(outcomes)} targets {missed} were missed and {skipped} skipped")
            status = 1
    return status


def run(mode, ours, arguments):
    options = command_line.parse(arguments)
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if not workspace:
        raise Failure("start it with ./bazelw run -c opt //benchmarks:compare")
    if mode != "opt" and not options.list:
        raise Failure("eventbus is built without optimisation; start it with ./bazelw run -c opt //benchmarks:compare")
    workspace = pathlib.Path(workspace)
    cache = cache_folder()
    with alone(cache):
        players, missing, failures = gather(pathlib.Path(ours).absolute(), workspace, cache, options.contenders)
        scenarios = select_scenarios(players, options.only)
        if options.list:
            print_list(players, scenarios)
            return 1 if failures else 0
        about = machine.describe(workspace, {player.name: player.path for player in players})
        about["seed"] = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
        about.update(rounds=options.rounds, seconds=options.seconds, not_built=missing)
        # What is relative is so to where bazel was called.
        folder = machine.results_folder(workspace, about) if options.out is None else pathlib.Path(
            os.environ.get("BUILD_WORKING_DIRECTORY", "."), options.out)
        folder = machine.make_new(folder)
        try:
            warn(f"seed {about['seed']}, {len(players)} contenders, {len(scenarios)} scenarios, "
                 f"{options.rounds} rounds")
            outcomes, failures = measure(options, players, scenarios, about, folder, failures)
        finally:
            if options.out is None:
                with contextlib.suppress(OSError):
                    folder.rmdir()  # Only if nothing was written.
    return conclude(options, outcomes, failures)


def main():
    try:
        status = run(sys.argv[1], sys.argv[2], sys.argv[3:])
    except Failure as failure:
        warn(failure)
        status = 2
    except BrokenPipeError:  # Nobody reads the table any more. Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except OSError as error:
        warn(f"{error.filename}: {error.strerror}" if error.filename else error)
        status = 2
    except KeyboardInterrupt:
        warn("interrupted")
        status = 130
    sys.exit(status)


main()
