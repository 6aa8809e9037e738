#!/bin/sh
# Compiles each program of must_not_compile/. Its first line says what is to come of it:
#
#   // compiles
#   // refused: <text>      compiling fails, and the compiler's message contains the text
#
# One program compiles, so that a missing header is not taken for a refusal. Runs at the root of the runfiles; Abseil's
# headers are where the compiler looks by itself, or in $ABSL_INCLUDE.
set -u
cxx=${CXX:-g++}
messages=${TEST_TMPDIR:-${TMPDIR:-/tmp}}/messages
failures=0
compiled=0

fail() {
  echo "FAILED $1: $2" >&2
  sed 's/^/    /' "$messages" | head -n 20 >&2
  failures=$((failures + 1))
}

for program in tests/typing/must_not_compile/*.cc; do
  expected=$(head -n 1 "$program")
  "$cxx" -std=c++20 -fsyntax-only -Werror=unused-result -I. ${ABSL_INCLUDE:+-I"$ABSL_INCLUDE"} "$program" \
    >"$messages" 2>&1
  result=$?
  case $expected in
    "// compiles")
      if [ $result = 0 ]; then compiled=$((compiled + 1)); else fail "$program" "does not compile"; fi
      ;;
    "// refused: "*)
      text=${expected#// refused: }
      if [ $result = 0 ]; then
        fail "$program" "compiles, but should be refused with: $text"
      elif ! grep -qF "$text" "$messages"; then
        fail "$program" "is refused, but not with: $text"
      fi
      ;;
    *) fail "$program" "its first line does not say what is expected" ;;
  esac
done

if [ $compiled = 0 ]; then
  echo "FAILED: no program compiled, so the refusals prove nothing" >&2
  exit 1
fi
[ $failures = 0 ]
