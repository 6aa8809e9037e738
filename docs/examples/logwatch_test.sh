#!/bin/bash
# Runs logwatch on prepared inputs and checks its report, messages and exit status.
#
# usage: logwatch_test.sh LOGWATCH
set -u

logwatch=$PWD/$1
cd "$(mktemp -d -p "${TEST_TMPDIR:-/tmp}")" || exit 1
unset BUILD_WORKING_DIRECTORY

has_python=false
python3 -c '' 2>/dev/null && has_python=true

failures=0
current=

fail() {
  echo "FAIL: $current: $*" >&2
  for file in out err; do
    [ -f "$file" ] && sed "s/^/  $file: /" "$file" >&2
  done
  failures=$((failures + 1))
}

test_case() {
  current=$1
  rm -rf ./*
}

# run STATUS ARGUMENT...: runs logwatch, output in `out` and `err`, and expects the exit status.
run() {
  local expected=$1 status
  shift
  "$logwatch" "$@" >out 2>err
  status=$?
  [ "$status" = "$expected" ] || fail "status $status instead of $expected of: $*"
}

# expect FILE REGEX: some line of the file matches.
expect() {
  grep -aqE -- "$2" "$1" || fail "no line of $1 matches: $2"
}

refuse() {
  if grep -aqE -- "$2" "$1"; then fail "a line of $1 matches: $2"; fi
}

# expect_row LABEL COUNT: the report has this row.
expect_row() {
  expect out "^$1 +$2(  |\$)"
}

# row LABEL: the count in that row.
row() {
  sed -nE "s/^$1 +([0-9]+)(  .*)?\$/\\1/p" out
}

# expect_equal_counts SUBSCRIBER...: each handled as many lines as were read.
expect_equal_counts() {
  local lines subscriber
  lines=$(row 'lines read')
  [ -n "$lines" ] || fail "no report"
  for subscriber; do
    [ "$(row "handled by $subscriber")" = "$lines" ] || fail "$subscriber did not handle all $lines lines"
  done
}

# expect_json FILE COUNT: that many JSON objects, one a line.
expect_json() {
  [ "$(wc -l <"$1")" = "$2" ] || fail "$1 has not $2 lines"
  if $has_python; then
    python3 -c 'import json, sys; [json.loads(line.decode()) for line in open(sys.argv[1], "rb")]' "$1" ||
      fail "$1 is not JSON"
  elif grep -aqvE '^\{"source":"[^"]*","line":[0-9]+,"text":"([^"\\]|\\["\\u])*"\}$' "$1"; then
    fail "$1 is not JSON"
  fi
}

# make_dpkg_log FILE COUNT: of each three lines one installs and two give a status.
make_dpkg_log() {
  local i
  for ((i = 0; i < $2; i += 3)); do
    printf '2025-06-24 14:36:25 install lib%d:amd64 <none> 1.0\n' "$i"
    printf '2025-06-24 14:36:25 status half-installed lib%d:amd64 1.0\n' "$i"
    printf '2025-06-24 14:36:26 status installed lib%d:amd64 1.0\n' "$i"
  done >"$1"
}

# await REGEX FD: reads lines from the descriptor, into `seen`, until one matches. Fails at the end of it.
await() {
  local line
  seen=
  while IFS= read -r line <&"$2"; do
    seen+=$line$'\n'
    [[ $line =~ $1 ]] && return 0
  done
  fail "it ended before it printed: $1"
  return 1
}

test_case "a log of dpkg is counted by action"
make_dpkg_log dpkg.log 3000
run 0 dpkg.log
expect_row 'lines read' 3000
expect_equal_counts counter rate
expect_row status 2000
expect_row install 1000
[ "$(head -n 1 out | cut -d' ' -f1)" = status ] || fail "the largest count is not first"
expect err '^logwatch: 3000 lines in .* lines/s$'
refuse err $'[\r\033]'

test_case "other logs are counted by severity"
cat >app.log <<'END'
Jun 24 14:36:25 host app[12]: ERROR: no space
Jun 24 14:36:25 host app[12]: WARNING disk is slow
[Tue Jun 24 14:36:25 2025] [error] [client ::1] File does not exist
2025-06-24 14:36:25,123 INFO main - started
2025-06-24 14:36:25 status is not an action here: debug: x
level=warn msg="no"
a plain line without any error
END
run 0 app.log
expect_row ERROR 2
expect_row WARN 1
expect_row INFO 1
expect_row other 2
expect_row status 1

test_case "standard input"
make_dpkg_log dpkg.log 300
run 0 - <dpkg.log
expect_row 'lines read' 300
expect_equal_counts counter rate
run 0 --alert 'lib99:' -- - < <(cat dpkg.log)
expect_row 'lines read' 300
expect out '^alert: -:100: 2025-06-24 14:36:25 install lib99:'
[ "$(grep -c '^alert:' out)" = 3 ] || fail "not 3 alerts"

test_case "a file that is named twice is read twice"
make_dpkg_log dpkg.log 30
run 0 dpkg.log ./dpkg.log dpkg.log
expect_row 'lines read' 90
expect_equal_counts counter rate

test_case "a missing file among good ones"
make_dpkg_log dpkg.log 30
run 1 dpkg.log missing.log dpkg.log
expect err '^logwatch: missing.log: .*No such file or directory'
expect_row 'lines read' 60
expect_row 'unreadable inputs' 1
expect_equal_counts counter rate

test_case "a directory"
mkdir directory
run 1 directory
expect err '^logwatch: directory: .*Is a directory'
expect_row 'lines read' 0
expect_row 'unreadable inputs' 1

test_case "a file without permission"
touch secret.log
chmod 000 secret.log
if [ ! -r secret.log ]; then  # The superuser may read everything.
  run 1 secret.log
  expect err '^logwatch: secret.log: .*Permission denied'
fi

test_case "a closed standard input"
run 1 - <&-
expect err '^logwatch: -: .*Bad file descriptor'
expect_row 'unreadable inputs' 1

test_case "usage errors"
touch x.log
run 2
expect err '^logwatch: no input'
run 2 --alert '(' x.log
expect err "^logwatch: bad regular expression '\\('"
run 2 --frobnicate x.log
expect err "^logwatch: unknown option '--frobnicate'"
run 2 x.log --slow 5
expect err '^logwatch: --slow needs --archive'
run 2 --archive a.json --slow 5s x.log
expect err "^logwatch: --slow takes milliseconds .*'5s'"
run 2 x.log --archive
expect err "^logwatch: no value for '--archive'"
run 2 --alert a --alert b x.log
expect err "^logwatch: given twice: '--alert'"
expect err 'try --help'
[ -s out ] && fail "a usage error has output"
[ -e a.json ] && fail "a usage error has made an archive"

test_case "help"
run 0 --help
expect out '^usage: logwatch'
expect out '--archive FILE'

test_case "a file name that begins with a dash"
make_dpkg_log ./-x.log 30
run 0 -- -x.log
expect_row 'lines read' 30

test_case "an archive that cannot be opened"
make_dpkg_log dpkg.log 30
run 1 --archive missing/archive.json dpkg.log
expect err '^logwatch: cannot open archive missing/archive.json: No such file or directory'

test_case "an archive that is an input"
make_dpkg_log dpkg.log 30
run 1 --archive ./dpkg.log dpkg.log
expect err '^logwatch: archive ./dpkg.log is an input'
[ "$(wc -l <dpkg.log)" = 30 ] || fail "the input was overwritten"

test_case "an archive on a full disk ends, and the others go on"
make_dpkg_log dpkg.log 3000
run 1 --archive /dev/full --alert 'lib0:' dpkg.log
expect err '^logwatch: archive: cannot write to /dev/full: No space left on device'
expect_row 'lines read' 3000
expect_equal_counts counter rate alert
expect_row 'handled by archive' 0
expect out '^handled by archive .*ended early: .*No space left on device'

test_case "standard output on a full disk"
make_dpkg_log dpkg.log 30
"$logwatch" dpkg.log >/dev/full 2>err
[ $? = 1 ] || fail "a lost report is no error"
expect err '^logwatch: cannot write to standard output: No space left on device'

test_case "standard output that nobody reads"
mkfifo pipe
make_dpkg_log dpkg.log 30
exec 3<>pipe
exec 4>pipe
exec 3>&-  # A pipe of which the last reader has gone.
"$logwatch" --alert . dpkg.log >&4 2>err
[ $? = 1 ] || fail "a lost report is no error"
expect err '^logwatch: alert: .*Broken pipe'
exec 4>&-

test_case "the archive is JSON, whatever the bytes"
{
  printf 'a "quoted" \\ text\n'
  printf '\t\001\033[31m\177\n'
  printf 'bin\000ary\n'
  printf 'bad \377\300\257 utf-8 \355\240\200\n'
  printf 'end \342\202\n'
  printf 'ok \342\202\254\n'
} >odd.log
run 0 --archive archive.json --alert 'ary|31m' odd.log
expect_equal_counts counter rate alert archive
expect_json archive.json 6
expect archive.json '^\{"source":"odd.log","line":1,"text":"a \\"quoted\\" \\\\ text"\}$'
expect archive.json '"text":"\\u0009\\u0001\\u001b\[31m'
expect archive.json '"text":"bin\\u0000ary"'
expect archive.json '"text":"bad \\ufffd\\ufffd\\ufffd utf-8 \\ufffd\\ufffd\\ufffd"'
expect archive.json '"text":"end \\ufffd\\ufffd"'
expect archive.json $'"text":"ok \342\202\254"'
expect_row 'binary lines' 1
expect out '^alert: odd.log:2: .*\\x01\\x1b\[31m\\x7f$'
expect out '^alert: odd.log:3: bin\\x00ary$'

test_case "a name that is not UTF-8"
make_dpkg_log $'odd\377.log' 3
run 0 --archive archive.json $'odd\377.log'
expect_json archive.json 3
expect archive.json '"source":"odd\\ufffd.log"'

test_case "an archive is replaced"
make_dpkg_log dpkg.log 300
run 0 --archive archive.json dpkg.log
make_dpkg_log dpkg.log 30
run 0 --archive archive.json dpkg.log
expect_json archive.json 30

test_case "over-long lines are cut and counted"
{
  head -c 65536 /dev/zero | tr '\0' a && printf '\r\n'   # Just fits.
  head -c 65537 /dev/zero | tr '\0' b && printf '\n'     # One too long.
  head -c 1000000 /dev/zero | tr '\0' c && printf '\n'
  printf 'short\n'
  head -c 70000 /dev/zero | tr '\0' d
} >long.log
run 0 --archive archive.json --alert '(.*)*$' long.log
expect_row 'lines read' 5
expect_row 'cut lines' 3
expect_equal_counts counter rate alert archive
expect_json archive.json 5
[ "$(tr -cd abcd <archive.json | wc -c)" -lt $((4 * 65536 + 100)) ] || fail "a line was not cut"

test_case "a file without newline at the end"
printf 'one\ntwo' >end.log
run 0 --archive archive.json end.log
expect_row 'lines read' 2
expect archive.json '"line":2,"text":"two"'

test_case "lines that end in CR LF"
printf 'one\r\n\r\nth\rree\r\n' >crlf.log
run 0 --archive archive.json crlf.log
expect_row 'lines read' 3
expect archive.json '"line":1,"text":"one"'
expect archive.json '"line":2,"text":""'
expect archive.json '"line":3,"text":"th\\u000dree"'

test_case "empty inputs"
: >empty.log
run 0 empty.log
expect_row 'lines read' 0
expect_equal_counts counter rate
run 0 --archive archive.json --alert . - </dev/null
expect_row 'lines read' 0
expect_equal_counts counter rate alert archive

test_case "names are relative to where bazel run was called"
mkdir caller
make_dpkg_log caller/dpkg.log 30
BUILD_WORKING_DIRECTORY=$PWD/caller run 0 --archive archive.json dpkg.log
expect_row 'lines read' 30
expect_json caller/archive.json 30

test_case "a slow archive holds up the others and loses nothing"
make_dpkg_log dpkg.log 600
run 0 --slow 1 --archive archive.json dpkg.log
expect_row 'lines read' 600
expect_equal_counts counter rate archive
expect_json archive.json 600

# start ARGUMENT...: runs logwatch with pipes at all ends: 5 writes to it, 6 reads its output, 7 its messages.
start() {
  mkfifo in_pipe out_pipe err_pipe
  "$logwatch" "$@" <in_pipe >out_pipe 2>err_pipe &
  pid=$!
  exec 5>in_pipe 6<out_pipe 7<err_pipe
}

# finish STATUS: the rest of the output goes to `out`; expects the exit status.
finish() {
  local status
  cat <&6 >out
  wait "$pid"
  status=$?
  [ "$status" = "$1" ] || fail "status $status instead of $1"
  cat <&7 >err
  exec 5>&- 6<&- 7<&-
  wait
}

# With an archive this slow, each line takes longer than the test may: only the end of the wait lets it end.
for signal in TERM INT; do
  test_case "SIG$signal with a full pipeline, standard input staying open"
  make_dpkg_log dpkg.log 3000
  start --slow 3600000 --archive archive.json --alert 'lib99:.*<none>' -
  # An INT is ignored by what a shell starts in the background, unless it is blocked, as here.
  cat dpkg.log >&5 &  # It has to wait as well: there is more than the pipes hold.
  await '^alert: -:100:' 6
  kill "-$signal" "$pid"
  finish 0
  expect_equal_counts counter rate alert archive
  [ "$(row 'lines read')" -gt 99 ] || fail "the report does not count what was read"
  expect out "^lines read .*stopped by SIG$signal"
  expect_json archive.json "$(row 'lines read')"
done

test_case "SIGTERM while it waits for input in the midst of a line"
start --archive archive.json --alert first -
printf 'first\nsecond, not en' >&5
await '^alert: -:1: first' 6
kill -TERM "$pid"
finish 0
expect_equal_counts counter rate alert archive
expect out '^lines read .*stopped by SIGTERM'

test_case "SIGTERM while it waits for the writer of a named pipe"
mkfifo quiet
start --alert first - quiet
printf 'first\n' >&5
await '^alert: -:1: first' 6
exec 5>&-
await '^logwatch: 1 lines, ' 7  # A second later: it waits for the pipe.
kill -TERM "$pid"
finish 0
expect_row 'lines read' 1
expect_equal_counts counter rate alert

test_case "a second signal ends a program that cannot finish"
mkfifo archive_pipe
exec 8<>archive_pipe  # Nobody reads from it: the archive blocks once it is full.
make_dpkg_log dpkg.log 3000
start --archive archive_pipe --alert 'lib0:.*<none>' dpkg.log -
await '^alert: dpkg.log:1:' 6
kill -TERM "$pid"
await 'SIGTERM: finishing' 7
kill -TERM "$pid"
finish 143
exec 8>&-

if [ -r /var/log/dpkg.log ]; then
  test_case "the log of this system"
  run 0 --archive archive.json /var/log/dpkg.log
  expect_equal_counts counter rate archive
  expect_json archive.json "$(row 'lines read')"
fi

if [ "$failures" -gt 0 ]; then
  echo "$failures failures" >&2
  exit 1
fi
echo "passed"
