#!/bin/sh
# Builds a native program and runs it; needs only a C++17 compiler. Usage: native/run.sh test|bench [build folder]
#   test   the native tests on every instruction set of this machine, twice: under AddressSanitizer and UBSan with small
#          tiles (gcc needs many minutes for the large ones), and as the package is built, between forbidden pages
#   bench  how much of one core's fused-multiply-add peak the kernels use, as JSON
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$1
build=${2:-$here/../build/native}
CXX=${CXX:-g++}
common="-std=c++17 -ffp-contract=fast -fno-math-errno -Wall -Wextra -Werror -Wno-psabi"
# gcc's own AVX-512 headers (bug 105593); clang knows no such option.
$CXX --version | grep -qi clang || common="$common -Wno-maybe-uninitialized"
sanitized="-O1 -DPENSTOCK_SMALL_TILES -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
isas=generic
case $(uname -m) in
x86_64 | amd64)
  isas="generic avx2 avx512"
  common="$common -DPENSTOCK_X86"
  ;;
esac

# compile FOLDER MAIN FLAGS...: everything into FOLDER/program
compile() {
  folder=$build/$1 main=$2
  shift 2
  mkdir -p "$folder"
  objects=
  for isa in $isas; do
    case $isa in
    avx2) options="-mavx2 -mfma" ;;
    avx512) options="-mavx2 -mfma -mavx512f -mavx512dq -mavx512vl -mavx512bw" ;;
    *) options= ;;
    esac
    for source in kernels:float:f32 kernels:double:f64 peak; do
      object=$folder/$(echo "$source" | tr : -)-$isa.o
      types=${source#*:}
      # shellcheck disable=SC2086
      $CXX $common "$@" $options -DPENSTOCK_NAMESPACE="$isa" -DPENSTOCK_TYPE="${types%:*}" -DPENSTOCK_LAYOUTS="${types#*:}" \
        -c "$here/${source%%:*}.cc" -o "$object"
      objects="$objects $object"
    done
  done
  # shellcheck disable=SC2086
  $CXX $common "$@" "$here/isa.cc" "$here/isa_choice.cc" "$here/call.cc" "$here/$main.cc" $objects -pthread -o "$folder/program"
}

# shellcheck disable=SC2086
case $program in
test)
  compile sanitized test_native $sanitized
  compile fenced test_native -O2 -DPENSTOCK_FENCED
  for isa in $isas; do
    for folder in sanitized fenced; do
      printf '%s, ' $folder
      PENSTOCK_ISA=$isa "$build/$folder/program"
    done
  done
  ;;
bench)
  compile bench bench -O2
  "$build/bench/program"
  ;;
*)
  echo "native/run.sh: no program '$program'; allowed: test, bench" >&2
  exit 2
  ;;
esac
