"""Headers that are compiled once for many files: the larger part of the time that a test takes to compile is spent in them.

Only with --config=pch, which is for clang. Without it nothing here does anything, so that files which rely on what another one has
included are found by the other configurations.
"""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

# clang stores the paths of the headers. They are made relative to the directory in which it runs, for each action may run in a
# sandbox of its own: it is a "system root" here and where the header is used, which changes nothing else.
_ROOT = ["-Xclang", "-isysroot", "-Xclang"]

def _precompiled_header_impl(ctx):
    if not ctx.attr.enabled:
        return [CcInfo()]
    context = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.attr.deps]).compilation_context
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features + ["layering_check", "module_maps"],
    )
    includes = ctx.actions.declare_file(ctx.label.name + ".h")
    ctx.actions.write(includes, "".join(["#include \"%s\"\n" % header for header in ctx.attr.headers]))
    compiled = ctx.actions.declare_file(ctx.label.name + ".pch")
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        source_file = includes.path,
        output_file = compiled.path,
        # As Bazel itself compiles the files of a test: position-independent unless optimised.
        use_pic = ctx.var["COMPILATION_MODE"] != "opt",
        include_directories = context.includes,
        quote_include_directories = context.quote_includes,
        system_include_directories = context.system_includes,
        preprocessor_defines = context.defines,
        user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts + ctx.attr.copts + [
            "-xc++-header",
            "-fpch-instantiate-templates",
            "--relocatable-pch",
            # What a cache gives back is as old as it is, and not newer than the headers.
            "-Xclang",
            "-fno-pch-timestamp",
        ] + _ROOT + ["/proc/self/cwd"],
    )
    arguments = cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = "c++-compile",
        variables = variables,
    )
    ctx.actions.run(
        executable = cc_common.get_tool_for_action(feature_configuration = features, action_name = "c++-compile"),
        arguments = arguments,
        inputs = depset([includes], transitive = [context.headers, toolchain.all_files]),
        outputs = [compiled],
        env = {"PWD": "/proc/self/cwd"},
        mnemonic = "CppPrecompile",
    )
    return [
        DefaultInfo(files = depset([compiled])),
        # Whoever depends on it has the compiled header, and those in it, among his inputs.
        CcInfo(compilation_context = cc_common.create_compilation_context(
            headers = depset([includes, compiled], transitive = [context.headers]),
        )),
    ]

_precompiled_header = rule(
    implementation = _precompiled_header_impl,
    attrs = {
        "copts": attr.string_list(),
        "deps": attr.label_list(providers = [CcInfo]),
        "enabled": attr.bool(),
        "headers": attr.string_list(mandatory = True),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

def precompiled_header(name, **kwargs):
    """The headers with the names `headers`, of `deps`, compiled with `copts`, which must be those of the files that use them."""
    _precompiled_header(
        name = name,
        testonly = True,
        enabled = select({
            "//bazel:pch": True,
            "//conditions:default": False,
        }),
        **kwargs
    )

def with_precompiled(header):
    """The options of a compilation that begins with the precompiled header, which must also be among its `deps`."""
    package, name = header[2:].split(":")
    return select({
        "//bazel:pch": ["-include-pch", "$(GENDIR)/%s/%s.pch" % (package, name)] + _ROOT + ["."],
        "//conditions:default": [],
    })
