"""What the measurements were taken on, and where their results go."""

import contextlib
import datetime
import mmap
import os
import pathlib
import platform
import re
import subprocess

from failure import Failure


def _git(workspace, *arguments):
    # The checkout may belong to another user, as in a container.
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        return subprocess.run(["git", "-c", f"safe.directory={workspace}", *arguments], cwd=workspace, check=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True).stdout.strip()
    return None


def cpu_model():
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine() or "unknown"


def short_name(model, cores):
    """Of a processor: `Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz`, 8 is intel-core-i5-8250u-8-cores."""
    name = re.sub(r"\((R|TM)\)|@.*|\d+-Core|\b(CPU|Processor)\b", " ", model, flags=re.IGNORECASE)
    name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-")
    return f"{name or 'unknown'}-{cores}-cores"


def compilers(executable):
    """What an executable says of the compilers that made it."""
    with open(executable, "rb") as file, contextlib.suppress(ValueError):  # An empty file cannot be mapped.
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = set(re.findall(rb"GCC: \([^()\0]{1,60}\) [0-9.]+|\b(?:clang|rustc) version [0-9.]+", data))
            # Go's build information: a mark, and at 32 bytes the length of its version, which follows.
            start = data.find(b"\xff Go buildinf:")
            if start >= 0 and len(data) > start + 33 and data[start + 15] & 2:
                found.add(data[start + 33:start + 33 + data[start + 32]])
            return sorted(text.decode(errors="replace") for text in found)
    return []


def describe(workspace, executables):
    """For results.json; `executables` is name -> path."""
    changed = _git(workspace, "status", "--porcelain", "--", ".", ":(exclude)benchmarks/results")
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": _git(workspace, "rev-parse", "HEAD") or "unknown",
        "dirty": None if changed is None else changed != "",
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)),
        "kernel": f"{platform.system()} {platform.release()}",
        "load_before": os.getloadavg()[0],
        "compilers": {name: compilers(path) for name, path in executables.items()},
    }


def results_folder(workspace, about):
    name = f"{about['date'][:10]}-{about['commit'][:7]}-{short_name(about['cpu'], about['cores'])}"
    return pathlib.Path(workspace) / "benchmarks" / "results" / name


def make_new(folder):
    """Makes the folder, or with a suffix -2, -3 ... where there is something by its name, and returns it."""
    folder = pathlib.Path(os.path.abspath(folder))
    if not folder.name:
        raise Failure(f"{folder} is no folder for results")
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        return folder
    candidate, suffix = folder, 1
    while True:
        try:
            candidate.mkdir()
            return candidate
        except FileExistsError:
            suffix += 1
            candidate = folder.with_name(f"{folder.name}-{suffix}")
