#!/bin/sh
# Runs each mutant's model tests; fails if one of the mutants survives. Prints which test caught it, with which schedule. Takes its
# share of the mutants, if Bazel has several processes run this.
set -u
cd "$TEST_SRCDIR/$TEST_WORKSPACE/tests/model/mutants" || exit 1

shards=${TEST_TOTAL_SHARDS:-1}
shard=${TEST_SHARD_INDEX:-0}
if [ -n "${TEST_SHARD_STATUS_FILE:-}" ]; then touch "$TEST_SHARD_STATUS_FILE"; fi
# Else each program would take its share of its tests.
unset TEST_TOTAL_SHARDS TEST_SHARD_INDEX TEST_SHARD_STATUS_FILE
unset GTEST_TOTAL_SHARDS GTEST_SHARD_INDEX GTEST_SHARD_STATUS_FILE

survivors=0
seen=0
count=0
for mutant in *.mutant in_headers/*.mutant; do
  name=${mutant%.mutant}
  seen=$((seen + 1))
  if [ $((seen % shards)) -ne "$shard" ]; then continue; fi
  count=$((count + 1))
  filter=$(sed -n 's/^caught by: //p' "$mutant")
  if output=$("./$name" --gtest_filter="$filter" --gtest_fail_fast 2>&1); then
    echo "SURVIVED $name"
    survivors=$((survivors + 1))
    continue
  fi
  test=$(echo "$output" | sed -n 's/^\[  FAILED  \] \([A-Za-z0-9/]*\.[A-Za-z]*\).*/\1/p' | head -n 1)
  schedule=$(echo "$output" | sed -n "s/^EVENTBUS_SCHEDULE=//p" | head -n 1)
  if [ -z "$schedule" ]; then
    # Not found by the scheduler but by a failure of another kind, which says less than it should.
    echo "BROKEN   $name: $(echo "$output" | tail -n 3 | tr '\n' ' ')"
    survivors=$((survivors + 1))
    continue
  fi
  echo "caught   $name by $test, schedule $schedule"
done
echo "$((count - survivors)) of $count mutants caught"
[ "$seen" -ge 15 ] && [ "$survivors" -eq 0 ]
