"""Builds mutants of the library, and a test that runs the model tests against each."""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")

_SOURCES = [
    "//tests/model:scenarios",
    "//tests/support/explorer:eventbus_sources",
    "//tests/support/explorer:explorer_sources",
]

def mutants_test(name, mutants):
    """A test that fails if one of `mutants`, files as amalgamate.py reads them, survives."""
    programs = []
    for mutant in mutants:
        program = mutant.replace(".mutant", "")
        programs.append(":" + program)
        native.genrule(
            name = program + "_source",
            testonly = True,
            srcs = [mutant] + _SOURCES,
            outs = [program + ".cc"],
            tags = ["model"],
            cmd = "python3 $(location amalgamate.py) $(location %s) $@ %s" % (
                mutant,
                " ".join(["$(locations %s)" % source for source in _SOURCES]),
            ),
            tools = ["amalgamate.py"],
        )
        cc_binary(
            name = program,
            testonly = True,
            srcs = [program + ".cc"],
            copts = ["-w", "-O1"],
            local_defines = ["EVENTBUS_EXPLORER"],
            tags = ["model"],
            deps = [
                "@abseil-cpp//absl/base:core_headers",
                "@abseil-cpp//absl/cleanup",
                "@abseil-cpp//absl/container:fixed_array",
                "@abseil-cpp//absl/functional:any_invocable",
                "@abseil-cpp//absl/status",
                "@abseil-cpp//absl/status:statusor",
                "@abseil-cpp//absl/strings",
                "@abseil-cpp//absl/time",
                "@abseil-cpp//absl/types:span",
                "@abseil-cpp//absl/utility",
                "@googletest//:gtest_main",
            ],
        )
    native.sh_test(
        name = name,
        # Runs one mutant after the other, of which there are more than a hundred.
        size = "large",
        srcs = ["mutants_test.sh"],
        data = programs + mutants,
        tags = ["model"],
    )
