"""Playing all rounds, and saying how far it is."""

import shutil
import sys
import time

import contenders


def schedule(players, scenarios, rounds, random):
    """(round, scenario, contender), in the order of play. In each round each scenario has an order of contenders of its
    own, so that what else the machine does, and what a contender leaves in its caches, does not always hit the same."""
    jobs = []
    for number in range(1, rounds + 1):
        for scenario in scenarios:
            able = [player for player in players if scenario in player.scenarios]
            random.shuffle(able)
            jobs += [(number, scenario, player) for player in able]
    return jobs


class Progress:
    """One line that is rewritten on a terminal, else a line from time to time."""

    PAUSE_SECONDS = 10

    def __init__(self, stream=sys.stderr):
        self._stream = stream
        self._terminal = stream.isatty()
        self._next = 0.0

    def show(self, text):
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\033[K{text[:width]}")
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + self.PAUSE_SECONDS
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def say(self, text):
        self.clear()
        self._stream.write(f"{text}\n")

    def clear(self):
        if self._terminal:
            self._stream.write("\r\033[K")


def _time_left(jobs, taken):
    """Seconds for the jobs: what each took before, or else the mean so far."""
    if not taken:
        return None
    mean = sum(taken.values()) / len(taken)
    return sum(taken.get((scenario, player.name), mean) for _, scenario, player in jobs)


def _describe(seconds):
    if seconds is None:
        return ""
    return f", {seconds:.0f} s left" if seconds < 90 else f", {seconds / 60:.0f} min left"


def play_all(jobs, rounds, seconds, progress=None):
    """Returns the measurements, a dictionary each, and the failures. A contender that fails in a scenario is not asked
    for that one again, and what it measured there does not count."""
    progress = progress or Progress()
    measurements, failures, failed, taken = [], [], set(), {}
    for index, (number, scenario, player) in enumerate(jobs):
        if (scenario, player.name) in failed:
            continue
        left = [job for job in jobs[index:] if (job[1], job[2].name) not in failed]
        progress.show(f"round {number} of {rounds}: {scenario}: {player.name}{_describe(_time_left(left, taken))}")
        start = time.monotonic()
        try:
            result = contenders.play(player, scenario, seconds)
        except contenders.ContenderError as error:
            failed.add((scenario, player.name))
            taken.pop((scenario, player.name), None)
            failures.append({"round": number, "scenario": scenario, "contender": player.name, "message": str(error)})
            progress.say(f"compare: {player.name} failed in {scenario}: {error}")
            continue
        taken[scenario, player.name] = time.monotonic() - start
        measurements.append({"round": number, "contender": player.name, **result})
    progress.clear()
    return measurements, failures
