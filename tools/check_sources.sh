#!/bin/sh
# Fails if a tracked file breaks a rule that no compiler knows:
#   1. Nothing sleeps to synchronise: no test, example or benchmark calls a sleep.
#   2. One door to primitives: the library names mutexes, atomics, threads and clocks in eventbus/internal/primitives only.
#   3. The tests that docs/testing.md names are there.
set -eu

cd "$(dirname "$(readlink -f "$0")")/.."
. tools/packages.sh
command -v git >/dev/null || need git /usr/bin/git
install_missing

# The checkout may belong to another user, as in a container.
list() { git -c safe.directory="$PWD" ls-files "$@"; }
broken=0

# forbid TITLE PATTERN FILE...: no line of the files may match, but for what is said in a comment.
forbid() {
  title=$1
  pattern=$2
  shift 2
  if [ $# = 0 ]; then
    echo "$title: no files to check" >&2
    broken=1
  elif grep -nEH "$pattern" "$@" | grep -vE '^[^:]*:[0-9]+: *(//|#)' >&2; then
    echo "$title" >&2
    broken=1
  fi
}

forbid 'The lines above sleep; wait for what is expected instead (tests/support/waiting.h).' \
  '(^|[^[:alnum:]_])(sleep_for|sleep_until|absl::SleepFor|SleepFor\(Context::Background|usleep|nanosleep|clock_nanosleep|sleep)[[:space:]]*(\(|[0-9$])' \
  $(list 'tests/*.cc' 'tests/*.h' 'tests/*.sh' 'tests/*.mutant' 'docs/*.cc' 'docs/*.h' 'docs/*.sh' 'benchmarks/*.cc' \
    'benchmarks/*.h' 'benchmarks/*.sh')

forbid 'The lines above name primitives outside of eventbus/internal/primitives.' \
  'std::(mutex|shared_mutex|atomic|thread|jthread|this_thread|condition_variable|chrono|counting_semaphore|latch|barrier)|absl::(Mutex|CondVar|Now|SleepFor|Notification)' \
  $(list 'eventbus/*.cc' 'eventbus/*.h' | grep -v '^eventbus/internal/primitives/')

tests=$(cat $(list 'tests/*_test.cc') | tr -d '\n' | grep -oE 'TEST(_F|_P)?\( *[A-Za-z]+, *[A-Za-z]+\)' |
  sed -E 's/.*\( *([A-Za-z]+), *([A-Za-z]+)\)/\1.\2/')
for named in $(grep -oE '`[A-Z][A-Za-z]+\.([A-Z][A-Za-z]+|\*)`' docs/testing.md | tr -d '`' | grep -vE '\.(h|cc|md)$'); do
  case $named in
    *.\*) wanted="^${named%.*}\\." ;;
    *) wanted="^$named\$" ;;
  esac
  echo "$tests" | grep -qE "$wanted" && continue
  echo "docs/testing.md names $named, which is not a test." >&2
  broken=1
done

exit $broken
