"""Writes the C++ file of a mutant: the library with one small mistake.

Usage: mutate.py MUTANT OUTPUT SOURCE...

The mutant file says what is changed, and which model tests must notice:

    # Why this is wrong.
    file: eventbus/internal/waiting/parker.cc
    caught by: ParkerModel.*
    <<<<
    text that stands in the file exactly once
    ====
    text that takes its place
    >>>>

Of a mistake in a `.cc` file, just that file is written: linked before the library, it takes the place of the right one. A
mistake in a header is one in all that includes it, so then the output is everything in one file: the library, and the model
tests that must catch the mutant, with every `#include` of a file among the sources replaced by its text, once.
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


def amalgamate(texts, suites):
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

    for source in sorted(texts):
        scenario = source.endswith("_model_test.cc")
        if source.endswith(".cc") and (not scenario or any("TEST(%s," % suite in texts[source] for suite in suites)):
            add(source)
    return "\n".join(out) + "\n"


def main(mutant, output, sources):
    file, suites, old, new = read_mutant(mutant)
    texts = {source: open(source).read() for source in sources}
    if file not in texts:
        sys.exit("%s: there is no %s" % (mutant, file))
    if texts[file].count(old) != 1:
        sys.exit("%s: the text to change stands %d times in %s" % (mutant, texts[file].count(old), file))
    texts[file] = texts[file].replace(old, new)
    in_header = file.endswith(".h")
    if in_header != ("/in_headers/" in mutant):
        sys.exit("%s: mutants of headers, and only they, belong in in_headers/" % mutant)
    with open(output, "w") as written:
        written.write(amalgamate(texts, suites) if in_header else texts[file])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
