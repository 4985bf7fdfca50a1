#!/bin/sh
# Builds the native tests with AddressSanitizer and UBSan and runs them on every instruction set of this machine.
# Needs only a C++17 compiler. Usage: native/test.sh [build folder]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../build/native-test}
mkdir -p "$build"
CXX=${CXX:-g++}
flags="-std=c++17 -O1 -DPENSTOCK_SMALL_TILES -ffp-contract=fast -fno-math-errno -Wall -Wextra -Wno-psabi -Wno-maybe-uninitialized
  -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
isas=generic
case $(uname -m) in
x86_64 | amd64)
  isas="generic avx2 avx512"
  flags="$flags -DPENSTOCK_X86"
  ;;
esac

objects=
for isa in $isas; do
  case $isa in
  avx2) options="-mavx2 -mfma" ;;
  avx512) options="-mavx2 -mfma -mavx512f -mavx512dq -mavx512vl -mavx512bw" ;;
  *) options= ;;
  esac
  # shellcheck disable=SC2086
  $CXX $flags $options -DPENSTOCK_NAMESPACE="$isa" -c "$here/kernels.cc" -o "$build/$isa.o"
  objects="$objects $build/$isa.o"
done
# shellcheck disable=SC2086
$CXX $flags "$here/isa.cc" "$here/call.cc" "$here/test_native.cc" $objects -pthread -o "$build/test_native"
for isa in $isas; do
  PENSTOCK_ISA=$isa "$build/test_native"
done
