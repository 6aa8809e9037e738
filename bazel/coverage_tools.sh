#!/bin/sh
# Stands where Bazel keeps its coverage tools, which Debian does not package.
echo "bazel coverage is not supported with Debian's Bazel: measure coverage with gcov" >&2
exit 1
