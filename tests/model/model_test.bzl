"""A test of the library under the deterministic scheduler."""

load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("//bazel:copts.bzl", "EVENTBUS_COPTS")

def model_test(name, size = "medium", **kwargs):
    cc_test(
        name = name,
        size = size,
        srcs = [name + ".cc"],
        # Interleavings by the hundred thousand; and fibers, which the sanitizers do not follow.
        copts = EVENTBUS_COPTS + ["-O2"],
        tags = ["model"],
        deps = [
            "//tests/support/explorer:explore",
            "//tests/support/explorer:explored_eventbus",
            "@googletest//:gtest_main",
        ],
        **kwargs
    )
