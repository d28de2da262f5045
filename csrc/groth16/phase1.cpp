// See phase1.h.
#include "groth16/phase1.h"

#include <algorithm>
#include <array>

#include "base/secret.h"
#include "curves/batch_mul.h"
#include "curves/fixed_base.h"
#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "groth16/pairing_relations.h"
#include "kzg/artefact.h"
#include "kzg/random_weights.h"
#include "poly/domain.h"
#include "r1cs/witness.h"

namespace pyzkfl::groth16 {
namespace {

using SecretScalars = std::vector<Fr, WipingAllocator<Fr>>;

constexpr size_t slab = 1 << 12;  // points between two reports of progress
constexpr double g2_cost = 3;     // a multiplication in G2, counted in those of G1

std::vector<G1Affine> leading_points(const Phase1& state) {
  return {state.tau_1[1], state.alpha_1[0], state.beta_1[0]};
}

// Counts work done against work to do.
class Meter {
 public:
  Meter(const Progress& progress, double total) : progress_(progress), total_(total) {}
  void advance(double work) { report(progress_, std::min(1.0, (done_ += work) / total_)); }

 private:
  const Progress& progress_;
  double total_, done_ = 0;
};

// points[i] *= scalars[i]. If all points are the generator still, from a table.
template <class Point>
void multiply(std::span<Point> points, std::span<const Fr> scalars, bool untouched, double cost,
              Meter& meter) {
  std::optional<FixedBase<Point>> table;
  if (untouched) table.emplace(points[0], points.size());
  for (size_t start = 0; start < points.size(); start += slab) {
    const size_t count = std::min(slab, points.size() - start);
    if (table) {
      const std::vector<Point> products = table->batch(scalars.subspan(start, count));
      std::copy(products.begin(), products.end(), points.begin() + static_cast<ptrdiff_t>(start));
    } else {
      batch_mul(points.subspan(start, count), scalars.subspan(start, count));
    }
    meter.advance(cost * static_cast<double>(count));
  }
}

constexpr size_t head_bytes = 7 + 1 + 32 + 4 + 32;

void stream_arrays(const ByteSink& out, const Phase1& state) {
  stream_points(out, state.tau_1);
  stream_points(out, state.alpha_1);
  stream_points(out, state.beta_1);
  stream_points(out, state.tau_2);
  stream_points(out, std::array{state.beta_2});
}

uint64_t arrays_bytes(uint64_t n) { return (4 * n - 1) * g1_evm_bytes + (n + 1) * g2_evm_bytes; }

Digest phase1_digest(unsigned log_n, ByteSpan context) {
  const std::array<uint8_t, 1> size = {static_cast<uint8_t>(log_n)};
  return ceremony_digest("phase 1", std::array<ByteSpan, 2>{ByteSpan(size), context});
}

void check_log_n(unsigned log_n) {
  if (log_n < 1 || log_n > Domain::kMostLogN)
    throw ParameterError("a setup is for 2^1 to 2^28 rows, not 2^" + std::to_string(log_n));
}

// Whether the state is still the initial one, so that products can come from a table.
bool all_generators(const Phase1& state) {
  const auto is_g1 = [](const G1Affine& p) { return p == g1_generator(); };
  const auto is_g2 = [](const G2Affine& p) { return p == g2_generator(); };
  return std::all_of(state.tau_1.begin(), state.tau_1.end(), is_g1) &&
         std::all_of(state.alpha_1.begin(), state.alpha_1.end(), is_g1) &&
         std::all_of(state.beta_1.begin(), state.beta_1.end(), is_g1) &&
         std::all_of(state.tau_2.begin(), state.tau_2.end(), is_g2);
}

std::optional<std::string> problem_with_shapes(const Phase1& state) {
  const size_t n = state.domain_size();
  if (state.tau_1.size() != 2 * n - 1 || state.alpha_1.size() != n || state.beta_1.size() != n ||
      state.tau_2.size() != n)
    return "the arrays do not have the lengths of a first phase";
  if (state.tau_1[0] != g1_generator() || state.tau_2[0] != g2_generator())
    return "the powers of tau do not begin with one";
  return std::nullopt;
}

}  // namespace

Phase1 Phase1::initial(unsigned log_n, ByteSpan context) {
  check_log_n(log_n);
  Phase1 state;
  state.log_n = log_n;
  state.ceremony = state.chain = phase1_digest(log_n, context);
  const size_t n = state.domain_size();
  state.tau_1.assign(2 * n - 1, g1_generator());
  state.alpha_1.assign(n, g1_generator());
  state.beta_1.assign(n, g1_generator());
  state.tau_2.assign(n, g2_generator());
  state.beta_2 = g2_generator();
  return state;
}

Bytes Phase1::to_bytes() const {
  Writer out;
  stream([&](ByteSpan piece) { out.bytes(piece); });
  return out.take();
}

void Phase1::stream(const ByteSink& out) const {
  Writer head;
  write_artefact_header(head, ArtefactKind::phase1);
  head.u8(static_cast<uint8_t>(log_n)).bytes(ceremony).u32(contributions).bytes(chain);
  out(head.view());
  stream_arrays(out, *this);
}

uint64_t Phase1::size_bytes(unsigned log_n) {
  check_log_n(log_n);
  return head_bytes + arrays_bytes(uint64_t{1} << log_n);
}

Phase1 Phase1::from_bytes(ByteSpan data, SubgroupCheck check) {
  Reader in(data, "state of the first phase");
  read_artefact_header(in, ArtefactKind::phase1);
  Phase1 state;
  state.log_n = in.u8();
  if (state.log_n < 1 || state.log_n > Domain::kMostLogN) in.fail("its size is none of 2^1 to 2^28");
  const auto read_digest = [&](Digest& digest) {
    const ByteSpan bytes = in.bytes(digest.size());
    std::copy(bytes.begin(), bytes.end(), digest.begin());
  };
  read_digest(state.ceremony);
  state.contributions = in.u32();
  read_digest(state.chain);
  const size_t n = state.domain_size();
  if (in.remaining() != arrays_bytes(n))
    in.fail("truncated or overlong: another number of bytes than its size asks for");
  state.tau_1 = read_g1_points(in, 2 * n - 1, Infinity::refused);
  state.alpha_1 = read_g1_points(in, n, Infinity::refused);
  state.beta_1 = read_g1_points(in, n, Infinity::refused);
  state.tau_2 = read_g2_points(in, n, Infinity::refused, check);
  state.beta_2 = g2_from_evm(in.bytes<g2_evm_bytes>(), Infinity::refused);
  in.done();
  return state;
}

Digest Phase1::state_digest() const {
  Sha256 hash;
  stream_arrays([&](ByteSpan piece) { hash.update(piece); }, *this);
  return hash.finish();
}

Phase1Contributed contribute(const Phase1& before, std::string_view name, ByteSpan context,
                             const Progress& progress) {
  check_contributor(name, context);
  if (const auto problem = problem_with_shapes(before)) throw ParameterError("phase 1: " + *problem);
  const size_t n = before.domain_size();
  Phase1 state = before;
  SecretScalars secrets(3);  // tau, alpha, beta
  for (Fr& secret : secrets) do
      secret = Fr::random();
    while (secret.is_zero());

  SecretScalars powers(2 * n - 1), scaled(n);
  powers[0] = Fr::one();
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * secrets[0];
  const bool untouched = all_generators(before);
  Meter meter(progress, static_cast<double>(4 * n - 1) + g2_cost * static_cast<double>(n));
  multiply<G1Affine>(state.tau_1, powers, untouched, 1, meter);
  const auto multiply_row = [&](std::vector<G1Affine>& row, const Fr& factor) {
    for (size_t i = 0; i < n; ++i) scaled[i] = powers[i] * factor;
    multiply<G1Affine>(row, scaled, untouched, 1, meter);
  };
  multiply_row(state.alpha_1, secrets[1]);
  multiply_row(state.beta_1, secrets[2]);
  multiply<G2Affine>(state.tau_2, std::span<const Fr>(powers).first(n), untouched, g2_cost, meter);
  state.beta_2 = mul(G2(before.beta_2), secrets[2]).to_affine();

  Contribution record =
      make_contribution(before.chain, name, context, leading_points(before), secrets, state.state_digest());
  state.contributions = before.contributions + 1;
  state.chain = chain_digest(before.chain, record);
  return {std::move(state), std::move(record)};
}

std::optional<std::string> problem_with(const Phase1& state, ByteSpan context,
                                        std::span<const Contribution> records, const Progress& progress,
                                        Start start) {
  if (const auto problem = problem_with_shapes(state)) return problem;
  if (state.ceremony != phase1_digest(state.log_n, context)) return "the state is of another ceremony";
  const std::vector<G1Affine> first(3, g1_generator());
  ChainEnd end;
  if (const auto problem = problem_with_chain(end, state.ceremony, first, records, start)) return problem;
  if (end.chain != state.chain || records.size() != state.contributions)
    return "the records are not those that led to this state";
  if (end.leading != leading_points(state)) return "the state does not have the secrets of its records";
  if (!records.empty() && end.state != state.state_digest())
    return "the state was changed after the last contribution";
  report(progress, 0.2);

  return problem_with_powers({state.tau_1, state.alpha_1, state.beta_1, state.tau_2, state.beta_2},
                             [&](double fraction) { report(progress, 0.2 + 0.8 * fraction); });
}

std::optional<std::string> problem_with_powers(const PowersView& state, const Progress& progress) {
  const size_t n = state.tau_2.size();
  const std::vector<Fr> t = random_weights(2 * n - 2);
  const std::vector<Fr> a = random_weights(n);
  const std::span<const G1Affine> tau_1 = state.tau_1;
  const std::span<const G2Affine> tau_2 = state.tau_2;
  const G1Affine t_high = msm(tau_1.subspan(1), t).to_affine();
  report(progress, 0.2);
  const G1Affine t_low = msm(tau_1.first(2 * n - 2), t).to_affine();
  report(progress, 0.4);
  const G1Affine alpha_sum = msm(state.alpha_1, a).to_affine();
  const G1Affine beta_sum = msm(state.beta_1, a).to_affine();
  report(progress, 0.6);
  const G2 q = msm(tau_2, a);
  const G2Affine q_low = (q - mul_vartime(G2(tau_2[n - 1]), a[n - 1])).to_affine();
  report(progress, 0.8);
  const G2Affine q_high = msm(tau_2.subspan(1), std::span<const Fr>(a).first(n - 1)).to_affine();
  const G2Affine q_all = q.to_affine();
  const G1Affine& g = g1_generator();
  const G2Affine& h = g2_generator();
  const std::vector<PairingRelation> relations = {
      {"the powers of tau in G1 are not powers of one tau", {{t_high, h}, {-t_low, tau_2[1]}}},
      {"the powers of tau in G2 are not those in G1", {{tau_1[1], q_low}, {-g, q_high}}},
      {"the multiples of alpha are not alpha times the powers of tau",
       {{alpha_sum, h}, {-state.alpha_1[0], q_all}}},
      {"the multiples of beta are not beta times the powers of tau",
       {{beta_sum, h}, {-state.beta_1[0], q_all}}},
      {"beta in G2 is not beta in G1", {{state.beta_1[0], h}, {-g, state.beta_2}}},
  };
  const auto problem = first_false(relations);
  report(progress, 1.0);
  return problem;
}

}  // namespace pyzkfl::groth16
