#!/bin/sh
# Starts the comparison. Bazel gives the first two arguments; --help says what the others may be.
#
# usage: compare.sh COMPILATION_MODE OURS [OPTIONS]
set -eu

if [ -z "${BUILD_WORKSPACE_DIRECTORY:-}" ]; then
  echo 'compare: start it with ./bazelw run -c opt //benchmarks:compare' >&2
  exit 2
fi
. "$BUILD_WORKSPACE_DIRECTORY/tools/packages.sh"
command -v python3 >/dev/null || need python3 /usr/bin/python3
install_missing

exec python3 -B benchmarks/compare/compare.py "$@"
