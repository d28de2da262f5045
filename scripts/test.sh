#!/usr/bin/env bash
# Every test, in stages; each stage runs whatever became of the others that it does not need, the minutes of each are
# printed at the end, and the exit code is 0 only if all passed. `make test` and .ci/run call this.
set -uo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python
export PATH="$PWD/.venv/bin:$PATH"
names=() seconds=() results=()

stage() { # stage NAME COMMAND...
  local name=$1 began=$SECONDS status=0
  shift
  printf '\n=== %s ===\n' "$name"
  "$@" || status=$?
  names+=("$name") seconds+=($((SECONDS - began))) results+=("$status")
  return "$status"
}

report() {
  printf '\n%-14s %8s\n' stage minutes
  local i total=0 failed=0
  for i in "${!names[@]}"; do
    printf '%-14s %8s   %s\n' "${names[i]}" "$(minutes "${seconds[i]}")" \
      "$([ "${results[i]}" = 0 ] && echo ok || echo "FAILED (exit ${results[i]})")"
    total=$((total + seconds[i]))
    [ "${results[i]}" = 0 ] || failed=1
  done
  printf '%-14s %8s\n' total "$(minutes "$total")"
  exit "$failed"
}

minutes() { printf '%d.%02d' $(($1 / 60)) $((($1 % 60) * 100 / 60)); }

install() { make --no-print-directory test-environment; }

build() {
  # One folder for the extension module and the C++ tests, so that the core is compiled once.
  make --no-print-directory dev || return
  folder="build/native-$($python -c 'import sys; print(sys.implementation.cache_tag)')"
  cmake -S . -B "$folder" -DPYZKFL_TESTS=ON >build/configure.log 2>&1 || { cat build/configure.log; return 1; }
  cmake --build "$folder" --parallel "$($python scripts/prerequisites.py --jobs)"
}

cpp_tests() { ctest --test-dir "$folder" --output-on-failure --no-tests=error --timeout 600; }

style() { ruff check . && mypy; }

python_tests() { $python -m pytest -q --durations=10 -m "not end_to_end and not deep" tests/python; }

documentation() { $python -m pytest -q --doctest-modules pyzkfl; }

end_to_end() { $python -m pytest -q --durations=5 -m end_to_end tests/python; }

stage install install || report
stage build build || report
stage style style
stage "C++ tests" cpp_tests
stage "doc examples" documentation
stage "Python tests" python_tests
stage "end to end" end_to_end
report
