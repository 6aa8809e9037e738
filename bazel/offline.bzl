"""Stand-ins for what Debian's Bazel would otherwise download. They never touch the network."""

load("//bazel:repository.bzl", "PUBLIC", "link_tree", "workspace_file")

def _debian_tree_impl(ctx):
    """A directory of a Debian package as a repository; empty where the package does not have it."""
    root = ctx.path(ctx.attr.path)
    if root.exists:
        link_tree(ctx, root)
    else:
        workspace_file(ctx)
        ctx.file("BUILD.bazel", "")

debian_tree = repository_rule(_debian_tree_impl, local = True, attrs = {"path": attr.string(mandatory = True)})

_RULES = ["cc_binary", "cc_import", "cc_library", "cc_test"]
_COMPILERS = ["clang", "clang-cl", "emscripten", "gcc", "mingw-gcc", "msvc-cl"]

def _rules_cc_shim_impl(ctx):
    """@rules_cc over the native rules: Debian's rules_cc does not load in its Bazel 4.2.3."""
    workspace_file(ctx)
    ctx.file("BUILD.bazel", "")
    ctx.file("cc/BUILD.bazel", "")
    ctx.file("cc/defs.bzl", "".join([
        "{0} = native.{0}\n".format(rule)
        for rule in _RULES + ["cc_toolchain", "cc_toolchain_suite"]
    ]))
    for rule in _RULES:
        ctx.file("cc/%s.bzl" % rule, "{0} = native.{0}\n".format(rule))
    ctx.file("cc/compiler/BUILD.bazel", PUBLIC + "".join([
        'config_setting(name = "{0}", flag_values = {{"@bazel_tools//tools/cpp:compiler": "{0}"}})\n'.format(compiler)
        for compiler in _COMPILERS
    ]))

rules_cc_shim = repository_rule(_rules_cc_shim_impl, local = True)

# Constraint values that BUILD files of newer libraries name.
_CONSTRAINTS = {
    "cpu": ["aarch32", "armv6-m", "mips64", "riscv64", "wasm32", "wasm64"],
    "os": ["emscripten", "fuchsia", "haiku", "nixos", "wasi"],
}

def _debian_platforms_impl(ctx):
    """@platforms of Debian's Bazel, with the constraint values that it lacks."""
    root = ctx.path("/usr/share/bazel/platforms")  # Part of 4.2.3.
    if not ctx.path(str(root) + "/cpu").exists:
        root = ctx.path("/usr/share/bazel/tools/platforms")  # A package of its own later.
    link_tree(ctx, root, skip = _CONSTRAINTS.keys())
    for package, values in _CONSTRAINTS.items():
        text = ctx.read("%s/%s/BUILD" % (root, package))
        for value in values:
            if ('name = "%s"' % value) not in text:
                text += '\nconstraint_value(name = "%s", constraint_setting = ":%s")\n' % (value, package)
        ctx.file(package + "/BUILD", text)

debian_platforms = repository_rule(_debian_platforms_impl, local = True)

def _coverage_tools_impl(ctx):
    """Every `bazel test` wants these tools to exist, also one that measures no coverage."""
    workspace_file(ctx)
    ctx.symlink(Label("//bazel:coverage_tools.sh"), "coverage_tools.sh")
    ctx.file("BUILD.bazel", PUBLIC + "".join([
        'sh_binary(name = "%s", srcs = ["coverage_tools.sh"])\n' % name
        for name in ["coverage_report_generator", "lcov_merger"]
    ]))

coverage_tools = repository_rule(_coverage_tools_impl, local = True)
