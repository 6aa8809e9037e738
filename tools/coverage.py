"""Reads lcov's records; prints what is not covered and whether that is justified. See coverage.sh."""

import collections
import sys

LIMIT = 0.05


def read_counts(path):
    """File -> line -> how often it ran, the most of all records."""
    counts = collections.defaultdict(lambda: collections.defaultdict(int))
    file = None
    with open(path, encoding="utf-8") as records:
        for record in records:
            kind, _, rest = record.strip().partition(":")
            if kind == "SF":
                file = rest[rest.index("eventbus/"):] if "eventbus/" in rest else None
            elif kind == "DA" and file and not file.startswith("eventbus/internal/primitives/explorer"):
                line, count = rest.split(",")[:2]
                counts[file][int(line)] = max(counts[file][int(line)], int(count))
    return counts


def read_justified(path):
    """The (file, text) pairs that are listed with a reason."""
    justified = set()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            place, separator, reason = line.rstrip("\n").rpartition("  # ")
            if not separator or not reason.strip():
                sys.exit(f"{path}: no reason given: {line}")
            file, _, text = place.partition(": ")
            justified.add((file, text.strip()))
    return justified


def main():
    counts = read_counts(sys.argv[1])
    justified = read_justified(sys.argv[2])
    total = uncovered = 0
    unjustified = []
    for file in sorted(counts):
        with open(file, encoding="utf-8") as source:
            text = source.read().split("\n")
        for line, count in sorted(counts[file].items()):
            total += 1
            if count:
                continue
            uncovered += 1
            known = (file, text[line - 1].strip()) in justified
            print(f"{'' if known else 'NOT JUSTIFIED '}{file}:{line}: {text[line - 1].strip()}")
            if not known:
                unjustified.append(line)
    if total == 0:
        sys.exit("no line was measured")
    print(f"{total - uncovered} of {total} lines covered: {100 * (total - uncovered) / total:.2f} %")
    if uncovered > LIMIT * total or unjustified:
        sys.exit(1)


main()
