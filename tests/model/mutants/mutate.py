"""Writes the C++ files of mutants: of each, the library with one small mistake.

Usage: mutate.py OUTPUT_DIRECTORY MUTANT... -- SOURCE...

The output directory is that of the mutants' package, among the outputs.

A mutant file says what is changed, and which model tests must notice:

    # Why this is wrong.
    file: eventbus/internal/waiting/parker.cc
    caught by: ParkerModel.*
    <<<<
    text that stands in the file exactly once
    ====
    text that takes its place
    >>>>

Of a mistake in a `.cc` file, just that file is written: linked before the library, it takes the place of the right one. A
mistake in a header is one in what includes it, so then the output is several files in one: the model tests that must catch the
mutant, and the files that include the header at first or second hand, with every `#include` of a file among the sources replaced
by its text, once. What else includes it calls the same functions: they are inline, of several copies the linker takes the first,
and the library is compiled without optimisation.
"""

import os
import re
import sys


def read_mutant(path):
    text = open(path).read()
    head, change = text.split("<<<<\n", 1)
    old, new = change.rsplit(">>>>", 1)[0].split("====\n", 1)
    file = re.search(r"^file: (.*)$", head, re.M).group(1)
    suites = re.findall(r"(\w+)(?:/\*)?\.", re.search(r"^caught by: (.*)$", head, re.M).group(1))
    return file, suites, old.rstrip("\n"), new.rstrip("\n")


def includes(texts, source, header, levels):
    """Whether the file includes the header, itself or by what it includes, up to so many levels down."""
    if source == header:
        return True
    if levels == 0 or source not in texts:
        return False
    included = re.findall(r'^#include "([^"]+)"', texts[source], re.M)
    return any(includes(texts, file, header, levels - 1) for file in included)


def amalgamate(texts, suites, header):
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
        if not source.endswith(".cc"):
            continue
        if source.endswith("_model_test.cc"):
            wanted = any("TEST(%s," % suite in texts[source] for suite in suites)
        else:
            beside = os.path.dirname(source) == os.path.dirname(header)
            wanted = includes(texts, source, header, levels=3 if beside else 2)
        if wanted:
            add(source)
    return "\n".join(out) + "\n"


def mutated(mutant, texts):
    file, suites, old, new = read_mutant(mutant)
    if file not in texts:
        sys.exit("%s: there is no %s" % (mutant, file))
    if texts[file].count(old) != 1:
        sys.exit("%s: the text to change stands %d times in %s" % (mutant, texts[file].count(old), file))
    changed = texts[file].replace(old, new)
    in_header = file.endswith(".h")
    if in_header != ("/in_headers/" in mutant):
        sys.exit("%s: mutants of headers, and only they, belong in in_headers/" % mutant)
    return amalgamate({**texts, file: changed}, suites, file) if in_header else changed


def main(directory, arguments):
    end = arguments.index("--")
    texts = {source: open(source).read() for source in arguments[end + 1 :]}
    for mutant in arguments[:end]:
        package = os.path.dirname(mutant)
        while not directory.endswith(package):
            package = os.path.dirname(package)
        name = os.path.relpath(mutant, package).replace(".mutant", ".cc")
        with open(os.path.join(directory, name), "w") as written:
            written.write(mutated(mutant, texts))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
