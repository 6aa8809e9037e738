"""Runs the comparison with contenders that are scripts of a few lines, and tests its parts."""

import json
import math
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

import contenders
import machine
import plots
import results
import rounds
import svg
import targets

COMPARE = os.path.abspath("benchmarks/compare/compare.sh")


def write_contender(path, scenarios, before="", more=""):
    """A contender that plays scenario -> values, one after the other. `before` is shell code that runs when it plays;
    `more` is JSON for its line. It appends what it plays to the file `played` beside it."""
    cases = "".join(f"  {name}) values='{' '.join(map(str, values))}' ;;\n" for name, values in scenarios.items())
    names = "\\n".join(scenarios)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"""#!/bin/sh
if [ "$1" = --scenarios ]; then printf '{names}\\n'; exit; fi
case $1 in
{cases}  *) echo "unknown scenario $1" >&2; exit 2 ;;
esac
[ "$2" = --seconds ] || exit 2
{before}
echo "$1" >>"$0.played"
echo "{path.name} $1" >>"$PLAYED"
value=$(echo $values | cut -d' ' -f"$(grep -cx "$1" "$0.played")")
case $1 in memory/*) unit=bytes ;; *) unit=ns ;; esac
echo '{{"scenario": "'"$1"'", "value": '"$value"', "unit": "'$unit'", "operations": 10{more}}}'
""", encoding="utf-8")
    path.chmod(0o755)


