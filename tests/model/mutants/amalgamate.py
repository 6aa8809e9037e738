"""Writes one C++ file from many, with one change: a mutant of the library with the model tests that must catch it.

Usage: amalgamate.py MUTANT OUTPUT SOURCE...

Every `#include` of a file among the sources is replaced by its text, once; other includes stay. Of the model tests, those
that must catch the mutant are taken. The mutant file says what is changed:

    # Why this is wrong.
    file: eventbus/internal/waiting/parker.cc
    caught by: ParkerModel.*
    <<<<
    text that stands in the file exactly once
    ====
    text that takes its place
    >>>>
"""

import re
import sys


def read_mutant(path):
    text = open(path).read()
    head, change = text.split("<<<<\n", 1)
    old, new = change.rsplit(">>>>", 1)[0].split("====\n", 1)
    file = re.search(r"^file: (.*)$", head, re.M).group(1)
    suites = re.findall(r"(\w+)(?:/\*)?\.", re.search(r"^caught by: (.*)$", head, re.M).group(1))
    return file, suites, old.rstrip("\n"), new.rstrip("\n")


def main(mutant, output, sources):
    file, suites, old, new = read_mutant(mutant)
    texts = {source: open(source).read() for source in sources}
    if file not in texts:
        sys.exit("%s: there is no %s" % (mutant, file))
    if texts[file].count(old) != 1:
        sys.exit("%s: the text to change stands %d times in %s" % (mutant, texts[file].count(old), file))
    texts[file] = texts[file].replace(old, new)

    done = set()
    out = []

    def add(source):
        if source in done:
            return
        done.add(source)
        for line in texts[source].splitlines():
            included = re.match(r'#include "([^"]+)"', line)
            if included and included.group(1) in texts:
                add(included.group(1))
            else:
                out.append(line)

    for source in sorted(sources):
        scenario = source.endswith("_model_test.cc")
        if source.endswith(".cc") and (not scenario or any("TEST(%s," % suite in texts[source] for suite in suites)):
            add(source)
    with open(output, "w") as written:
        written.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
