# Installing Debian packages. To be sourced:
#
#   need clang /usr/bin/clang
#   need libabsl-dev /usr/include/absl/base/options.h
#   install_missing
#
# Looking for one file a package is quick enough to do on every run; asking dpkg is not.

missing_packages=

# need PACKAGE PATTERN: PACKAGE is missing unless PATTERN, which may have wildcards, is a file.
need() {
  for needed_file in $2; do
    if [ -e "$needed_file" ]; then return; fi
  done
  missing_packages="$missing_packages $1"
}

# Installs what `need` found to be missing, as root or through sudo, or says what to install.
install_missing() {
  if [ -z "$missing_packages" ]; then return; fi
  as_root=
  if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    if ! sudo -n true 2>/dev/null && ! { [ -t 0 ] && command -v sudo >/dev/null; }; then
      echo "Missing packages. As root: apt-get install$missing_packages" >&2
      exit 1
    fi
  fi
  if ! command -v apt-get >/dev/null; then
    echo "Missing, by their Debian names:$missing_packages" >&2
    exit 1
  fi
  echo "Installing with apt-get:$missing_packages" >&2
  apt_log=$(mktemp)
  # The package lists may be absent or out of date. One unreachable archive among several
  # makes `update` fail, but perhaps not what is wanted here.
  if ! run_apt install $missing_packages; then
    run_apt update || true
    if ! run_apt install $missing_packages; then
      cat "$apt_log" >&2
      rm -f "$apt_log"
      exit 1
    fi
  fi
  rm -f "$apt_log"
  missing_packages=
}

run_apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get --yes --no-install-recommends \
    -o DPkg::Lock::Timeout=600 "$@" </dev/null >"$apt_log" 2>&1
}
