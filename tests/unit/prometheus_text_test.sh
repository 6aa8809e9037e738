#!/bin/sh
# What a bus writes for Prometheus, promtool of Debian's package prometheus reads and finds nothing wrong with. Skipped where
# that is not installed.
#
# usage: prometheus_text_test.sh PROGRAM
set -u

promtool=$(command -v promtool) || promtool=/usr/bin/promtool
if ! [ -x "$promtool" ]; then
  echo "skipped: no promtool (apt-get install prometheus)"
  exit 0
fi
"$1" >"$TEST_TMPDIR/metrics" || exit 1
grep -q '^eventbus_topic_published_total{' "$TEST_TMPDIR/metrics" || exit 1
grep -q '^eventbus_subscription_delivered_total{' "$TEST_TMPDIR/metrics" || exit 1
"$promtool" check metrics <"$TEST_TMPDIR/metrics"
