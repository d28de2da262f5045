// See phase2.h. The verification is in phase2_verification.cpp.
#include "groth16/phase2.h"

#include <algorithm>
#include <array>

#include "base/secret.h"
#include "base/thread_pool.h"
#include "curves/batch_mul.h"
#include "curves/scalar_mul.h"
#include "groth16/circuit_points.h"
#include "groth16/setup.h"
#include "kzg/artefact.h"
#include "r1cs/witness.h"

namespace pyzkfl::groth16 {
namespace {

constexpr size_t points_a_slab = 1 << 13;  // points between two reports of progress
constexpr size_t phase2_head_bytes = 7 + 32 + 4 + 32;

std::vector<G1Affine> slice(const std::vector<G1Affine>& points, size_t begin, size_t end) {
  return {points.begin() + static_cast<ptrdiff_t>(begin), points.begin() + static_cast<ptrdiff_t>(end)};
}

}  // namespace

Digest Phase2::ceremony_of(const Phase1& phase1, const ConstraintSystem& cs, ByteSpan context) {
  return ceremony_digest("phase 2",
                         std::array<ByteSpan, 3>{ByteSpan(phase1.chain), ByteSpan(cs.digest()), context});
}

std::vector<G1Affine> Phase2::leading_points() const {
  std::vector<G1Affine> leading = {key.delta_1};
  for (const GroupElements& group : key.groups) leading.push_back(group.knowledge.back());
  return leading;
}

Phase2 Phase2::initial(const Phase1& phase1, const ConstraintSystem& cs, ByteSpan context,
                       const Progress& progress) {
  check_groups(cs);
  const WireLayout& layout = cs.layout();
  Phase2 state;
  state.ceremony = state.chain = ceremony_of(phase1, cs, context);
  KeyElements& key = state.key;
  key.circuit = cs.digest();
  key.layout = layout;
  key.log_n = domain_log_n(cs);
  if (key.log_n > phase1.log_n)
    throw ParameterError("the circuit has " + std::to_string(cs.num_constraints()) +
                         " rows, the first phase is for 2^" + std::to_string(phase1.log_n));
  key.alpha_1 = phase1.alpha_1[0];
  key.beta_1 = phase1.beta_1[0];
  key.beta_2 = phase1.beta_2;
  key.delta_1 = g1_generator();
  key.delta_2 = g2_generator();

  CircuitPoints points = circuit_points(phase1, cs, progress);
  key.a = std::move(points.a);
  key.b_1 = std::move(points.b_1);
  key.b_2 = std::move(points.b_2);
  key.ic = slice(points.k, 0, layout.first_committed(0));
  for (uint32_t g = 0; g < layout.num_groups(); ++g) {
    const std::vector<G1Affine> basis =
        slice(points.k, layout.first_committed(g), layout.first_committed(g + 1));
    key.groups.push_back({basis, basis, g2_generator()});
  }
  key.l = slice(points.k, layout.first_private(), layout.num_wires());
  const size_t n = key.domain_size();
  key.h.resize(n - 1);
  parallel_for(n - 1, 256, [&](size_t begin, size_t end) {
    std::vector<G1> h(end - begin);
    for (size_t i = begin; i < end; ++i) h[i - begin] = G1(phase1.tau_1[n + i]) - phase1.tau_1[i];
    batch_to_affine(std::span<G1Affine>(key.h).subspan(begin, end - begin), std::span<const G1>(h));
  });
  report(progress, 1.0);
  return state;
}

Bytes Phase2::to_bytes() const {
  Writer out;
  stream([&](ByteSpan piece) { out.bytes(piece); });
  return out.take();
}

void Phase2::stream(const ByteSink& out) const {
  Writer head;
  write_artefact_header(head, ArtefactKind::phase2);
  head.bytes(ceremony).u32(contributions).bytes(chain);
  out(head.view());
  stream_elements(out, key);
}

uint64_t Phase2::size_bytes(const ConstraintSystem& cs) {
  KeyElements shapes;
  shapes.layout = cs.layout();
  shapes.log_n = domain_log_n(cs);
  return phase2_head_bytes + encoded_size(shapes);
}

Phase2 Phase2::from_bytes(ByteSpan data, SubgroupCheck check) {
  Reader in(data, "state of the second phase");
  read_artefact_header(in, ArtefactKind::phase2);
  Phase2 state;
  const auto read_digest = [&](Digest& digest) {
    const ByteSpan bytes = in.bytes(digest.size());
    std::copy(bytes.begin(), bytes.end(), digest.begin());
  };
  read_digest(state.ceremony);
  state.contributions = in.u32();
  read_digest(state.chain);
  state.key = read_elements(in, check);
  in.done();
  return state;
}

Digest Phase2::state_digest() const {
  Sha256 hash;
  stream_elements([&](ByteSpan piece) { hash.update(piece); }, key);
  return hash.finish();
}

Phase2Contributed contribute(const Phase2& before, std::string_view name, ByteSpan context,
                             const Progress& progress) {
  check_contributor(name, context);
  Phase2 state = before;
  KeyElements& key = state.key;
  for (const GroupElements& group : key.groups)
    if (group.knowledge.empty()) throw ParameterError("phase 2: an empty group of committed wires");
  std::vector<Fr, WipingAllocator<Fr>> secrets(1 + key.groups.size());  // delta, then each sigma
  for (Fr& secret : secrets) do
      secret = Fr::random();
    while (secret.is_zero());

  size_t total = key.l.size() + key.h.size(), done = 0;
  for (const GroupElements& group : key.groups) total += group.knowledge.size();
  const auto multiply = [&](std::vector<G1Affine>& points, const Fr& factor) {
    for (size_t start = 0; start < points.size(); start += points_a_slab) {
      const size_t count = std::min(points_a_slab, points.size() - start);
      batch_mul_same_scalar(std::span<G1Affine>(points).subspan(start, count), factor);
      done += count;
      report(progress, 0.95 * static_cast<double>(done) / static_cast<double>(total));
    }
  };
  Fr delta_inverse = secrets[0].inverse();
  multiply(key.l, delta_inverse);
  multiply(key.h, delta_inverse);
  wipe_object(delta_inverse);
  key.delta_1 = mul(G1(key.delta_1), secrets[0]).to_affine();
  key.delta_2 = mul(G2(key.delta_2), secrets[0]).to_affine();
  for (size_t g = 0; g < key.groups.size(); ++g) {
    multiply(key.groups[g].knowledge, secrets[1 + g]);
    key.groups[g].sigma_2 = mul(G2(key.groups[g].sigma_2), secrets[1 + g]).to_affine();
  }

  Contribution record =
      make_contribution(before.chain, name, context, before.leading_points(), secrets, state.state_digest());
  state.contributions = before.contributions + 1;
  state.chain = chain_digest(before.chain, record);
  report(progress, 1.0);
  return {std::move(state), std::move(record)};
}

}  // namespace pyzkfl::groth16
