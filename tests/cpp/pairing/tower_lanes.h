// The operations of pairing/kernels/ifma_tower.h and ifma_miller.h one by one, in plain words, so that tests that run on any
// processor can call them.
#pragma once

#include <cstdint>

namespace pyzkfl::test {

// Eight elements of Fp2 as factors: limbs of 52 bits of the real parts, the imaginary ones, and the sums of both.
struct alignas(64) RawOperand {
  uint64_t l[15][8];
};
struct RawElement {
  RawOperand plain, by_xi;
};
struct alignas(64) RawTerm {
  uint64_t a[8], b[8];
};
struct alignas(64) RawSum {
  uint64_t l[10][8];
};

struct TowerOperations {
  // Carried after that.
  void (*sum_of_products)(RawSum& out, const RawOperand& a, const RawOperand& b, const RawOperand& second,
                          const RawTerm* terms, unsigned doubled, unsigned single);
  void (*mul)(RawElement& out, const RawOperand& a, const RawElement& b);
  void (*square)(RawElement& f);
  void (*cyclotomic_square)(RawElement& f);
  void (*conjugate)(RawOperand& f);
  // l0, l3, l4 in the lanes 0, 1, 2 of the line.
  void (*mul_by_line)(RawElement& f, const RawOperand& line);
  void (*mul_by_monic_line)(RawElement& f, const RawOperand& line);
  // A running point and the row of its pair (see RunningPair); where the line is, ifma_miller.h says.
  void (*double_step)(RawOperand& point, const RawOperand& row);
  void (*add_step)(RawOperand& point, RawOperand& line, const RawOperand& row);
};

// Null where the compiler does not know the instruction set.
const TowerOperations* tower_operations();

}  // namespace pyzkfl::test
