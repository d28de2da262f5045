// Arithmetic on linear combinations.
#include "r1cs/linear_combination.h"

#include <algorithm>
#include <array>

namespace pyzkfl {

LinearCombination& LinearCombination::operator+=(const LinearCombination& b) {
  constant_ += b.constant_;
  linear_ += b.linear_;
  if (!b.terms_.empty()) {
    const size_t n = b.terms_.size();  // b may be *this
    terms_.reserve(terms_.size() + n);
    for (size_t i = 0; i < n; ++i) terms_.push_back(b.terms_[i]);
  }
  return *this;
}

LinearCombination& LinearCombination::operator-=(const LinearCombination& b) {
  constant_ -= b.constant_;
  linear_ -= b.linear_;
  if (!b.terms_.empty()) {
    const size_t n = b.terms_.size();
    terms_.reserve(terms_.size() + n);
    for (size_t i = 0; i < n; ++i) terms_.push_back({b.terms_[i].wire, -b.terms_[i].coefficient});
  }
  return *this;
}

LinearCombination& LinearCombination::operator*=(const Fr& k) {
  if (!constant_.is_zero()) constant_ *= k;
  linear_ *= k;
  for (Term& term : terms_) term.coefficient *= k;
  return *this;
}

LinearCombination& LinearCombination::add_scaled(const LinearCombination& b, const Fr& k) {
  if (!b.constant_.is_zero()) constant_ += b.constant_ * k;
  linear_ += b.linear_ * k;
  if (!b.terms_.empty()) {
    const size_t n = b.terms_.size();
    terms_.reserve(terms_.size() + n);
    for (size_t i = 0; i < n; ++i) terms_.push_back({b.terms_[i].wire, b.terms_[i].coefficient * k});
  }
  return *this;
}

LinearCombination& LinearCombination::add_scaled(const Wire& b, const Fr& k) {
  linear_ += b.value * k;
  if (b.id.recorded()) terms_.push_back({b.id, k});
  return *this;
}

LinearCombination& LinearCombination::add_shifted(const LinearCombination& b, unsigned shift) {
  return add_scaled(b, power_of_two(shift));
}

LinearCombination LinearCombination::operator-() const {
  LinearCombination out;
  out -= *this;
  return out;
}

void LinearCombination::normalise() {
  if (terms_.size() > 1) {
    std::sort(terms_.begin(), terms_.end(), [](const Term& a, const Term& b) { return a.wire < b.wire; });
  }
  size_t kept = 0;
  for (size_t i = 0; i < terms_.size();) {
    Term merged = terms_[i];
    for (++i; i < terms_.size() && terms_[i].wire == merged.wire; ++i) {
      merged.coefficient += terms_[i].coefficient;
    }
    if (!merged.coefficient.is_zero()) terms_[kept++] = merged;
  }
  terms_.resize(kept);
}

const Fr& power_of_two(unsigned k) {
  static const std::array<Fr, 254> table = [] {
    std::array<Fr, 254> out;
    out[0] = Fr::one();
    for (size_t i = 1; i < out.size(); ++i) out[i] = out[i - 1].dbl();
    return out;
  }();
  return table.at(k);
}

}  // namespace pyzkfl
