#!/bin/sh
# Fails, and shows where, if a tracked C++ file is not as clang-format would have it. With --fix: formats them.
set -eu
cd "$(dirname "$0")/.."
if ! command -v clang-format >/dev/null; then
  echo "check_format.sh: clang-format is missing: apt-get install clang-format" >&2
  exit 1
fi
mode='--dry-run -Werror'
[ "${1:-}" = --fix ] && mode=-i
# shellcheck disable=SC2086  # Two words.
git ls-files '*.h' '*.cc' | xargs -r clang-format $mode
