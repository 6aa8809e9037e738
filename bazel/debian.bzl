"""Debian's Abseil, GoogleTest and Benchmark, under the labels of the Bazel Central Registry.

With --repo_env=EVENTBUS_SOURCES=DIR they are built from the sources in DIR, as unpacked by
tools/fetch_sources.sh, instead of taken as installed. A relative DIR starts at eventbus's root.
"""

# The public targets of Abseil 20220623, the oldest that eventbus supports.
_ABSEIL_TARGETS = {
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
    "types": [
        "any",
        "bad_any_cast",
        "bad_optional_access",
        "bad_variant_access",
        "compare",
        "optional",
        "span",
        "variant",
    ],
    "utility": ["utility"],
}

def _sources(ctx, library):
    """Returns the directory with the sources of `library`, or None if it is not to be built."""
    directory = ctx.os.environ.get("EVENTBUS_SOURCES", "")
    if not directory:
        return None
    if not directory.startswith("/"):
        directory = "%s/%s" % (ctx.path(Label("//:WORKSPACE")).dirname, directory)
    path = ctx.path(directory).get_child(library)
    if not path.exists:
        fail("%s is missing: run tools/fetch_sources.sh" % path)
    return path

def _require(ctx, path, package):
    if not ctx.path(path).exists:
        fail("%s is missing: apt-get install %s" % (path, package))

def _debian_abseil_impl(ctx):
    sources = _sources(ctx, "abseil")
    if sources:
        ctx.symlink(sources.get_child("absl"), "absl")
        return

    # The compiler finds the headers by itself. Abseil is some eighty archives that use each
    # other: the linker gets all of them as one group and takes what it needs.
    _require(ctx, "/usr/include/absl/base/options.h", "libabsl-dev")
    found = ctx.execute(["sh", "-c", "basename -a /usr/lib/*/libabsl_*.a"])
    archives = ["-l:" + name for name in found.stdout.splitlines()]
    linkopts = ["-Wl,--start-group"] + archives + ["-Wl,--end-group", "-pthread"]

    header = 'package(default_visibility = ["//visibility:public"])\n\n'
    ctx.file("BUILD.bazel", header + 'cc_library(name = "absl", linkopts = %r)\n' % linkopts)
    for package, targets in _ABSEIL_TARGETS.items():
        ctx.file("absl/%s/BUILD.bazel" % package, header + "".join([
            'cc_library(name = "%s", deps = ["//:absl"])\n' % target
            for target in targets
        ]))

def _debian_googletest_impl(ctx):
    sources = _sources(ctx, "googletest") or ctx.path("/usr/src/googletest")
    _require(ctx, sources.get_child("googletest"), "googletest")
    ctx.symlink(sources.get_child("googlemock"), "googlemock")
    ctx.symlink(sources.get_child("googletest"), "googletest")
    ctx.symlink(Label("//bazel:googletest.BUILD"), "BUILD.bazel")

def _debian_benchmark_impl(ctx):
    sources = _sources(ctx, "benchmark")
    if sources:
        ctx.symlink(sources.get_child("include"), "include")
        ctx.symlink(sources.get_child("src"), "src")
        ctx.symlink(Label("//bazel:benchmark_source.BUILD"), "BUILD.bazel")
    else:
        _require(ctx, "/usr/include/benchmark/benchmark.h", "libbenchmark-dev")
        ctx.symlink(Label("//bazel:benchmark_installed.BUILD"), "BUILD.bazel")

# `local`: looked at again whenever Bazel starts, in case packages came or went.
def _debian_library(implementation):
    return repository_rule(implementation, environ = ["EVENTBUS_SOURCES"], local = True)

debian_abseil = _debian_library(_debian_abseil_impl)
debian_benchmark = _debian_library(_debian_benchmark_impl)
debian_googletest = _debian_library(_debian_googletest_impl)
