#!/bin/sh
# A program in another workspace depends on this one, builds and runs.
set -eu

# The workspace itself, not the links to some of its files that Bazel runs tests in.
cd "$(dirname "$(readlink -f "$0")")/consumer"

# Nothing is left behind. The inner Bazel keeps its files with the test's own, makes no links in the
# workspace, and in batch mode ends with its one command. It must not notice that it is in a test.
cache=$TEST_TMPDIR/bazel
unset TEST_TMPDIR
../../bazelw --batch --nohome_rc --output_user_root="$cache" \
  run --symlink_prefix=/ --nosandbox_debug //:hello
