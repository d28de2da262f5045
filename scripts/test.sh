#!/usr/bin/env bash
# Every test, in stages: a failed one does not hide what the next would say. `make test` and .ci/run call this.
set -uo pipefail
cd "$(dirname "$0")/.."
source scripts/stages.sh

tools() { make --no-print-directory test-tools; }

install() { make --no-print-directory test-environment; }

cpp_tests() { ctest --test-dir "$(native_folder)" --output-on-failure --no-tests=error --timeout 600; }

style() { ruff check . && mypy; }

# NVFlare is not installed here, and its adapter has no examples.
doc_examples() { $python -m pytest -q --doctest-modules --ignore=pyzkfl/integrations/nvflare.py pyzkfl; }

# A file's tests stay in one process: they share what is dear to make.
python_tests() {
  $python -m pytest -q --durations=10 -n "$(parallel_jobs)" --dist loadfile -m "not end_to_end" tests/python
}

end_to_end() { $python -m pytest -q --durations=5 -m end_to_end tests/python; }

stage tools tools || report
stage build build || report
stage install install || report
stage style style
stage "C++ tests" cpp_tests
stage fuzzing fuzzing 30
stage "doc examples" doc_examples
stage "Python tests" python_tests
stage "end to end" end_to_end
report
