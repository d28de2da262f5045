#!/usr/bin/env bash
# What takes too long for every change: the C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer, under
# ThreadSanitizer, and a subset under valgrind; every CPU kernel; thousands of examples of each property; four hours of
# fuzzing (PYZKFL_FUZZ_SECONDS). `make test-deep`.
set -uo pipefail
cd "$(dirname "$0")/.."
source scripts/stages.sh

tools() { make --no-print-directory test-tools && $python scripts/prerequisites.py --deep --install; }

install() { make --no-print-directory test-environment; }

sanitized() { # sanitized FOLDER SANITIZERS
  cmake -S . -B "$1" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DPYZKFL_TESTS=ON -DPYZKFL_SANITIZE="$2" >/dev/null &&
    cmake --build "$1" --parallel "$(parallel_jobs)" &&
    ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 \
      ctest --test-dir "$1" --output-on-failure --no-tests=error --timeout 3600 --parallel "$(parallel_jobs)"
}

# The readers of files see a hundred times as many mutated ones: this is their fuzzer.
address_and_undefined() { PYZKFL_DEEP=1 PYZKFL_LONG_FUZZ=1 sanitized build/asan address,undefined; }

threads() { sanitized build/tsan thread; }

# Secrets are marked undefined, and valgrind reports every branch and address that depends on one: on the very code
# that is installed (Release), scalar kernels, because valgrind knows no AVX-512.
constant_time() {
  local kernel program
  for kernel in generic adx; do
    for program in "$(native_folder)"/tests/cpp/test_*; do
      [ -x "$program" ] || continue
      PYZKFL_CPU=$kernel PYZKFL_THREADS=2 valgrind --quiet --error-exitcode=1 \
        "$program" --test-case="*constant time*" --minimal || { echo "$program, $kernel"; return 1; }
    done
  done
}

# Fifty times slower than life: the modules that hold secrets and read untrusted bytes.
memcheck() {
  local module
  for module in base fields secagg he formats; do
    PYZKFL_CPU=generic PYZKFL_THREADS=2 valgrind --quiet --error-exitcode=1 --leak-check=full \
      --errors-for-leak-kinds=definite "$(native_folder)/tests/cpp/test_$module" || return
  done
}

# Which cells of a witness are determined does not depend on the kernel: each one is changed once.
every_kernel() {
  local kernel
  for kernel in generic adx avx512ifma; do
    [ "$kernel" = adx ] && export PYZKFL_EVERY_CELL=1 || unset PYZKFL_EVERY_CELL
    PYZKFL_CPU=$kernel PYZKFL_DEEP=1 ctest --test-dir "$(native_folder)" --output-on-failure --no-tests=error \
      --parallel "$(parallel_jobs)" || return
  done
}

properties() {
  HYPOTHESIS_PROFILE=deep PYZKFL_DEEP=1 $python -m pytest -q --durations=20 -n "$(parallel_jobs)" --dist loadfile tests/python
}

stage tools tools || report
stage build build || report
stage install install || report
stage "every kernel" every_kernel
stage "ASan, UBSan" address_and_undefined
stage TSan threads
stage "constant time" constant_time
stage memcheck memcheck
stage properties properties
stage fuzzing fuzzing "${PYZKFL_FUZZ_SECONDS:-14400}" guided
report
