"""A test of the library under the deterministic scheduler."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("//bazel:copts.bzl", "EVENTBUS_COPTS")
load("//bazel:precompiled_header.bzl", "with_precompiled")

_HEADER = "//tests/support/explorer:explored_optimised"

def model_test(name, size = "medium", **kwargs):
    """The scenarios of `name`.cc, as a test and, for the mutants, as the library `name`_scenarios."""
    cc_library(
        name = name + "_scenarios",
        testonly = True,
        srcs = [name + ".cc"],
        # Interleavings by the hundred thousand; and fibers, which the sanitizers do not follow.
        copts = EVENTBUS_COPTS + ["-O2"] + with_precompiled(_HEADER),
        tags = ["model"],
        deps = [
            _HEADER,
            "//tests/support/explorer:explore",
            "//tests/support/explorer:explored_eventbus",
            "@googletest//:gtest",
        ],
        alwayslink = True,
    )
    cc_test(
        name = name,
        size = size,
        tags = ["model"],
        deps = [
            ":" + name + "_scenarios",
            "@googletest//:gtest_main",
        ],
        **kwargs
    )
