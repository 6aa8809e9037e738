#!/bin/bash
# Runs the order-matching example on its own input and on others, and checks its summary and exit status.
#
# usage: order_matching_test.sh PROGRAM TRADES
set -u

program=$PWD/$1
trades=$PWD/$2
cd "$(mktemp -d -p "${TEST_TMPDIR:-/tmp}")" || exit 1

failures=0
fail() {
  echo "FAIL: $*" >&2
  sed 's/^/  out: /' out >&2
  sed 's/^/  err: /' err >&2
  failures=$((failures + 1))
}

# run STATUS ARGUMENT...
run() {
  local expected=$1 status
  shift
  "$program" "$@" >out 2>err
  status=$?
  [ "$status" = "$expected" ] || fail "status $status instead of $expected of: $*"
}

expect() {
  grep -qE -e "$2" "$1" || fail "no line of $1 matches: $2"
}

# What the shipped file holds, counted in another way.
run 0 "$trades"
expect out '^conserved$'
orders=$(($(wc -l <"$trades") - 1))
expect out "^$orders orders, 0 rejected, "
for symbol in $(sed 1d "$trades" | cut -d, -f2 | sort -u); do
  read -r count shares < <(awk -F, -v symbol="$symbol" '$2 == symbol { n++; q += $4 } END { print n, q }' "$trades")
  expect out "^$symbol +$count +$shares "
done
cp out first

run 0 "$trades" --trace
expect err '^orders\.ACME #1$'
[ "$(wc -l <err)" = "$orders" ] || fail "the trace does not have each order once"
cmp -s out first || fail "the same input gave another summary"

# By hand: 60 of the 100 meet at the price of who was there first, and then 10 at a better price than asked for.
cat >small.csv <<'END'
time,symbol,side,quantity,price
1,X,sell,100,10
2,X,buy,60,10.5
3,X,buy,5,9.9999
4,Y,buy,10,7.25
5,Y,sell,10,7
END
run 0 small.csv
expect out '^X +3 +165 +1 +60 +45 +9\.9999 / 10\.0000$'
expect out '^Y +2 +20 +1 +10 +0 +0\.0000 / 0\.0000$'
expect out '^5 orders, 0 rejected, turnover 672\.5000$'
expect out '^conserved$'

# What is no order is told of and left out.
cat >bad.csv <<'END'
time,symbol,side,quantity,price
1,X,sell,100,10
x,X,sell,100,10
2,X.Y,sell,100,10
3,X,borrow,100,10
4,X,sell,0,10
5,X,sell,-1,10
6,X,sell,1,0
7,X,sell,1,1.23456
8,X,sell,1
END
run 0 bad.csv
expect err '^line 3: the time is no number$'
expect err '^line 4: the symbol is not 1 to 16 letters and digits$'
expect err '^line 5: the side is neither buy nor sell$'
expect err '^line 6: the quantity is no positive number$'
expect err '^line 7: the quantity is no positive number$'
expect err '^line 8: the price is no positive number$'
expect err '^line 9: the price is no positive number$'
expect err '^line 10: 4 fields instead of 5$'
expect out '^1 orders, 8 rejected, '
expect out '^conserved$'

printf 'time,symbol,side,quantity,price\n' >empty.csv
run 0 empty.csv
expect out '^0 orders, 0 rejected, turnover 0\.0000$'

echo "something else" >other.csv
run 1 other.csv
expect err '^the first line is not '
run 1 missing.csv
expect err '^cannot read missing.csv$'
run 2

exit $failures
