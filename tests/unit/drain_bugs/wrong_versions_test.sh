#!/bin/sh
# Runs for each wrong version the tests that must catch it: they fail, or do not end. Fails if one passes, and if there is a test that
# catches none.
#
# usage: wrong_versions_test.sh RIGHT_VERSION
set -u
right=$PWD/$1
cd tests/unit/drain_bugs || exit 1

failures=0
count=0
for mutant in *.mutant; do
  name=${mutant%.mutant}
  count=$((count + 1))
  filter=$(sed -n 's/^caught by: //p' "$mutant")
  # In the right version that test ends in an instant.
  timeout -k 5 10 "./$name" --gtest_filter="$filter" >output 2>&1
  case $? in
    0)
      echo "SURVIVED $name"
      failures=$((failures + 1))
      ;;
    124) echo "caught   $name by $filter, which hangs" ;;
    *)
      if grep -qE '\[  FAILED  \]' output || ! grep -q '\[  PASSED  \]' output; then
        echo "caught   $name by $filter"
      else
        echo "BROKEN   $name: $(tail -n 3 output | tr '\n' ' ')"
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
