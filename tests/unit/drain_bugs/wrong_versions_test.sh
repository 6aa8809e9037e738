#!/bin/sh
# Runs for each wrong version the tests that must catch it: they fail, or do not end. Fails if one passes, and if there is a test that
# catches none.
#
# usage: wrong_versions_test.sh RIGHT_VERSION
set -u
right=$PWD/$1
cd tests/unit/drain_bugs || exit 1

named_test() { sed -n 's/^caught by: //p' "$1.mutant"; }

# All at once: those that hang only wait. In the right version each test ends in an instant.
for mutant in *.mutant; do
  name=${mutant%.mutant}
  (
    timeout -k 5 10 "./$name" --gtest_filter="$(named_test "$name")" >"$name.output" 2>&1
    echo $? >"$name.status"
  ) &
done
wait

failures=0
count=0
for mutant in *.mutant; do
  name=${mutant%.mutant}
  count=$((count + 1))
  filter=$(named_test "$name")
  case $(cat "$name.status") in
    0)
      echo "SURVIVED $name"
      failures=$((failures + 1))
      ;;
    124) echo "caught   $name by $filter, which hangs" ;;
    *)
      if grep -qE '\[  FAILED  \]' "$name.output" || ! grep -q '\[  PASSED  \]' "$name.output"; then
        echo "caught   $name by $filter"
      else
        echo "BROKEN   $name: $(tail -n 3 "$name.output" | tr '\n' ' ')"
        failures=$((failures + 1))
      fi
      ;;
  esac
done
echo "$count wrong versions"
[ "$count" -ge 20 ] || failures=$((failures + 1))

for test in $("$right" --gtest_list_tests | sed -n 's/^  //p'); do
  grep -qx "caught by: DrainBugs.$test" ./*.mutant && continue
  echo "FAIL: no wrong version for $test"
  failures=$((failures + 1))
done
exit $failures
