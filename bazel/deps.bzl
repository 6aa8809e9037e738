"""What eventbus depends on, for WORKSPACE builds. Module builds have MODULE.bazel instead."""

load("//bazel:debian.bzl", "debian_abseil", "debian_benchmark", "debian_googletest")
load("//bazel:offline.bzl", "coverage_tools_stub", "native_rules")

def eventbus_dependencies():
    """Declares the repositories that the caller has not declared before.

    Declaring one costs nothing until something is built from it, so a program that only uses
    the library needs neither GoogleTest nor Benchmark to be installed.
    """
    _missing(debian_abseil, "abseil-cpp")
    _missing(debian_googletest, "googletest")
    _missing(debian_benchmark, "google_benchmark")
    _missing(
        native_rules,
        "rules_cc",
        files = {
            "cc/cc_binary.bzl": ["cc_binary"],
            "cc/cc_import.bzl": ["cc_import"],
            "cc/cc_library.bzl": ["cc_library"],
            "cc/cc_test.bzl": ["cc_test"],
            "cc/defs.bzl": [
                "cc_binary",
                "cc_import",
                "cc_library",
                "cc_test",
                "cc_toolchain",
                "cc_toolchain_suite",
            ],
        },
    )

    # Bazel's own tools and test runner refer to these, whatever the language.
    _missing(
        native_rules,
        "rules_java",
        files = {
            "java/defs.bzl": [
                "java_binary",
                "java_import",
                "java_library",
                "java_package_configuration",
                "java_plugin",
                "java_runtime",
                "java_test",
                "java_toolchain",
            ],
        },
    )
    _missing(coverage_tools_stub, "remote_coverage_tools")

    # Only Abseil's own BUILD files use it, when EVENTBUS_SOURCES asks for them.
    _missing(native.local_repository, "bazel_skylib", path = "/usr/share/bazel/tools/skylib")

def _missing(rule, name, **kwargs):
    if not native.existing_rule(name):
        rule(name = name, **kwargs)
