// Scalars for sums of multiples in a circuit: k = s + lambda t modulo r, s and t by signed bits, in windows of two bits of both.
// docs/recursion.md, section 4. (Splitting: Gallant, Lambert, Vanstone 2001; signed bits without a zero: Joye, Tymen 2001.)
//
// A window is s_w + lambda t_w, both in {-3, -1, 1, 3}: a sign, and one of eight multiples. s and t are the sums of 4^w s_w and 4^w t_w,
// odd integers. Any pair with s + lambda t = k modulo r will do, as G1 has order r: nothing here asks for the shortest.
#pragma once

#include <vector>

#include "fields/limbs.h"
#include "recursion/committed_digits.h"

namespace pyzkfl::recursion {

class BaseField;

// (sign ? 1 : -1) ((s_three ? 3 : 1) + lambda (t_same ? 1 : -1) (t_three ? 3 : 1)).
struct ScalarWindow {
  CommittedBit sign, s_three, t_same, t_three;
};

// The low window first.
class SignedScalar {
 public:
  static constexpr size_t full_windows = 64, weight_windows = 32;

  // For any k: 64 windows. 449 constraints.
  static SignedScalar of(BaseField& fp, const LC& k);
  // A weight drawn from a hash: s and t are 2 u - (2^64 - 1) for 64 of its bits each, so neither is 0, and the 2^128 weights are
  // different. Proves that hash = u_s + 2^64 u_t + 2^128 rest modulo r with rest below 2^126: two readings of a hash at most. 239
  // constraints.
  static SignedScalar weight(BaseField& fp, const LC& hash);

  const std::vector<ScalarWindow>& windows() const { return windows_; }
  // s + lambda t in Fr.
  LC value() const;

 private:
  SignedScalar() = default;
  // Makes windows from the bits of (s + 4^count - 1) / 2 and likewise of t.
  void make(BaseField& fp, const Limbs& s_bits, const Limbs& t_bits, size_t count);

  std::vector<ScalarWindow> windows_;
  LC s_, t_;
};

// What weight() reads from a hash. Variable time.
Fr weight_of_hash(const Fr& hash);

}  // namespace pyzkfl::recursion
