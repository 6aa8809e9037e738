#!/bin/sh
# Fuzzes for a minute, or for $EVENTBUS_FUZZ_SECONDS, from the corpus on. Inputs that fail are among the test's outputs.
set -eu
mkdir -p "$TEST_TMPDIR/new"
exec tests/fuzz/operations_fuzz -max_total_time="${EVENTBUS_FUZZ_SECONDS:-60}" -timeout=20 -print_final_stats=1 \
  -artifact_prefix="$TEST_UNDECLARED_OUTPUTS_DIR/" "$TEST_TMPDIR/new" tests/fuzz/corpus
