"""The contenders: building them, asking what they play, and letting them play; see benchmarks/scenarios.md."""

import contextlib
import dataclasses
import hashlib
import json
import math
import os
import pathlib
import signal
import subprocess
import sys

OURS = "eventbus"

# What each folder below benchmarks/peers is to build; for naming those that are not there, and to build no more than
# what is asked for. A folder or contender that is not listed here plays too.
EXPECTED = {
    "cpp": ("boost-fiber", "boost-signals2", "tbb-broadcast", "hand-written"),
    "go": ("go-channels", "go-feed", "go-kit"),
    "rust": ("crossbeam-channel", "tokio-broadcast", "tokio-mpsc"),
}

# What a contender may take besides the time that it is told to play for: large set-ups, warm-ups, slow peers.
GRACE_SECONDS = 120


class ContenderError(Exception):
    """A contender failed, or gave an answer that cannot be right; the text says how, in one line."""


@dataclasses.dataclass
class Contender:
    name: str
    path: pathlib.Path
    scenarios: list = dataclasses.field(default_factory=list)


def _sources_of(folder):
    """A text that changes when any file below the folder does."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode(errors="surrogateescape"))
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _executables(folder):
    return sorted(path for path in folder.iterdir() if path.is_file() and os.access(path, os.X_OK))


def build_peers(peers, cache, wanted=None):
    """Builds the folders below `peers` into folders below `cache`. Returns the contenders that are there, and
    the names of those that are not. With `wanted`, names, it leaves out folders that none of them is from."""
    folders = [build.parent for build in sorted(peers.glob("*/build"))]
    if wanted is not None and set(wanted) <= {OURS}.union(*EXPECTED.values()):
        folders = [folder for folder in folders
                   if folder.name not in EXPECTED or set(wanted) & set(EXPECTED[folder.name])]
    sources = _sources_of(peers)
    found, missing = [], []
    for folder in folders:
        out = cache / folder.name
        stamp = cache / f"{folder.name}.sources"
        out.mkdir(parents=True, exist_ok=True)
        # What an older version of the sources left behind must not pass for this one.
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != sources:
            for path in _executables(out):
                path.unlink()
        stamp.write_text(sources, encoding="utf-8")
        print(f"building benchmarks/peers/{folder.name}", file=sys.stderr)
        try:
            status = subprocess.run([folder / "build", out], cwd=folder, stdin=subprocess.DEVNULL, stdout=sys.stderr,
                                    check=False).returncode
        except OSError as error:
            status = error.strerror
        built = [Contender(path.name, path) for path in _executables(out)]
        absent = sorted(set(EXPECTED.get(folder.name, ())) - {contender.name for contender in built})
        if status:
            print(f"compare: benchmarks/peers/{folder.name}/build failed: {status}", file=sys.stderr)
            absent = absent or ([] if built else [f"those of {folder.name}"])
        found += built
        missing += absent
    if missing:
        print(f"compare: skipped, since they were not built: {', '.join(missing)}; "
              "benchmarks/peers/install installs what they need", file=sys.stderr)
    return found, missing


def _run(command, limit):
    """The standard output of a program that ends well within the limit of seconds."""
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, encoding="utf-8", errors="replace", start_new_session=True)
    except OSError as error:
        raise ContenderError(f"cannot be started: {error.strerror}") from error
    try:
        output, messages = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired as error:
        raise ContenderError(f"did not end within {limit:g} s") from error
    finally:
        if process.returncode is None:  # The limit, or an interrupt.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode != 0:
        said = [line.strip() for line in messages.splitlines() if line.strip()]
        if process.returncode < 0:
            said.append(f"ended by signal {-process.returncode}: {signal.strsignal(-process.returncode)}")
        else:
            said.append(f"status {process.returncode}")
        raise ContenderError("; ".join(said[-4:]))
    return output


def ask_scenarios(contender):
    """Fills in what the contender plays."""
    names = [line.strip() for line in _run([contender.path, "--scenarios"], GRACE_SECONDS).splitlines()]
    contender.scenarios = list(dict.fromkeys(name for name in names if name))
    if not contender.scenarios:
        raise ContenderError("names no scenario")


def _is_amount(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def play(contender, scenario, seconds, grace=GRACE_SECONDS):
    """What the contender prints about the scenario, checked."""
    output = _run([contender.path, scenario, "--seconds", f"{seconds:g}"], grace + 20 * seconds).strip()
    try:
        result = json.loads(output)
    except ValueError:
        result = None
    if not isinstance(result, dict) or "\n" in output:
        raise ContenderError(f"printed something else than one JSON object: {output[:80]!r}")
    if result.get("scenario") != scenario:
        raise ContenderError(f"played another scenario: {result.get('scenario')!r}")
    unit = "bytes" if scenario.startswith("memory/") else "ns"
    if result.get("unit") != unit:
        raise ContenderError(f"unit {result.get('unit')!r} instead of {unit!r}")
    if not _is_amount(result.get("value")) or result["value"] == 0:
        raise ContenderError(f"impossible value {result.get('value')!r}")
    for key in ("operations", "allocations", "p99", "p999"):
        if key in result and not _is_amount(result[key]):
            raise ContenderError(f"impossible {key} {result[key]!r}")
    return result
