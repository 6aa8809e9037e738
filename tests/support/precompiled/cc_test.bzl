"""Tests, compiled in a fraction of the time where .bazelrc says so."""

load("@rules_cc//cc:cc_test.bzl", _cc_test = "cc_test")
load("//bazel:precompiled_header.bzl", "with_precompiled")

_HEADER = "//tests/support/precompiled:tests"

def cc_test(name, copts = [], deps = [], **kwargs):
    """A cc_test that begins with the headers of the library and of GoogleTest."""
    _cc_test(
        name = name,
        copts = copts + with_precompiled(_HEADER),
        deps = deps + [_HEADER],
        **kwargs
    )
