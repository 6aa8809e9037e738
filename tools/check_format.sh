#!/bin/sh
# Fails if clang-format would change a tracked C++ file. To let it: tools/check_format.sh --fix
set -eu

cd "$(dirname "$(readlink -f "$0")")/.."
. tools/packages.sh

command -v clang-format >/dev/null || need clang-format /usr/bin/clang-format
command -v git >/dev/null || need git /usr/bin/git
install_missing

mode='--dry-run -Werror'
if [ "${1:-}" = --fix ]; then mode=-i; fi

# The checkout may belong to another user, as in a container.
files=$(git -c safe.directory="$PWD" ls-files '*.h' '*.cc')
clang-format $mode $files
