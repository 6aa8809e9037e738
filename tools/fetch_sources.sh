#!/bin/sh
# Unpacks Debian's sources of Abseil, GoogleTest and Benchmark into third_party/src, for --config=src and the sanitizers.
# They come from wherever this machine's apt gets its packages. Does nothing if they are there.
#
# Usage: tools/fetch_sources.sh [SUITE]     SUITE: a Debian release, such as trixie; default: that of this machine.
# Needs dpkg-dev.
set -eu
cd "$(dirname "$0")/.."
out=third_party/src
. /etc/os-release
suite=${1:-$VERSION_CODENAME}
[ "$(cat "$out/SUITE" 2>/dev/null)" = "$suite" ] && exit 0

mkdir -p third_party
tmp=$(mktemp -d "$PWD/third_party/fetch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# This machine's package sources, in both of apt's formats, as deb-src entries of the suite.
mkdir -p "$tmp/parts" "$tmp/lists/partial" "$tmp/cache/archives/partial"
for file in /etc/apt/sources.list.d/*.sources; do
  [ -e "$file" ] || continue
  sed -E "s/^Types:.*/Types: deb-src/; /^Suites:/s/\b$VERSION_CODENAME\b/$suite/g" "$file" >"$tmp/parts/${file##*/}"
done
cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
  sed -nE "s/^deb(-src)?[[:space:]]/deb-src /p" | sed -E "s/\b$VERSION_CODENAME\b/$suite/g" >"$tmp/sources.list"
apt() {
  apt-get -q -o Dir::Etc::sourcelist="$tmp/sources.list" -o Dir::Etc::sourceparts="$tmp/parts" \
    -o Dir::State::lists="$tmp/lists" -o Dir::Cache="$tmp/cache" -o APT::Sandbox::User=root "$@" >"$tmp/log" 2>&1 ||
    { cat "$tmp/log" >&2; exit 1; }
}
echo "fetch_sources.sh: getting the sources of abseil, googletest and benchmark ($suite)" >&2
apt update

mkdir "$tmp/src"
for package in abseil googletest benchmark; do
  mkdir "$tmp/$package"
  (cd "$tmp/$package" && apt source "$package")
  mv "$tmp/$package/$package"-*/ "$tmp/src/$package"
done
# Debian builds Abseil with its own string_view, optional and so on; built with C++20 they are the standard ones.
sed -i -E 's/^(#define ABSL_OPTION_USE_STD_[A-Z_]+) 0$/\1 2/' "$tmp/src/abseil/absl/base/options.h"
echo "$suite" >"$tmp/src/SUITE"

# Complete, and in place at once: a run that is cut short leaves nothing that looks finished.
rm -rf "$out"
mv "$tmp/src" "$out"
