#!/bin/sh
# Line coverage of eventbus/ by the tests; the model tests, which run another build of it, do not count. Prints the lines
# that no test reached; fails if more than 5 % were not, or if one of them is not justified in tools/uncovered.txt.
#
# That file has a line for each:  FILE: TEXT OF THE LINE  # reason
set -eu

cd "$(dirname "$(readlink -f "$0")")/.."
. tools/packages.sh
need clang /usr/bin/clang
need llvm /usr/bin/llvm-cov
need libclang-rt-dev '/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.profile-*'
need python3 /usr/bin/python3
install_missing

profiles=$(mktemp -d)
trap 'rm -rf "$profiles"' EXIT

# Each process writes while it runs (%c), so one that ends by a failed check counts too.
./bazelw test //tests/... --config=coverage --cache_test_results=no \
  --sandbox_writable_path="$profiles" --test_env=LLVM_PROFILE_FILE="$profiles/%p-%m%c.profraw" >&2

llvm-profdata merge --sparse "$profiles"/*.profraw -o "$profiles/all.profdata"
programs=$(./bazelw query --noshow_progress 'kind(cc_test, //tests/...) except attr(tags, model, //tests/...)' | sed 's|^//|bazel-bin/|; s|:|/|')
set -- $programs
first=$1
shift
llvm-cov export -format=lcov -instr-profile="$profiles/all.profdata" "$first" $(printf -- '-object %s ' "$@") eventbus \
  >"$profiles/lines.info"
python3 tools/coverage.py "$profiles/lines.info" tools/uncovered.txt
