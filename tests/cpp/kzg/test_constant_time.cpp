// Evaluation branches and touches memory without regard to the coefficients: under valgrind (make test-deep).
#include <doctest/doctest.h>

#include <vector>

#include "../constant_time.h"
#include "kzg/symmetric_opening.h"

using namespace pyzkfl;
using namespace pyzkfl::test;

TEST_CASE("evaluation of secret coefficients is constant time") {
  std::vector<Fr> coefficients(5000);
  for (size_t i = 0; i < coefficients.size(); ++i) coefficients[i] = Fr::from_u64(i);
  const Fr x = Fr::random(), expected = evaluate(coefficients, x);
  make_secret(coefficients.data(), coefficients.size());
  Fr found = evaluate(coefficients, x);
  make_public(found);
  CHECK(found == expected);
}
