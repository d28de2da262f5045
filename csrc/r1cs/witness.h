// The assignment of a constraint system's wires: secret, so it is wiped when it goes, not comparable, not
// printable.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/secret.h"
#include "fields/fr.h"

namespace pyzkfl {

// The values of all wires, in the final order of WireLayout: [1 | public | committed groups | private].
class Witness {
 public:
  using Values = SecretVector<Fr>;

  Witness() = default;
  explicit Witness(Values values) : values_(std::move(values)) {}
  Witness(Witness&&) noexcept = default;
  Witness& operator=(Witness&&) noexcept = default;
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  bool operator==(const Witness&) const = delete;

  Witness clone() const { return Witness(values_); }

  size_t size() const { return values_.size(); }
  // No bounds check.
  const Fr& operator[](size_t i) const { return values_[i]; }
  Fr& operator[](size_t i) { return values_[i]; }
  // A view, valid as long as this object is neither moved nor assigned.
  std::span<const Fr> span() const { return values_; }
  operator std::span<const Fr>() const { return values_; }

 private:
  Values values_;
};

}  // namespace pyzkfl
