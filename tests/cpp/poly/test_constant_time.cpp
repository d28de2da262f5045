// Transforms touch memory and branch without regard to the values: under valgrind (make test-deep).
#include <doctest/doctest.h>

#include <vector>

#include "../constant_time.h"
#include "poly/domain.h"

using namespace pyzkfl;
using namespace pyzkfl::test;

TEST_CASE("transforms and Lagrange polynomials at a secret point are constant time") {
  const Domain domain(7);
  std::vector<Fr> values(domain.size());
  for (Fr& v : values) v = Fr::random();
  const std::vector<Fr> before = values;
  make_secret(values.data(), values.size());
  domain.ntt(values);
  domain.intt(values);
  domain.coset_ntt(values);
  domain.coset_intt(values);
  domain.coset_extend(values, Domain::coset_shift());
  domain.coset_extend(values, Domain::coset_shift().inverse());
  make_public(values.data(), values.size());
  CHECK(values == before);

  Fr x = Fr::from_u64(7);
  make_secret(x);
  std::vector<Fr> weights = domain.lagrange_at(x);
  make_public(weights.data(), weights.size());
  Fr sum;
  for (const Fr& w : weights) sum += w;
  CHECK(sum.is_one());
}
