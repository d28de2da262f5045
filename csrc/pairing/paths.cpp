// The choice between the ways to compute a pairing, and what the one in lanes is called with (see paths.h,
// kernels/pairing_ifma.h).
#include "pairing/paths.h"

#include <array>
#include <cstring>
#include <vector>

#include "curves/endomorphism_constants.h"
#include "curves/wnaf.h"
#include "fields/batch_inverse.h"
#include "fields/frobenius.h"
#include "pairing/kernels/pairing_ifma.h"
#include "pairing/miller_lines.h"

namespace pyzkfl {
namespace {

static_assert(sizeof(Fp) == 32 && sizeof(Fp12) == 12 * 32 && sizeof(G2Prepared::Line) == 128);

void put(uint64_t (&row)[4], const Fp& v) { std::memcpy(row, v.l.data(), sizeof(row)); }

void put(ifma::Fp2Rows& rows, size_t lane, const Fp2& v) {
  put(rows.c0[lane], v.c0);
  put(rows.c1[lane], v.c1);
}

ifma::RunningPair running_pair(const PairingInput& input) {
  const Fp2 thrice_b = CurveCoefficient<Fp2>::b().dbl() + CurveCoefficient<Fp2>::b();
  ifma::RunningPair out = {};
  put(out.start, 0, input.q.x);
  put(out.start, 1, input.q.y);
  put(out.start, 2, Fp2::one());
  put(out.start, 3, thrice_b);
  const std::array<G2Affine, 4> points = {input.q, -input.q, psi(input.q), -psi(input.q, 2)};
  const Fp x = input.p.x, y = input.p.y;
  for (size_t i = 0; i < points.size(); ++i) {
    put(out.points[i], 0, points[i].x);
    put(out.points[i], 1, points[i].y);
    put(out.points[i], 2, -points[i].y);
    put(out.points[i], 3, {y, Fp::zero()});
    put(out.points[i], 4, {-x, Fp::zero()});
    put(out.points[i], 5, {x.dbl() + x, Fp::zero()});
    put(out.points[i], 6, {-y.dbl(), Fp::zero()});
  }
  return out;
}

Fp12 miller_loop_in_lanes(std::span<const PairingInput> running_inputs,
                          std::span<const PreparedPairingInput> prepared_inputs) {
  std::vector<ifma::RunningPair> running;
  running.reserve(running_inputs.size());
  for (const auto& input : running_inputs) running.push_back(running_pair(input));
  std::vector<Fp> inverses;
  inverses.reserve(prepared_inputs.size());
  for (const auto& input : prepared_inputs) inverses.push_back(input.p.y);
  batch_inverse(std::span<Fp>(inverses));  // no y is zero: no point of G1 has order two
  std::vector<ifma::PreparedPair> prepared(prepared_inputs.size());
  const Fp scale = Fp::from_u64(256);
  for (size_t i = 0; i < prepared.size(); ++i) {
    const Fp one_over_y = inverses[i] * scale, x_over_y = prepared_inputs[i].p.x * one_over_y;
    for (size_t lane = 0; lane < 8; ++lane) put(prepared[i].factors[lane], lane % 4 < 2 ? x_over_y : one_over_y);
    prepared[i].lines = prepared_inputs[i].q->lines().data();
  }
  std::vector<ifma::RunningState> running_states(running.size());
  std::vector<ifma::PreparedState> prepared_states(prepared.size());
  const ifma::MillerInput input = {
      .digits = ate_loop.data(),
      .digit_count = ate_loop.size(),
      .line_count = ate_line_count,
      .running = running.data(),
      .running_states = running_states.data(),
      .running_count = running.size(),
      .prepared = prepared.data(),
      .prepared_states = prepared_states.data(),
      .prepared_count = prepared.size(),
  };
  Fp12 out;
  ifma::pairing_kernel()->miller_loop(&out, input);
  return out;
}

struct HardPart {
  std::array<int8_t, 65> digits{};
  ifma::HardPartInput input{};

  HardPart() {
    const std::array<uint64_t, 1> x = {endomorphism::x};
    input.digit_count = wnaf_vartime(digits, x, 4, false);
    input.digits = digits.data();
    for (unsigned power = 1; power <= 3; ++power) {
      for (unsigned k = 0; k < 6; ++k) put(input.frobenius[power - 1], k, frobenius_factor(power, k));
    }
  }
};

Fp12 hard_part_in_lanes(const Fp12& f) {
  static const HardPart constants;
  Fp12 out;
  ifma::pairing_kernel()->hard_part(&out, &f, constants.input);
  return out;
}

std::vector<PairingPath> make_paths() {
  std::vector<PairingPath> paths;
  paths.push_back({"generic", CpuKernel::generic, miller_loop_generic, hard_part_generic});
  if (best_kernel() >= CpuKernel::ifma && ifma::pairing_kernel() != nullptr)
    paths.push_back({"avx512ifma", CpuKernel::ifma, miller_loop_in_lanes, hard_part_in_lanes});
  return paths;
}

}  // namespace

std::span<const PairingPath> runnable_pairing_paths() {
  static const std::vector<PairingPath> paths = make_paths();
  return paths;
}

const PairingPath& pairing_path() {
  static const PairingPath& selected = *[] {
    const auto paths = runnable_pairing_paths();
    size_t best = 0;
    for (size_t i = 1; i < paths.size(); ++i) {
      if (paths[i].needs <= selected_kernel()) best = i;
    }
    return &paths[best];
  }();
  return selected;
}

}  // namespace pyzkfl
