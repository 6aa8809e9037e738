"""Abseil, GoogleTest and Benchmark as Debian packages them, under the labels of the Bazel Central Registry.

With --repo_env=EVENTBUS_SOURCES=DIR, the sources in DIR/abseil, DIR/googletest and DIR/benchmark are built instead
(tools/fetch_sources.sh gets them). A relative DIR starts at the root of this repository.
"""

load("//bazel:repository.bzl", "PUBLIC", "link_tree", "workspace_file")

_SOURCES = "EVENTBUS_SOURCES"

def _sources(ctx, library):
    """The path of the library's sources, or None if the installed ones are to be used."""
    base = ctx.os.environ.get(_SOURCES, "")
    if not base:
        return None
    if not base.startswith("/"):
        base = "%s/%s" % (ctx.path(Label("//:WORKSPACE")).dirname, base)
    path = ctx.path("%s/%s" % (base, library))
    if not path.exists:
        fail("%s is missing: run tools/fetch_sources.sh" % path)
    return path

def _need(ctx, path, package):
    if not ctx.path(path).exists:
        fail("%s is missing: apt-get install %s, or use ./bazelw" % (path, package))

# The public targets of Abseil 20220623 (Debian 12). Installed, they all stand for one library.
_ABSEIL = {
    "algorithm": ["algorithm", "container"],
    "base": ["base", "config", "core_headers", "dynamic_annotations", "log_severity"],
    "cleanup": ["cleanup"],
    "container": [
        "btree",
        "fixed_array",
        "flat_hash_map",
        "flat_hash_set",
        "inlined_vector",
        "node_hash_map",
        "node_hash_set",
    ],
    "debugging": ["failure_signal_handler", "leak_check", "stacktrace", "symbolize"],
    "flags": ["commandlineflag", "config", "flag", "marshalling", "parse", "reflection", "usage"],
    "functional": ["any_invocable", "bind_front", "function_ref"],
    "hash": ["hash"],
    "memory": ["memory"],
    "meta": ["type_traits"],
    "numeric": ["bits", "int128"],
    "random": ["bit_gen_ref", "distributions", "random", "seed_gen_exception", "seed_sequences"],
    "status": ["status", "statusor"],
    "strings": ["cord", "str_format", "strings"],
    "synchronization": ["synchronization"],
    "time": ["time"],
    "types": ["any", "bad_any_cast", "bad_optional_access", "bad_variant_access", "compare", "optional", "span", "variant"],
    "utility": ["utility"],
}

def _debian_abseil_impl(ctx):
    sources = _sources(ctx, "abseil")
    if sources:
        link_tree(ctx, sources)
        return
    _need(ctx, "/usr/include/absl/base/options.h", "libabsl-dev")

    # The headers are where every compiler looks. The archives depend on one another in circles, so they are one group, of
    # which the linker takes the members that it needs.
    found = ctx.execute(["sh", "-c", "ls /usr/lib/*/libabsl_*.a"])
    archives = ["-l:" + line.split("/")[-1] for line in found.stdout.split("\n") if line]
    linkopts = ["-Wl,--start-group"] + archives + ["-Wl,--end-group", "-lrt", "-pthread"]
    workspace_file(ctx)
    ctx.file("BUILD.bazel", PUBLIC + 'cc_library(name = "absl", linkopts = %r)\n' % linkopts)
    for package, targets in _ABSEIL.items():
        ctx.file("absl/%s/BUILD.bazel" % package, PUBLIC + "\n".join([
            'cc_library(name = "%s", deps = ["//:absl"])' % target
            for target in targets
        ]) + "\n")

debian_abseil = repository_rule(_debian_abseil_impl, local = True, environ = [_SOURCES])

_GOOGLETEST_BUILD = PUBLIC + """
cc_library(
    name = "gtest",
    srcs = [
        "googlemock/src/gmock-all.cc",
        "googletest/src/gtest-all.cc",
    ],
    hdrs = glob(["googletest/include/**/*.h", "googlemock/include/**/*.h"]),
    copts = ["-w", "-Iexternal/{name}/googletest", "-Iexternal/{name}/googlemock"],
    includes = ["googletest/include", "googlemock/include"],
    linkopts = ["-pthread"],
    textual_hdrs = glob(
        ["googletest/src/*", "googlemock/src/*"],
        exclude = ["**/*-all.cc", "**/*_main.cc"],
    ),
)

cc_library(
    name = "gtest_main",
    srcs = ["googlemock/src/gmock_main.cc"],
    alwayslink = True,
    deps = [":gtest"],
)
"""

def _debian_googletest_impl(ctx):
    root = _sources(ctx, "googletest") or ctx.path("/usr/src/googletest")
    _need(ctx, str(root) + "/googletest/src/gtest-all.cc", "googletest")
    ctx.symlink(str(root) + "/googletest", "googletest")
    ctx.symlink(str(root) + "/googlemock", "googlemock")
    workspace_file(ctx)
    ctx.file("BUILD.bazel", _GOOGLETEST_BUILD.replace("{name}", ctx.name))

debian_googletest = repository_rule(_debian_googletest_impl, local = True, environ = [_SOURCES])

_BENCHMARK_FROM_SOURCE = PUBLIC + """
cc_library(
    name = "benchmark",
    srcs = glob(["src/*.cc", "src/*.h"], exclude = ["src/benchmark_main.cc"]),
    hdrs = glob(["include/benchmark/*.h"]),
    copts = ["-w"],
    defines = ["BENCHMARK_STATIC_DEFINE"],
    linkopts = ["-pthread"],
    local_defines = ["HAVE_STD_REGEX", "HAVE_STEADY_CLOCK", 'BENCHMARK_VERSION=\\\\"source\\\\"'],
    strip_include_prefix = "include",
)

cc_library(
    name = "benchmark_main",
    srcs = ["src/benchmark_main.cc"],
    alwayslink = True,
    deps = [":benchmark"],
)
"""

_BENCHMARK_INSTALLED = PUBLIC + """
cc_library(name = "benchmark", linkopts = ["-lbenchmark", "-pthread"])

cc_library(name = "benchmark_main", linkopts = ["-lbenchmark_main"], deps = [":benchmark"])
"""

def _debian_benchmark_impl(ctx):
    sources = _sources(ctx, "benchmark")
    if sources:
        ctx.symlink(str(sources) + "/src", "src")
        ctx.symlink(str(sources) + "/include", "include")
        ctx.file("BUILD.bazel", _BENCHMARK_FROM_SOURCE)
    else:
        _need(ctx, "/usr/include/benchmark/benchmark.h", "libbenchmark-dev")
        ctx.file("BUILD.bazel", _BENCHMARK_INSTALLED)
    workspace_file(ctx)

debian_benchmark = repository_rule(_debian_benchmark_impl, local = True, environ = [_SOURCES])
