"""Builds the wrong versions that drain_bugs_test must catch, and a test that it does."""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")

# Of these a change is in the test, for the wrong version is one of the program that uses the library.
_TEST = "//tests/unit:drain_bugs_test.cc"

def _wrong_version(mutant, deps):
    """The test with the wrong file, which takes the place of the right one: it is linked before the library."""
    program = mutant.replace(".mutant", "")
    native.genrule(
        name = program + "_source",
        testonly = True,
        srcs = [
            mutant,
            "//eventbus:sources",
            "//eventbus/internal/choosing:sources",
            "//eventbus/internal/draining:sources",
            "//eventbus/internal/execution:sources",
            "//eventbus/internal/feed:sources",
            "//eventbus/internal/groups:sources",
            "//eventbus/internal/owners:sources",
            "//eventbus/internal/waiting:sources",
            _TEST,
        ],
        outs = [program + ".cc"],
        cmd = "python3 $(location //tests/model/mutants:mutate.py) $(RULEDIR) $(location %s) -- $(SRCS)" % mutant,
        tags = ["wrong"],
        tools = ["//tests/model/mutants:mutate.py"],
    )
    cc_binary(
        name = program,
        testonly = True,
        srcs = [program + ".cc"],
        copts = ["-w"],
        tags = ["wrong"],
        deps = deps,
    )
    return ":" + program

def wrong_versions_test(name, right, mutants, mutants_of_the_test, cases, deps):
    """A test that fails unless each wrong version is caught by the test that its mutant names, and each test catches one.

    Args:
      name: of the test.
      right: the program with the right version.
      mutants: files as tests/model/mutants/mutate.py reads them, of the library.
      mutants_of_the_test: the same, of the test itself.
      cases: the test as a library.
      deps: what the test needs.
    """
    programs = [_wrong_version(mutant, [cases] + deps) for mutant in mutants]
    programs += [_wrong_version(mutant, deps) for mutant in mutants_of_the_test]
    native.sh_test(
        name = name,
        # Some are caught by hanging.
        size = "large",
        srcs = ["wrong_versions_test.sh"],
        args = ["$(rootpath %s)" % right],
        data = programs + mutants + mutants_of_the_test + [right],
        tags = ["wrong"],
    )
