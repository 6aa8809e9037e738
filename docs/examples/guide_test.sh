#!/bin/sh
# The examples of the guide are those that are compiled and run: the block after each line `<!-- docs/examples/guide/NAME.cc -->`
# of the guide is what stands in that file between the lines `// [guide]` and `// [/guide]`, without the indentation of
# the first line. Each file is in the guide, and each section of the guide that has an example says what it is not for.
#
# usage: guide_test.sh GUIDE FILE...
#        guide_test.sh --fix GUIDE FILE...    writes the guide with the blocks that belong there to standard output
set -u

fix=0
if [ "$1" = --fix ]; then
  fix=1
  shift
fi
guide=$1
shift

# The guide as it should be.
expected=$(awk '
  function example(file,   line, inside, indentation, text) {
    while ((getline line < file) > 0) {
      if (line ~ /^ *\/\/ \[\/guide\]$/) inside = 0
      if (inside) text = text substr(line, indentation + 1) "\n"
      if (line ~ /^ *\/\/ \[guide\]$/) {
        inside = 1
        indentation = match(line, /\//) - 1
      }
    }
    close(file)
    return text
  }
  skipping && /^```$/ { skipping = 0 }
  !skipping { print }
  /^```cpp$/ && file != "" {
    printf "%s", example(file)
    skipping = 1
    file = ""
  }
  /^<!-- docs\/examples\/guide\/.*\.cc -->$/ { file = $2 }
' "$guide")

if [ $fix = 1 ]; then
  printf '%s\n' "$expected"
  exit
fi

failures=0
fail() {
  echo "FAIL: $*" >&2
  failures=$((failures + 1))
}

printf '%s\n' "$expected" | diff -u "$guide" - >&2 ||
  fail "the guide differs from its examples; to take them over: docs/examples/guide_test.sh --fix docs/guide.md >new"

for file; do
  grep -qxF "<!-- $file -->" "$guide" || fail "$file is not in the guide"
  [ "$(grep -cE '^ *// \[/?guide\]$' "$file")" = 2 ] || fail "$file does not say once where its example begins and ends"
done
for file in $(sed -n 's/^<!-- \(docs.*\.cc\) -->$/\1/p' "$guide"); do
  [ -f "$file" ] || fail "there is no $file"
done
awk '
  function check() { if (example && !limit) { print "FAIL: no line \"Not for: ...\" in the section " section; bad = 1 } }
  /^## / { check(); section = substr($0, 4); example = limit = 0 }
  /^<!-- docs/ { example = 1 }
  /^Not for: / { limit = 1 }
  END { check(); exit bad }
' "$guide" >&2 || failures=$((failures + 1))

[ $# -ge 8 ] || fail "only $# examples were given"
exit $failures
