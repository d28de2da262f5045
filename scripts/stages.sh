# Sourced by test.sh and test_deep.sh: stages, their minutes, and the exit code, which is 0 only if all passed.
# shellcheck shell=bash

python=.venv/bin/python
export PATH="$PWD/.venv/bin:$PATH"
stage_names=() stage_seconds=() stage_results=()

# stage NAME COMMAND...: runs it, and remembers how long it took and how it ended. Returns its status.
stage() {
  local name=$1 began=$SECONDS status=0
  shift
  printf '\n=== %s ===\n' "$name"
  "$@" || status=$?
  stage_names+=("$name") stage_seconds+=($((SECONDS - began))) stage_results+=("$status")
  return "$status"
}

in_minutes() { printf '%d.%02d' $(($1 / 60)) $((($1 % 60) * 100 / 60)); }

# Prints the table and exits.
report() {
  local i total=0 failed=0 verdict
  printf '\n%-14s %8s\n' stage minutes
  for i in "${!stage_names[@]}"; do
    verdict=ok
    [ "${stage_results[i]}" = 0 ] || verdict="FAILED (exit ${stage_results[i]})" failed=1
    printf '%-14s %8s   %s\n' "${stage_names[i]}" "$(in_minutes "${stage_seconds[i]}")" "$verdict"
    total=$((total + stage_seconds[i]))
  done
  printf '%-14s %8s\n' total "$(in_minutes "$total")"
  exit "$failed"
}

parallel_jobs() { $python scripts/prerequisites.py --jobs; }

native_folder() { echo "build/native-$($python -c 'import sys; print(sys.implementation.cache_tag)')"; }

# One folder for the extension module and the C++ tests, so that the core is compiled once.
build() {
  make --no-print-directory dev || return
  local folder
  folder=$(native_folder)
  cmake -S . -B "$folder" -DPYZKFL_TESTS=ON >build/configure.log 2>&1 || { cat build/configure.log; return 1; }
  env -u MAKEFLAGS -u MAKELEVEL cmake --build "$folder" --parallel "$(parallel_jobs)"
}

# clang 15 or newer, if there is one: for libFuzzer.
clang() {
  local candidate
  for candidate in "${PYZKFL_CLANG:-}" clang++ clang++-{21..15}; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null || continue
    [ "$("$candidate" -dumpversion | cut -d. -f1)" -ge 15 ] && echo "$candidate" && return
  done
  return 1
}

# fuzzing SECONDS [guided]: every target, so many seconds in all. Changes at random to the corpus, with the code that is
# installed; guided: under libFuzzer and sanitizers where there is clang (minutes to build). The fuzzer first shows that it finds what is planted.
fuzzing() {
  local folder compiler
  folder=$(native_folder)
  if [ "${2-}" = guided ] && compiler=$(clang); then
    folder=build/fuzz
    cmake -S . -B $folder -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
      -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1" -DPYZKFL_FUZZ=ON -DPYZKFL_FUZZER=ON >build/configure.log 2>&1 ||
      { cat build/configure.log; return 1; }
  fi
  env -u MAKEFLAGS -u MAKELEVEL cmake --build "$folder" --target fuzz_targets --parallel "$(parallel_jobs)" >build/fuzz.log ||
    { tail -50 build/fuzz.log; return 1; }
  $python scripts/fuzz.py "$folder" --self-test && $python scripts/fuzz.py "$folder" --seconds "$1" --jobs "$(parallel_jobs)"
}
