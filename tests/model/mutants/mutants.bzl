"""Builds mutants of the library, and a test that runs the model tests against each."""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("//bazel:precompiled_header.bzl", "with_precompiled")

_HEADER = "//tests/support/explorer:explored"

_SOURCES = [
    "//tests/model:scenarios",
    "//tests/support/explorer:eventbus_sources",
    "//tests/support/explorer:explorer_sources",
]

def _mutant(mutant, deps, copts = []):
    """The program with the model tests, and the library with `mutant` in it."""
    program = mutant.replace(".mutant", "")
    cc_binary(
        name = program,
        testonly = True,
        srcs = [program + ".cc"],
        copts = ["-w"] + copts,
        tags = ["model"],
        deps = deps + [
            "//tests/support/explorer:explored_eventbus",
            "@googletest//:gtest_main",
        ],
    )
    return ":" + program

def mutants_test(name, mutants, mutants_in_headers):
    """A test that fails if one of the mutants, files as mutate.py reads them, survives."""
    everyone = mutants + mutants_in_headers
    native.genrule(
        name = name + "_sources",
        testonly = True,
        srcs = everyone + _SOURCES,
        outs = [mutant.replace(".mutant", ".cc") for mutant in everyone],
        tags = ["model"],
        cmd = "python3 $(location mutate.py) $(RULEDIR) %s -- %s" % (
            " ".join(["$(location %s)" % mutant for mutant in everyone]),
            " ".join(["$(locations %s)" % source for source in _SOURCES]),
        ),
        tools = ["mutate.py"],
    )
    programs = [
        _mutant(
            mutant,
            copts = with_precompiled(_HEADER),
            deps = [
                _HEADER,
                "//tests/model:all_scenarios",
            ],
        )
        for mutant in mutants
    ]

    # These hold the headers themselves, changed.
    programs += [_mutant(mutant, deps = ["//tests/support/explorer:explore"]) for mutant in mutants_in_headers]
    native.sh_test(
        name = name,
        # Runs one mutant after the other, of which there are more than a hundred.
        size = "large",
        srcs = ["mutants_test.sh"],
        data = programs + everyone,
        shard_count = 4,
        tags = ["model"],
    )
