// See column_key.h.
#include "kzg/column_key.h"

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "base/secret.h"
#include "curves/encoding.h"
#include "curves/fixed_base.h"
#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "kzg/artefact.h"
#include "kzg/point_arrays.h"
#include "kzg/random_weights.h"

namespace pyzkfl {
namespace {

constexpr size_t most_powers = size_t{1} << (ColumnKey::most_log_n + 1);
constexpr size_t constant_time_terms = 8;  // a few multiplications of 0.1 ms
constexpr size_t slab = size_t{1} << 14;   // points multiplied at a time

const LargeArray<G1Affine>& counted(const LargeArray<G1Affine>& powers) {
  if (powers.size() < 2) throw ParameterError("column key: fewer than two powers of tau");
  if (powers.size() > most_powers) throw ParameterError("column key: more than 2^29 powers of tau");
  return powers;
}

void check_powers(std::span<const G1Affine> powers, const ColumnKeyVerifier& last) {
  const G1Affine& one = powers[0];
  const G1Affine& tau = powers[1];
  if (one != g1_generator()) throw ParameterError("column key: the first power is not the generator of G1");
  if (tau.is_infinity()) throw ParameterError("column key: tau is 0");
  if (last.tau_squared_2() == g2_generator())
    throw ParameterError("column key: tau is 1 or -1, nobody contributed to it");

  // e(sum w_i P_(i+1), [1]_2) = e(sum w_i P_i, [tau]_2) and, times another weight, e([tau]_1, [tau]_2) =
  // e([1]_1, [tau^2]_2): that tau_2 and tau_squared_2 belong to the powers.
  const size_t steps = powers.size() - 1;
  const std::vector<Fr> weights = random_weights(steps);
  const G1Affine high = msm(powers.subspan(1), weights).to_affine();
  const Fr chi = random_weight();
  const G1 low = msm(powers.first(steps), weights) - mul_vartime(G1(tau), chi);
  const std::vector<PreparedPairingInput> inputs = {{high, &last.one_2_prepared()},
                                                    {(-low).to_affine(), &last.tau_2_prepared()},
                                                    {(-mul_vartime(G1(one), chi)).to_affine(),
                                                     &last.tau_squared_2_prepared()}};
  if (!pairing_product_is_one({}, inputs))
    throw ParameterError("column key: these points are not the powers of one tau");
}

void stream_key(const ByteSink& out, std::span<const G1Affine> powers, const ColumnKeyVerifier& verifier) {
  Writer head;
  write_artefact_header(head, ArtefactKind::column_key);
  head.u32(static_cast<uint32_t>(powers.size()));
  out(head.view());
  stream_points(out, powers);
  const G2Affine tail[] = {verifier.tau_2(), verifier.tau_squared_2()};
  stream_points(out, tail);
}

// Piece by piece: the bytes of a large key are as many as the key has.
Digest digest_of(std::span<const G1Affine> powers, const ColumnKeyVerifier& verifier) {
  Sha256 hash;
  stream_key([&](ByteSpan piece) { hash.update(piece); }, powers, verifier);
  return hash.finish();
}

void expect_powers(const ColumnKey& key, size_t count) {
  if (count > key.powers().size())
    throw ParameterError("a commitment to " + std::to_string(count) + " coefficients, by a key of " +
                         std::to_string(key.powers().size()) + " powers of tau");
}

}  // namespace

ColumnKeyVerifier::ColumnKeyVerifier(const G1Affine& tau_1, const G2Affine& tau_2, const G2Affine& tau_squared_2)
    : tau_1_(tau_1),
      tau_2_(tau_2),
      tau_squared_2_(tau_squared_2),
      prepared_{G2Prepared(g2_generator()), G2Prepared(tau_2), G2Prepared(tau_squared_2)} {}

ColumnKey::ColumnKey(LargeArray<G1Affine> powers, const G2Affine& tau_2, const G2Affine& tau_squared_2,
                     PowersCheck check)
    : powers_(std::move(powers)),
      log_n_(static_cast<unsigned>(std::bit_width(counted(powers_).size() - 1)) - 1),
      verifier_(powers_[1], tau_2, tau_squared_2) {
  if (check == PowersCheck::done) check_powers(powers_.span(), verifier_);
  digest_ = digest_of(powers_.span(), verifier_);
}

ColumnKey ColumnKey::insecure(unsigned log_n) {
  Fr tau;
  do tau = Fr::random();
  while (tau.is_zero() || tau.square().is_one());
  ColumnKey key = insecure(log_n, tau);
  wipe_object(tau);
  return key;
}

ColumnKey ColumnKey::insecure(unsigned log_n, const Fr& tau) {
  if (log_n > most_log_n) throw ParameterError("column key: more than 2^28 cells a column");
  if (tau.is_zero() || tau.square().is_one()) throw ParameterError("column key: tau is 0, 1 or -1");
  const size_t count = (size_t{1} << log_n) + 1;
  const FixedBase<G1Affine> table(g1_generator(), count);
  LargeArray<G1Affine> powers(count);
  SecretArray<Fr> scalars(std::min(slab, count));
  Fr power = Fr::one();
  for (size_t begin = 0; begin < count; begin += slab) {
    const std::span<Fr> part = scalars.span().first(std::min(slab, count - begin));
    for (Fr& scalar : part) {
      scalar = power;
      power *= tau;
    }
    const std::vector<G1Affine> products = table.batch(part);
    std::copy(products.begin(), products.end(), powers.data() + begin);
  }
  wipe_object(power);
  const G2 tau_2 = mul(G2(g2_generator()), tau);
  return ColumnKey(std::move(powers), tau_2.to_affine(), mul(tau_2, tau).to_affine(), PowersCheck::skipped);
}

Bytes ColumnKey::to_bytes() const {
  Writer out;
  stream([&](ByteSpan piece) { out.bytes(piece); });
  return out.take();
}

void ColumnKey::stream(const ByteSink& out) const { stream_key(out, powers(), verifier_); }

ColumnKey ColumnKey::from_bytes(ByteSpan data, PowersCheck check) {
  Reader in(data, "column key");
  read_artefact_header(in, ArtefactKind::column_key);
  const uint32_t count = in.u32();
  if (count < 2 || count > most_powers) in.fail("a key has 2 to 2^29 powers of tau, not " + std::to_string(count));
  if (in.remaining() != uint64_t{count} * g1_evm_bytes + 2 * g2_evm_bytes)
    in.fail("truncated or overlong: another number of bytes than " + std::to_string(count) + " powers take");
  LargeArray<G1Affine> powers(count);
  for (size_t begin = 0; begin < count; begin += slab) {  // the only copy
    const std::vector<G1Affine> part = read_g1_points(in, std::min<size_t>(slab, count - begin), Infinity::refused);
    std::copy(part.begin(), part.end(), powers.data() + begin);
  }
  const std::vector<G2Affine> tail = read_g2_points(
      in, 2, Infinity::refused, check == PowersCheck::done ? SubgroupCheck::done : SubgroupCheck::skipped);
  in.done();
  try {
    return ColumnKey(std::move(powers), tail[0], tail[1], check);
  } catch (const ParameterError& e) {
    throw DecodeError(e.what());
  }
}

G1Affine commit_column(const ColumnKey& key, std::span<const int32_t> cells, const Fr& blinder,
                       size_t blinder_position) {
  expect_powers(key, std::max(cells.size(), blinder_position + 1));
  const G1 hidden = mul(G1(key.powers()[blinder_position]), blinder);
  return (msm_i32(key.powers().first(cells.size()), cells) + hidden).to_affine();
}

G1Affine commit_column(const ColumnKey& key, std::span<const int32_t> cells) {
  expect_powers(key, cells.size());
  return msm_i32(key.powers().first(cells.size()), cells).to_affine();
}

G1Affine commit_polynomial(const ColumnKey& key, std::span<const Fr> coefficients) {
  expect_powers(key, coefficients.size());
  if (coefficients.size() > constant_time_terms)
    return msm(key.powers().first(coefficients.size()), coefficients).to_affine();
  G1 total;
  for (size_t i = 0; i < coefficients.size(); ++i) total += mul(G1(key.powers()[i]), coefficients[i]);
  return total.to_affine();
}

}  // namespace pyzkfl
