#!/bin/sh
# Unpacks Debian's sources of Abseil, GoogleTest and Benchmark into third_party/src, for the
# configurations that build them: src, asan and tsan.
#
#   tools/fetch_sources.sh [SUITE]
#
# SUITE is a Debian release; without it, what is there is kept, or this machine's is fetched.
# They come from where this machine gets its packages. No root needed.
set -eu

cd "$(dirname "$(readlink -f "$0")")/.."
. tools/packages.sh

mkdir -p third_party
exec 9>third_party/.lock
flock 9

fetched=$(cat third_party/src/SUITE 2>/dev/null || true)
if [ -n "$fetched" ] && [ "${1:-$fetched}" = "$fetched" ]; then exit 0; fi

need dpkg-dev /usr/bin/dpkg-source
install_missing

. /etc/os-release
suite=${1:-$VERSION_CODENAME}
echo "Fetching the sources of Abseil, GoogleTest and Benchmark ($suite)" >&2

# third_party/src only ever appears whole: the work is done beside it, then renamed.
work=$PWD/third_party/work
rm -rf "$work"
mkdir -p "$work/src" "$work/parts" "$work/lists/partial" "$work/cache/archives/partial"

# This machine's archives of the distribution, as archives of sources of $suite: in the one-line
# format and in the newer one of stanzas. Anybody else's archives do not name its release.
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  if [ ! -e "$list" ]; then continue; fi
  sed -nE "/^deb\s.*\s$VERSION_CODENAME\b/{s/^deb/deb-src/; s/(\s)$VERSION_CODENAME\b/\1$suite/g; p}" \
    "$list" >>"$work/sources.list"
done
for stanzas in /etc/apt/sources.list.d/*.sources; do
  if ! grep -qsE "^Suites:.*\b$VERSION_CODENAME\b" "$stanzas"; then continue; fi
  sed -E "s/^Types:.*/Types: deb-src/; /^Suites:/s/\b$VERSION_CODENAME\b/$suite/g" \
    "$stanzas" >"$work/parts/${stanzas##*/}"
done

apt() {
  apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts="$work/parts" \
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User= \
    "$@" </dev/null >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
  }
}

apt update
for package in abseil googletest benchmark; do
  mkdir "$work/$package"
  (cd "$work/$package" && apt source "$package")
  mv "$work/$package/$package"-*/ "$work/src/$package"
done

# As in the Bazel Central Registry, and unlike in Debian's packages, absl::string_view and its
# kin are the standard types.
sed -i -E 's/^(#define ABSL_OPTION_USE_STD_[A-Z_]+) 0$/\1 2/' "$work/src/abseil/absl/base/options.h"
# Bazel 4.2.3 does not know WebAssembly. Any other platform that this is not will do.
sed -i 's,@platforms//cpu:wasm[0-9]*,@platforms//os:ios,' "$work/src/abseil/absl/BUILD.bazel"

echo "$suite" >"$work/src/SUITE"
rm -rf third_party/src
mv "$work/src" third_party/src
rm -rf "$work"
