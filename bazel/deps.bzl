"""What a WORKSPACE that depends on eventbus has to declare. With MODULE.bazel, nothing of this is used."""

load("//bazel:debian.bzl", "debian_abseil", "debian_benchmark", "debian_googletest")
load("//bazel:offline.bzl", "coverage_tools", "debian_platforms", "debian_tree", "rules_cc_shim")

def _declare(rule, name, **kwargs):
    if not native.existing_rule(name):
        rule(name = name, **kwargs)

def eventbus_dependencies():
    """Declares the dependencies of eventbus, leaving alone those that the caller has declared.

    Only what a build needs is looked for: a consumer of the library needs Abseil, and neither GoogleTest nor Benchmark.
    """
    _declare(debian_abseil, "abseil-cpp")
    _declare(debian_googletest, "googletest")
    _declare(debian_benchmark, "google_benchmark")

    # What Bazel itself would download.
    _declare(rules_cc_shim, "rules_cc")
    _declare(debian_platforms, "platforms")
    _declare(debian_tree, "rules_java", path = "/usr/share/bazel/rules/java")
    _declare(debian_tree, "rules_proto", path = "/usr/share/bazel/rules/proto")
    _declare(debian_tree, "rules_python", path = "/usr/share/bazel/rules/python")
    _declare(debian_tree, "rules_license", path = "/usr/share/bazel/rules/license")
    _declare(debian_tree, "bazel_features", path = "/usr/share/bazel/tools/features")
    _declare(debian_tree, "bazel_skylib", path = "/usr/share/bazel/tools/skylib")
    _declare(coverage_tools, "remote_coverage_tools")
