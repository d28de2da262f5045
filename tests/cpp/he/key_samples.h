// A Paillier key for tests: two safe primes of 1024 bits from tests/vectors, which anyone can read.
#pragma once

#include <fstream>
#include <memory>
#include <string>

#include "he/paillier.h"

namespace pyzkfl::test {

inline std::shared_ptr<const he::PaillierSecretKey> sample_paillier_key() {
  static const auto key = [] {
    std::ifstream file(std::string(PYZKFL_VECTORS) + "/paillier_safe_primes.txt");
    std::string a, b;
    file >> a >> b;
    he::Integer p, q;
    mpz_set_str(p.get(), a.c_str(), 16);
    mpz_set_str(q.get(), b.c_str(), 16);
    return std::make_shared<const he::PaillierSecretKey>(p, q);
  }();
  return key;
}

}  // namespace pyzkfl::test
