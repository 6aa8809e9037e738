"""Stand-ins for repositories that Bazel 4.2.3 would otherwise download."""

def _native_rules_impl(ctx):
    for path, rules in ctx.attr.files.items():
        ctx.file(path, "".join(["{0} = native.{0}\n".format(rule) for rule in rules]))
        ctx.file(path.rpartition("/")[0] + "/BUILD.bazel", "")

native_rules = repository_rule(
    implementation = _native_rules_impl,
    attrs = {"files": attr.string_list_dict(
        doc = "For each .bzl file, the rules it exports as they are built into Bazel.",
        mandatory = True,
    )},
    doc = "A rules_* repository over the rules that are built into Bazel.",
)

def _coverage_tools_stub_impl(ctx):
    ctx.file("BUILD.bazel", """
filegroup(
    name = "coverage_report_generator",
    visibility = ["//visibility:public"],
)
""")

coverage_tools_stub = repository_rule(
    implementation = _coverage_tools_stub_impl,
    doc = "Lets `bazel test` analyse its tests; `bazel coverage` needs the real tools.",
)
