#!/usr/bin/env bash
# Build Penstock on other releases of Debian, with their compilers, their Python and the newest JAX, where a warning is an
# error, and run the tests of the kernels, the streams, the contract and the forecaster there.
#
# Usage: tests/elsewhere.sh SUITE[:COMPILER,...] ...      as root, with debootstrap
#   tests/elsewhere.sh bookworm:g++,clang++ trixie:g++,clang++-19 sid
#
# A root of a release is kept in build/elsewhere, which MIRROR (of Debian) and JAX (a requirement such as jax==0.10.2)
# change; TESTS names other tests. Logs are written beside the roots; the last lines are printed.
set -euo pipefail
cd "$(dirname "$0")/.."
source_folder=$PWD
elsewhere=${ELSEWHERE:-$PWD/build/elsewhere}
tests=${TESTS:-tests/kernels tests/streaming tests/contract tests/forecaster}
mkdir -p "$elsewhere"

# Run a command inside the root of a release; what is mounted for it goes with it.
inside() {
  local root=$1
  shift
  unshare --mount --propagation private bash -c '
    mount --bind /dev "$0/dev"
    mount -t proc proc "$0/proc"
    exec chroot "$0" /usr/bin/env HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
      PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= LC_ALL=C.UTF-8 "$@"' "$root" "$@"
}

# The root of a release, with Python and what the machine around it needs to reach the network.
make_root() {
  local suite=$1 root=$2
  [ -e "$root/.complete" ] || {
    rm -rf --one-file-system "$root"
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" ${MIRROR:+"$MIRROR"}
    touch "$root/.complete"
  }
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  [ ! -e /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  inside "$root" apt-get update -qq
  inside "$root" apt-get install -qq -y --no-install-recommends git make python3 python3-dev python3-venv
}

# The package of a compiler: g++-14 is its own, clang++-19 is in clang-19.
package() { echo "${1/clang++/clang}"; }
c_compiler() { local name=${1/clang++/clang}; echo "${name/g++/gcc}"; }

# Copy what git knows or would add.
copy_source() {
  rm -rf "$1"
  mkdir -p "$1"
  git ls-files --cached --others --exclude-standard -z | tar --null --files-from=- --create --ignore-failed-read | tar --extract --directory "$1"
}

run() {
  local suite=$1 compiler=$2 root=$elsewhere/$1
  inside "$root" apt-get install -qq -y --no-install-recommends "$(package "$compiler")" libc6-dev libstdc++-14-dev ||
    inside "$root" apt-get install -qq -y --no-install-recommends "$(package "$compiler")" libc6-dev
  copy_source "$root/source"
  inside "$root" bash -ec "
    cd /source
    '$compiler' --version | head -1
    [ -e /venv/bin/python ] || python3 -m venv /venv
    export CC=$(c_compiler "$compiler") CXX=$compiler PENSTOCK_KERNELS=native CXXFLAGS=-Werror  # no warning passes
    /venv/bin/pip install --quiet '.[test]' ${JAX:+'$JAX'}
    /venv/bin/pip install --quiet --no-deps --force-reinstall .
    unset PENSTOCK_KERNELS
    /venv/bin/penstock doctor
    /venv/bin/python -m pytest -q -n auto --override-ini=testpaths= $tests
  "
}

status=0
for given in "$@"; do
  suite=${given%%:*}
  compilers=g++
  [ "$given" = "$suite" ] || compilers=${given#*:}
  if ! make_root "$suite" "$elsewhere/$suite" >"$elsewhere/$suite-root.log" 2>&1; then
    echo "$suite: no root could be made, see $elsewhere/$suite-root.log"
    status=1
    continue
  fi
  for compiler in ${compilers//,/ }; do
    log=$elsewhere/$suite-$compiler.log
    if (cd "$source_folder" && run "$suite" "$compiler") >"$log" 2>&1; then outcome=passed; else outcome=FAILED status=1; fi
    echo "$suite, $compiler: $outcome; $(grep -aE '^(recurrence|jax |python )' "$log" | tr -s ' ' | paste -sd';'); $(tail -1 "$log")"
  done
done
exit $status
