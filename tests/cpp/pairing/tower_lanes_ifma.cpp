// The tower's operations in plain words (see tower_lanes.h).
#include "tower_lanes.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "pairing/kernels/ifma_miller.h"

namespace pyzkfl::test {
namespace {

static_assert(sizeof(RawOperand) == sizeof(ifma::Operand) && sizeof(RawTerm) == sizeof(ifma::Term));

const ifma::Operand& in(const RawOperand& a) { return reinterpret_cast<const ifma::Operand&>(a); }
ifma::Operand& in(RawOperand& a) { return reinterpret_cast<ifma::Operand&>(a); }
const ifma::Fp12Lanes& in(const RawElement& a) { return reinterpret_cast<const ifma::Fp12Lanes&>(a); }
ifma::Fp12Lanes& in(RawElement& a) { return reinterpret_cast<ifma::Fp12Lanes&>(a); }

constexpr ifma::LineTerms line = ifma::line_terms(0, 1, 2);

constexpr TowerOperations operations = {
    .sum_of_products =
        [](RawSum& out, const RawOperand& a, const RawOperand& b, const RawOperand& second, const RawTerm* terms,
           unsigned doubled, unsigned single) {
          const ifma::Fp2Lanes v =
              ifma::sum_of(in(a), in(b), in(second), reinterpret_cast<const ifma::Term*>(terms), doubled, single);
          ifma::Operand carried;
          ifma::set(carried, v);
          for (int j = 0; j < 10; ++j) _mm512_store_si512(out.l[j], carried.l[j]);
        },
    .mul = [](RawElement& out, const RawOperand& a, const RawElement& b) { ifma::mul(in(out), in(a), in(b)); },
    .square = [](RawElement& f) { ifma::square(in(f), in(f)); },
    .cyclotomic_square = [](RawElement& f) { ifma::cyclotomic_square(in(f), in(f)); },
    .conjugate = [](RawOperand& f) { ifma::conjugate(in(f), in(f)); },
    .mul_by_line = [](RawElement& f, const RawOperand& l) { ifma::mul_by_line(in(f), in(l), line); },
    .mul_by_monic_line = [](RawElement& f, const RawOperand& l) { ifma::mul_by_monic_line(in(f), in(l), line); },
    .double_step =
        [](RawOperand& point, const RawOperand& row) {
          ifma::Running r = {};
          r.point = in(point);
          r.points[0] = in(row);
          ifma::double_step(r);
          in(point) = r.point;
        },
    .add_step =
        [](RawOperand& point, RawOperand& line_out, const RawOperand& row) {
          ifma::Running r = {};
          r.point = in(point);
          ifma::add_step(r, in(row));
          in(point) = r.point;
          in(line_out) = r.line;
        },
};

}  // namespace

const TowerOperations* tower_operations() { return &operations; }

}  // namespace pyzkfl::test

#else

namespace pyzkfl::test {

const TowerOperations* tower_operations() { return nullptr; }

}  // namespace pyzkfl::test

#endif
