// Openings at z and 1/z (see symmetric_opening.h).
//
// Division by (X - z)(X - 1/z) = X^2 - s X + 1, s = z + 1/z, is q_k = g_(k+2) + s q_(k+1) - q_(k+2) from the top down,
// and q_(-1) and g_0 - q_0 are i1 and i0. With u_0 = 1, u_1 = s, u_(m+1) = s u_m - u_(m-1) it is
// q_k = sum_m u_m g_(k+2+m): the state at the end of a block is two inner products from that of zero, so blocks find
// their first state one after the other and are then divided side by side.
#include "kzg/symmetric_opening.h"

#include <algorithm>
#include <vector>

#include "base/errors.h"
#include "base/secret.h"
#include "base/thread_pool.h"
#include "curves/encoding.h"
#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "fields/kernels/kernel_table.h"

namespace pyzkfl {
namespace {

constexpr size_t block = 2048;

// q_k and q_(k+1).
struct State {
  Fr q0, q1;
};

// The states before blocks 0, 1, .. of coefficients, block 0 being the lowest; that of the topmost is zero.
// u has block + 1 entries.
std::vector<State> states_before(std::span<const Fr> g, std::span<const Fr> u) {
  const size_t blocks = (g.size() + block - 1) / block;
  std::vector<State> own(blocks);  // what the block alone leads to
  parallel_for(blocks, 1, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      const auto part = g.subspan(b * block, std::min(block, g.size() - b * block));
      own[b].q0 = kernel_table<Fr>().inner_product(part, u.first(part.size()));
      own[b].q1 = kernel_table<Fr>().inner_product(part.subspan(1), u.first(part.size() - 1));
    }
  });
  // After m steps without coefficients: q0 -> u_m q0 - u_(m-1) q1, q1 -> u_(m-1) q0 - u_(m-2) q1, u_(-1) = 0.
  std::vector<State> before(blocks);
  for (size_t b = blocks - 1; b > 0; --b) {
    const size_t m = std::min(block, g.size() - b * block);
    const auto at = [&](size_t i) { return i == 0 ? Fr() : u[i - 1]; };  // u_(i-1)
    const State& old = before[b];
    if (b == blocks - 1) {
      before[b - 1] = own[b];  // the only block that may be shorter, and nothing comes before it
      continue;
    }
    before[b - 1] = {own[b].q0 + u[m] * old.q0 - at(m) * old.q1, own[b].q1 + at(m) * old.q0 - at(m - 1) * old.q1};
  }
  for (State& state : own) wipe_object(state);
  return before;
}

bool usable(const G1Affine& p) { return p.is_infinity() || p.is_on_curve(); }

}  // namespace

Fr evaluate(std::span<const Fr> coefficients, const Fr& x) {
  if (coefficients.empty()) return {};
  const size_t length = std::min(block, coefficients.size());
  const size_t blocks = (coefficients.size() + block - 1) / block;
  std::vector<Fr> powers(length);
  powers[0] = Fr::one();
  for (size_t i = 1; i < length; ++i) powers[i] = powers[i - 1] * x;
  SecretArray<Fr> values(blocks);
  parallel_for(blocks, 1, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      const auto part = coefficients.subspan(b * block, std::min(block, coefficients.size() - b * block));
      values[b] = kernel_table<Fr>().inner_product(part, std::span<const Fr>(powers).first(part.size()));
    }
  });
  const Fr step = powers[length - 1] * x;
  Fr total;
  for (size_t b = blocks; b-- > 0;) total = total * step + values[b];
  return total;
}

bool is_opening_point(const Fr& z) { return !z.is_zero() && !z.square().is_one(); }

PairOpening open_at_pair(const ColumnKey& key, std::span<const Fr> coefficients, const Fr& z) {
  if (!is_opening_point(z)) throw ParameterError("an opening at z and 1/z needs z other than 0, 1, -1");
  if (coefficients.size() > key.powers().size())
    throw ParameterError("an opening of more coefficients than the key has powers of tau");
  PairOpening out;
  if (!coefficients.empty()) out.i0 = coefficients[0];
  if (coefficients.size() < 2) return out;
  const Fr s = z + z.inverse_vartime();
  std::vector<Fr> u(block + 1);
  u[0] = Fr::one();
  u[1] = s;
  for (size_t m = 2; m < u.size(); ++m) u[m] = s * u[m - 1] - u[m - 2];

  const auto g = coefficients.subspan(1);
  SecretArray<Fr> remainder_and_quotient(g.size());  // q_(-1), q_0, ..
  std::vector<State> before = states_before(g, u);
  parallel_for(before.size(), 1, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      State state = before[b];
      for (size_t k = std::min(g.size(), (b + 1) * block); k-- > b * block;) {
        state = {g[k] + s * state.q0 - state.q1, state.q0};
        remainder_and_quotient[k] = state.q0;
      }
      wipe_object(state);
    }
  });
  for (State& state : before) wipe_object(state);
  const std::span<const Fr> quotient = std::as_const(remainder_and_quotient).span().subspan(1);
  out.i1 = remainder_and_quotient[0];
  if (!quotient.empty()) out.i0 -= quotient[0];
  out.quotient = msm(key.powers().first(quotient.size()), quotient).to_affine();
  return out;
}

// e(w (C - [i0] - i1 [tau] - W), [1]_2)  e(w s W, [tau]_2)  e(-w W, [tau^2]_2) = 1: no multiplication in G2.
std::optional<std::array<PreparedPairingInput, 3>> pair_opening_inputs(const ColumnKeyVerifier& key,
                                                                       const G1Affine& commitment,
                                                                       const PairOpening& opening, const Fr& z,
                                                                       const Fr& weight) {
  if (weight.is_zero()) throw ParameterError("a weight of zero would leave the opening unchecked");
  if (!is_opening_point(z) || !usable(commitment) || !usable(opening.quotient)) return std::nullopt;
  const Fr s = z + z.inverse_vartime();
  const G1 quotient = mul_vartime(G1(opening.quotient), weight);
  const G1 constant = mul_vartime(G1(commitment), weight) - mul_vartime(G1(g1_generator()), weight * opening.i0) -
                      mul_vartime(G1(key.tau_1()), weight * opening.i1) - quotient;
  const std::vector<G1Affine> points = batch_to_affine(std::vector<G1>{constant, mul_vartime(quotient, s), -quotient});
  return std::array<PreparedPairingInput, 3>{{{points[0], &key.one_2_prepared()},
                                              {points[1], &key.tau_2_prepared()},
                                              {points[2], &key.tau_squared_2_prepared()}}};
}

bool verify_pair_opening(const ColumnKeyVerifier& key, const G1Affine& commitment, const PairOpening& opening,
                         const Fr& z) {
  const auto inputs = pair_opening_inputs(key, commitment, opening, z, Fr::one());
  return inputs && pairing_product_is_one({}, *inputs);
}

}  // namespace pyzkfl