class Workspace(unittest.TestCase):
    """A workspace with contenders of its own, and runs of the comparison in it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.workspace = self.root / "workspace"
        self.ours = self.root / "ours" / "eventbus"
        self.peers = self.root / "peers"
        (self.workspace / "tools").mkdir(parents=True)
        (self.workspace / "tools" / "packages.sh").write_text("need() { :; }\ninstall_missing() { :; }\n")
        self.build("go", f"cp '{self.peers}'/* \"$1\"")
        self.peers.mkdir()

    def build(self, folder, commands):
        script = self.workspace / "benchmarks" / "peers" / folder / "build"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f"#!/bin/sh\nset -eu\n{commands}\n")
        script.chmod(0o755)

    def run_compare(self, *arguments, status=0, mode="opt"):
        """Standard output and standard error."""
        environment = {**os.environ, "BUILD_WORKSPACE_DIRECTORY": str(self.workspace),
                       "BUILD_WORKING_DIRECTORY": str(self.root), "XDG_CACHE_HOME": str(self.root / "cache"),
                       "PLAYED": str(self.root / "played"), "GIT_CEILING_DIRECTORIES": str(self.root)}
        done = subprocess.run([COMPARE, mode, self.ours, *arguments], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done.stdout, done.stderr

    def rows(self, output):
        return [re.split(r" {2,}", line.strip()) for line in output.splitlines()]


class RunTest(Workspace):
    def test_table_has_medians_spreads_and_ratios_with_ours_first(self):
        write_contender(self.ours, {"fanout/10": [30, 10, 20], "park": [5, 5, 5]})
        write_contender(self.peers / "go-feed", {"fanout/10": [50, 70, 60]})
        write_contender(self.peers / "hand-written", {"fanout/10": [2, 2, 2]})
        output, _ = self.run_compare("--rounds", "3", "--seconds", "0.001")
        self.assertEqual(self.rows(output), [
            ["scenario", "contender", "median", "unit", "spread", "ratio", "p99", "p999"],
            [""],
            ["fanout/10", "eventbus", "20.0", "ns", "50 %", "1.00"],
            ["hand-written", "2.00", "ns", "0 %", "0.10"],
            ["go-feed", "60.0", "ns", "17 %", "3.00"],
            [""],
            ["park", "eventbus", "5.00", "ns", "0 %", "1.00"]])
        self.assertEqual(len({line.index("ns") for line in output.splitlines() if " ns " in line}), 1)

    def test_files_have_every_measurement_and_are_never_overwritten(self):
        write_contender(self.ours, {"fanout/10": [1, 2, 3, 4], "fanout/100": [4] * 4, "memory/subscription": [99] * 4})
        folders = []
        for expected in ("", "-2"):
            _, messages = self.run_compare("--rounds", "2", "--seed", "7")
            folder = pathlib.Path(re.search(r"the results are in (.*)", messages).group(1))
            self.assertRegex(str(folder.relative_to(self.workspace)),
                             rf"^benchmarks/results/\d{{4}}-\d\d-\d\d-unknown-[a-z0-9-]+-cores{expected}$")
            self.assertEqual({path.name for path in folder.iterdir()}, {"results.json", "table.txt", "fanout.svg"})
            folders.append(folder)
        for folder, values in zip(folders, ([1, 2], [3, 4])):
            record = json.loads((folder / "results.json").read_text())
            self.assertEqual([(entry["round"], entry["value"]) for entry in record["measurements"]
                              if entry["scenario"] == "fanout/10"], [(1, values[0]), (2, values[1])])
            self.assertEqual(record["seed"], 7)
            for key in ("date", "commit", "dirty", "cpu", "cores", "kernel", "compilers", "targets", "summary"):
                self.assertIn(key, record)

    def test_out_is_relative_to_the_caller_and_keeps_what_is_there(self):
        write_contender(self.ours, {"park": [1, 1, 1]})
        (self.root / "full").mkdir()
        (self.root / "full" / "mine").write_text("mine")
        (self.root / "empty").mkdir()
        self.run_compare("--rounds", "1", "--out", "full")
        self.run_compare("--rounds", "1", "--out", "empty")
        self.run_compare("--rounds", "1", "--out", "new/one")
        self.assertEqual([path.name for path in (self.root / "full").iterdir()], ["mine"])
        for folder in ("full-2", "empty", "new/one"):
            self.assertTrue((self.root / folder / "results.json").exists(), folder)
        self.assertFalse((self.workspace / "benchmarks" / "results").exists())

    @unittest.skipUnless(shutil.which("git"), "needs git")
    def test_commit_and_changes_are_recorded(self):
        write_contender(self.ours, {"park": [1] * 4})

        def git(*arguments):
            identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
            return subprocess.run(["git", *identity, *arguments], cwd=self.workspace, check=True, text=True,
                                  stdout=subprocess.PIPE).stdout.strip()

        git("init", "--quiet")
        git("add", ".")
        git("commit", "--quiet", "--message", "all")
        commit = git("rev-parse", "HEAD")
        # The second time there are results of the first, which are no change; the third time there is a new file.
        for dirty in (False, False, True):
            if dirty:
                (self.workspace / "new").write_text("")
            _, messages = self.run_compare("--rounds", "1")
            folder = pathlib.Path(re.search(r"the results are in (.*)", messages).group(1))
            record = json.loads((folder / "results.json").read_text())
            self.assertEqual((record["commit"], record["dirty"]), (commit, dirty))
            self.assertIn(f"-{commit[:7]}-", folder.name)

    def test_contender_that_fails_is_named_and_not_asked_again(self):
        write_contender(self.ours, {"fanout/10": [1, 1], "park": [1, 1]})
        write_contender(self.peers / "go-feed", {"fanout/10": [1, 1], "park": [1, 1]},
                        before="[ $1 = park ] || { echo 'value 7 came twice' >&2; exit 1; }")
        output, messages = self.run_compare("--rounds", "2", status=1)
        self.assertIn("compare: go-feed failed in fanout/10: value 7 came twice; status 1", messages)
        self.assertIn(["go-feed", "failed"], self.rows(output))
        self.assertEqual((self.root / "played").read_text().count("go-feed park"), 2)

    def test_contender_that_cannot_name_its_scenarios_is_named(self):
        write_contender(self.ours, {"park": [1]})
        (self.peers / "broken").write_text("#!/bin/sh\necho no library >&2\nexit 127\n")
        (self.peers / "broken").chmod(0o755)
        output, messages = self.run_compare("--rounds", "1", status=1)
        self.assertIn("compare: broken failed in --scenarios: no library; status 127", messages)
        self.assertIn("eventbus", output)

    def test_peers_that_cannot_be_built_are_named_and_skipped(self):
        write_contender(self.ours, {"park": [1] * 5})
        write_contender(self.peers / "go-feed", {"park": [1] * 5})
        self.build("rust", "echo 'no cargo' >&2; exit 1")
        output, messages = self.run_compare("--rounds", "1")
        self.assertIn("no cargo", messages)
        self.assertIn("benchmarks/peers/rust/build failed: 1", messages)
        self.assertIn("not built: go-channels, go-kit, crossbeam-channel, tokio-broadcast, tokio-mpsc; "
                      "benchmarks/peers/install", messages)
        self.assertIn("go-feed", output)
        # What was built from other sources is not played.
        self.build("go", "exit 1")
        output, messages = self.run_compare("--rounds", "1")
        self.assertIn("not built: go-channels, go-feed, ", messages)
        self.assertNotIn("go-feed", output)
        _, messages = self.run_compare("--contenders", "go-feed", status=2)
        self.assertIn("compare: go-feed was not built", messages)

    def test_only_what_is_asked_for_is_built_and_played(self):
        write_contender(self.ours, {"fanout/10": [1], "fanout/100": [1], "park": [1]})
        write_contender(self.peers / "go-feed", {"fanout/10": [1]})
        write_contender(self.peers / "go-channels", {"fanout/10": [1]})
        self.build("rust", "echo 'rust is built' >&2")
        output, messages = self.run_compare("--rounds", "1", "--only", "/10$", "--contenders", "eventbus,go-feed")
        self.assertNotIn("rust is built", messages)
        self.assertEqual(sorted((self.root / "played").read_text().splitlines()),
                         ["eventbus fanout/10", "go-feed fanout/10"])
        self.assertNotIn("fanout/100", output)

    def test_list(self):
        write_contender(self.ours, {"park": [], "fanout/10": []})
        write_contender(self.peers / "go-feed", {"handlers/1": [], "fanout/10": [], "park": []})
        output, _ = self.run_compare("--list", mode="fastbuild")
        self.assertEqual(self.rows(output), [["scenario", "contenders"], ["park", "eventbus, go-feed"],
                                             ["fanout/10", "eventbus, go-feed"], ["handlers/1", "go-feed"]])

    def test_check_prints_targets_and_fails_for_one_that_is_missed_or_skipped(self):
        write_contender(self.ours, more=', "allocations": 0', scenarios={
            "handlers/1000": [10] * 4, "slow/1000": [100] * 4, "slow/4000": [500, 500, 400, 400]})
        write_contender(self.peers / "boost-signals2", {"handlers/1000": [50] * 4})
        output, messages = self.run_compare("--rounds", "2", "--check", "--allow-missing", status=1)
        self.assertIn(["eventbus: slow/4000 / slow/1000", "at most 4.6", "5", "missed"], self.rows(output))
        self.assertIn(["handlers/1000: boost-signals2 / eventbus", "at least 5", "5.00", "met"], self.rows(output))
        self.assertIn(["fanout/1000: go-feed / eventbus", "at least 6 (goal 10)", "-", "skipped"], self.rows(output))
        self.assertIn(["eventbus: allocations in a steady state", "0", "0 in 3 scenarios", "met"], self.rows(output))
        self.assertIn("of 10 targets 1 were missed and 7 skipped", messages)
        self.run_compare("--rounds", "1", "--check", "--allow-missing")
        self.run_compare("--rounds", "1", "--check", status=1)

    def test_bad_input_gets_one_line(self):
        write_contender(self.ours, {"park": [1]})
        (self.root / "file").write_text("")
        for arguments, message in (
                (["--rounds", "0"], "takes a number of at least 1, not '0'"),
                (["--rounds", "many"], "takes a number of at least 1, not 'many'"),
                (["--rounds"], "expected one argument"),
                (["--seconds", "-1"], "expected one argument|takes seconds above 0"),
                (["--seconds", "nan"], "takes seconds above 0"),
                (["--only", "("], r"bad regular expression '\('"),
                (["--contenders", "a,,b"], "takes names with commas"),
                (["--seed", "x"], "takes a number"),
                (["--allow-missing"], "--allow-missing needs --check"),
                (["--frobnicate"], "unrecognized arguments: --frobnicate"),
                (["more"], "unrecognized arguments: more")):
            output, messages = self.run_compare(*arguments, status=2)
            self.assertEqual(output, "")
            self.assertRegex(messages, rf"\Acompare: .*{message}.*\n\Z")
        for arguments, message in (
                (["--only", "nothing"], "no scenario matches 'nothing'"),
                (["--contenders", "nobody"], "no contender 'nobody'; there are eventbus"),
                (["--out", "/"], "/ is no folder for results"),
                (["--out", "file/below"], "(Not a directory|File exists)")):
            _, messages = self.run_compare(*arguments, status=2)
            self.assertRegex(messages.splitlines()[-1], f"^compare: .*{message}")
        _, messages = self.run_compare(status=2, mode="fastbuild")
        self.assertIn("without optimisation", messages)

    def test_help_names_every_option(self):
        output, messages = self.run_compare("--help")
        for option in ("rounds", "seconds", "only", "contenders", "seed", "check", "allow-missing", "out", "list"):
            self.assertIn(f"--{option}", output)
        self.assertEqual(messages, "")


class PlayTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "contender"

    def expect_error(self, commands, message, scenario="park"):
        self.path.write_text(f"#!/bin/sh\n{commands}\n")
        self.path.chmod(0o755)
        with self.assertRaisesRegex(contenders.ContenderError, message) as caught:
            contenders.play(contenders.Contender("fake", self.path), scenario, 0.001, grace=0.5)
        self.assertNotIn("\n", str(caught.exception))

    def test_answers_that_cannot_be_right(self):
        def line(value="1", unit="ns", more=""):
            return f"""echo '{{"scenario": "park", "value": {value}, "unit": "{unit}"{more}}}'"""

        self.expect_error("", "something else than one JSON object: ''")
        self.expect_error("echo 31.4", "something else than one JSON object")
        self.expect_error(f"{line()}; {line()}", "something else than one JSON object")
        self.expect_error(line("0"), "impossible value 0")
        self.expect_error(line("-1"), "impossible value -1")
        self.expect_error(line("NaN"), "impossible value nan")
        self.expect_error(line("true"), "impossible value True")
        self.expect_error(line('"1"'), "impossible value '1'")
        self.expect_error(line(unit="us"), "unit 'us' instead of 'ns'")
        self.expect_error(line(more=', "allocations": -1'), "impossible allocations -1")
        self.expect_error(line(), "played another scenario: 'park'", scenario="fanout/1")

    def test_ends_of_another_kind(self):
        self.expect_error("echo first >&2; echo second >&2; exit 3", "^first; second; status 3$")
        self.expect_error("kill -SEGV $$", "^ended by signal 11: Segmentation fault$")
        self.path.with_name("executable").write_text("neither script nor program")
        self.path.with_name("executable").chmod(0o755)
        with self.assertRaisesRegex(contenders.ContenderError, "cannot be started"):
            contenders.play(contenders.Contender("fake", self.path.with_name("executable")), "park", 0.001)

    def test_contender_that_hangs_is_ended(self):
        os.mkfifo(self.path.with_name("pipe"))
        self.expect_error('read -r line <"$(dirname "$0")/pipe"', "did not end within 0.52 s")


class ScheduleTest(unittest.TestCase):
    PLAYERS = [contenders.Contender(name, pathlib.Path(name), scenarios) for name, scenarios in (
        ("a", ["x", "y"]), ("b", ["x", "y"]), ("c", ["x", "y"]), ("d", ["y"]))]

    def test_every_round_has_everything_once_and_an_order_of_its_own(self):
        jobs = rounds.schedule(self.PLAYERS, ["x", "y"], 20, random.Random(1))
        self.assertEqual(len(jobs), 20 * 7)
        orders = set()
        for number in range(20):
            played = [(scenario, player.name) for _, scenario, player in jobs[7 * number:7 * number + 7]]
            self.assertEqual({job[0] for job in jobs[7 * number:7 * number + 7]}, {number + 1})
            self.assertEqual([scenario for scenario, _ in played], ["x"] * 3 + ["y"] * 4)
            self.assertEqual(sorted(played), [("x", "a"), ("x", "b"), ("x", "c"),
                                              ("y", "a"), ("y", "b"), ("y", "c"), ("y", "d")])
            orders.add(tuple(played))
        self.assertGreater(len(orders), 5)

    def test_the_seed_decides(self):
        first, second, other = (
            [player.name for _, _, player in rounds.schedule(self.PLAYERS, ["x", "y"], 5, random.Random(seed))]
            for seed in (3, 3, 4))
        self.assertEqual(first, second)
        self.assertNotEqual(first, other)


class ResultsTest(unittest.TestCase):
    def test_summary(self):
        measurements = [{"scenario": "latency/busy", "contender": "a", "unit": "ns", "value": value, "p99": 10 * value}
                        for value in (4, 1, 3, 2, 5)]
        measurements.append({"scenario": "latency/busy", "contender": "b", "unit": "ns", "value": 8})
        summaries = results.summarise(measurements, [])
        summary = summaries["latency/busy", "a"]
        self.assertEqual((summary.median, summary.low, summary.high, summary.p99, summary.p999), (3, 2, 4, 30, None))
        self.assertAlmostEqual(summary.spread, 100 * 2 / 3)
        self.assertEqual(summaries["latency/busy", "b"].spread, 0)

    def test_what_failed_once_does_not_count(self):
        measurement = {"scenario": "park", "contender": "a", "unit": "ns", "value": 1}
        self.assertEqual(results.summarise([measurement], [{"scenario": "park", "contender": "a", "message": ""}]), {})

    def test_numbers(self):
        for value, text in ((0.5, "0.50"), (9.99, "9.99"), (9.996, "10.0"), (31.44, "31.4"), (99.96, "100"),
                            (1234567.8, "1,234,568"), (None, "")):
            self.assertEqual(results.number(value), text)


def _played(**values):
    """The measurements of contender -> {scenario: value, or one for each round}, with _ for - in the names of contenders."""
    measurements = []
    for name, scenarios in values.items():
        for scenario, each in scenarios.items():
            each = each if isinstance(each, list) else [each]
            measurements += [{"scenario": scenario, "contender": name.replace("_", "-"), "round": turn, "value": value}
                             for turn, value in enumerate(each, start=1)]
    return measurements


class TargetsTest(unittest.TestCase):
    def outcome(self, start, measurements, failures=()):
        matching = [one for one in targets.evaluate(measurements, failures) if one.name.startswith(start)]
        self.assertEqual(len(matching), 1)
        return matching[0]

    def test_at_least_and_at_most(self):
        for peer, result in ((60, "met"), (59.9, "missed")):
            outcome = self.outcome("fanout/1000: go-feed", _played(eventbus={"fanout/1000": 10},
                                                                   go_feed={"fanout/1000": peer}))
            self.assertEqual((outcome.wanted, outcome.result), ("at least 6 (goal 10)", result))
        for ours, result in ((10.5, "met"), (10.6, "missed")):
            outcome = self.outcome("channel/uncontended: eventbus / crossbeam",
                                   _played(eventbus={"channel/uncontended": ours},
                                           crossbeam_channel={"channel/uncontended": 10}))
            self.assertEqual(outcome.result, result)

    def test_a_ratio_is_the_median_of_those_of_the_rounds(self):
        # In the second round the machine was slow; the medians of the two are equal.
        outcome = self.outcome("channel/uncontended: eventbus / crossbeam",
                               _played(eventbus={"channel/uncontended": [12, 50, 20]},
                                       crossbeam_channel={"channel/uncontended": [10, 100, 20]}))
        self.assertEqual((outcome.seen, outcome.result), ("1.00", "met"))
        outcome = self.outcome("channel/uncontended: eventbus / crossbeam",
                               _played(eventbus={"channel/uncontended": [12, 20, 120]},
                                       crossbeam_channel={"channel/uncontended": [10, 20, 100]}))
        self.assertEqual((outcome.seen, outcome.result), ("1.2", "missed"))

    def test_rendezvous_is_measured_by_two_halves_of_a_round(self):
        for ours, seen, result in ((240, "1.20", "met"), (250, "1.25", "missed")):
            outcome = self.outcome("eventbus: channel/two_threads/0",
                                   _played(eventbus={"channel/two_threads/0": ours, "park": 100}))
            self.assertEqual((outcome.seen, outcome.result), (seen, result))

    def test_what_is_not_there_is_skipped_and_what_failed_is_missed(self):
        ours = _played(eventbus={"slow/1000": 1})
        self.assertEqual(self.outcome("slow/1000", ours).result, "skipped")
        failure = {"scenario": "slow/1000", "contender": "go-feed", "message": "hangs"}
        self.assertEqual(self.outcome("slow/1000", ours, [failure]).result, "missed")

    def test_allocations_of_ours_in_any_round(self):
        def evaluate(*entries):
            measurements = [{"scenario": scenario, "contender": contender, "round": 1, "value": 1, "allocations": count}
                            for scenario, contender, count in entries]
            outcome = targets.evaluate(measurements, [])[-1]
            return outcome.seen, outcome.result

        self.assertEqual(evaluate(), ("-", "skipped"))
        self.assertEqual(evaluate(("park", "go-feed", 1)), ("-", "skipped"))
        self.assertEqual(evaluate(("fanout/1", "eventbus", 0), ("fanout/1", "eventbus", 0),
                                  ("subscribe/0", "eventbus", 3)), ("0 in 1 scenarios", "met"))
        self.assertEqual(evaluate(("fanout/1", "eventbus", 0), ("fanout/1", "eventbus", 0.02)),
                         ("0.02 in fanout/1", "missed"))


class MachineTest(unittest.TestCase):
    def test_short_name(self):
        for model, name in (("Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz", "intel-core-i5-8250u-8-cores"),
                            ("AMD Ryzen 7 5800X 8-Core Processor", "amd-ryzen-7-5800x-8-cores"),
                            ("", "unknown-8-cores")):
            self.assertEqual(machine.short_name(model, 8), name)

    def test_compilers(self):
        go = b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\x08go1.19.8\x00rest"
        for content, found in ((b"", []), (b"\0GCC: (Debian 12.2.0-14) 12.2.0\0", ["GCC: (Debian 12.2.0-14) 12.2.0"]),
                               (b"\0rustc version 1.63.0 (x)\0GCC: (A) 9\0", ["GCC: (A) 9", "rustc version 1.63.0"]),
                               (b"\x7fELF" + go, ["go1.19.8"])):
            with tempfile.NamedTemporaryFile(dir=os.environ.get("TEST_TMPDIR")) as file:
                file.write(content)
                file.flush()
                self.assertEqual(machine.compilers(file.name), found)


def _contrast(first, second):
    """As the Web Content Accessibility Guidelines define it."""
    def luminance(colour):
        parts = (int(colour[start:start + 2], 16) / 255 for start in (1, 3, 5))
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def _summaries(**values):
    """contender -> {scenario: median}, with _ for - in the names of contenders."""
    return {(scenario, name.replace("_", "-")): results.Summary("ns", median, median, median)
            for name, medians in values.items() for scenario, median in medians.items()}


class PlotsTest(unittest.TestCase):
    def test_colours_can_be_seen_and_contenders_told_apart_without_them(self):
        styles = [*plots.STYLES.values(), *plots.OTHERS]
        for mode in ("light", "dark"):
            self.assertGreaterEqual(_contrast(svg.INK[mode], svg.SURFACE[mode]), 7)
            for style in styles:
                self.assertGreaterEqual(_contrast(getattr(style, mode), svg.SURFACE[mode]), 3, style)
        self.assertEqual(len({(style.marker, style.filled) for style in plots.STYLES.values()}), len(plots.STYLES))
        self.assertEqual(set(plots.STYLES), {contenders.OURS}.union(*contenders.EXPECTED.values()))

    def test_plots_are_drawn_for_what_was_measured(self):
        summaries = _summaries(
            eventbus={"fanout/1": 40, "fanout/10": 30, "fanout/10000": 20, "slow/10": 1e4, "park": 7,
                      "channel/two_threads/0": 900, "channel/two_threads/1": 300, "channel/two_threads/1024": 30},
            go_feed={"fanout/1": 100, "fanout/10": 200}, new_one={"fanout/1": 50, "channel/four_by_four": 80})
        drawn = plots.draw_all(summaries)
        self.assertEqual(set(drawn), {"fanout.svg", "slow.svg", "channel.svg"})
        texts = {}
        for name, text in drawn.items():
            root = xml.etree.ElementTree.fromstring(text)
            texts[name] = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
            self.assertIn("prefers-color-scheme:dark", text)
            self.assertNotIn("nan", text.replace("channel", ""))
            for number in re.findall(r' [xy][12]?="([^"]+)"', text):
                self.assertTrue(-1 <= float(number) <= svg.WIDTH, text)
        for label in ("eventbus", "go-feed", "new-one", "20 ns", "200 ns", "1", "10,000", "subscribers",
                      "time a delivery"):
            self.assertIn(label, texts["fanout.svg"])
        for label in ("0", "1024", "four by four", "two threads"):
            self.assertIn(label, texts["channel.svg"])

    def test_ticks(self):
        self.assertEqual(svg.ticks_between(12, 180), [10, 20, 50, 100, 200])
        self.assertEqual(svg.ticks_between(3, 2e6), [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7])
        for value in (1, 10, 31.4, 5e9):
            ticks = svg.ticks_between(value, value)
            self.assertTrue(ticks[0] <= value <= ticks[-1] and ticks[0] < ticks[-1], ticks)
        for low, high in ((0.4, 0.4e9), (7e3, 9e8), (10, 1e6)):
            ticks = svg.ticks_between(low, high)
            self.assertTrue(ticks[0] <= low and high <= ticks[-1], ticks)
            self.assertTrue(all(math.isclose(math.log10(tick) % 1, 0, abs_tol=1e-9) for tick in ticks), ticks)
        self.assertEqual([svg.format_time(tick) for tick in (0.5, 10, 2e3, 5e6, 1e9)],
                         ["0.5 ns", "10 ns", "2 µs", "5 ms", "1 s"])


unittest.main()
