"""What the repository rules share."""

PUBLIC = 'package(default_visibility = ["//visibility:public"])\n\n'

def workspace_file(ctx):
    ctx.file("WORKSPACE", 'workspace(name = "%s")\n' % ctx.name)

def link_tree(ctx, root, skip = []):
    """Links the entries of directory `root` into this repository, under a WORKSPACE file of its own."""
    for entry in root.readdir():
        if entry.basename not in ["WORKSPACE", "WORKSPACE.bazel", "WORKSPACE.bzlmod", "MODULE.bazel"] + skip:
            ctx.symlink(entry, entry.basename)
    workspace_file(ctx)
