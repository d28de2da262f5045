// See key_elements.h.
#include "groth16/key_elements.h"

#include <algorithm>
#include <array>
#include <string>

#include "poly/domain.h"

namespace pyzkfl::groth16 {
namespace {

constexpr uint32_t most_groups = 14;
constexpr uint64_t most_wires = uint64_t{1} << 30;

uint64_t points_bytes(const KeyElements& key) {
  const WireLayout& layout = key.layout;
  const uint64_t g1 = 3 + (1 + uint64_t{layout.num_public}) + 2 * uint64_t{layout.num_committed()} +
                      uint64_t{layout.num_private} + (key.domain_size() - 1) +
                      2 * uint64_t{layout.num_wires()};
  const uint64_t g2 = 2 + uint64_t{layout.num_groups()} + uint64_t{layout.num_wires()};
  return g1 * g1_evm_bytes + g2 * g2_evm_bytes;
}

G1Affine read_g1(Reader& in) { return g1_from_evm(in.bytes<g1_evm_bytes>(), Infinity::refused); }
G2Affine read_g2(Reader& in) { return g2_from_evm(in.bytes<g2_evm_bytes>(), Infinity::refused); }

}  // namespace

unsigned domain_log_n(const ConstraintSystem& cs) {
  unsigned log_n = 1;
  while (log_n < Domain::kMostLogN && (size_t{1} << log_n) < cs.num_constraints()) ++log_n;
  if ((size_t{1} << log_n) < cs.num_constraints()) throw ParameterError("a circuit has at most 2^28 rows");
  return log_n;
}

size_t encoded_size(const KeyElements& shapes) {
  return sizeof(Digest) + 1 + 4 + 4 + 1 + 4 * shapes.layout.num_groups() + points_bytes(shapes);
}

void write_elements(Writer& out, const KeyElements& key) {
  stream_elements([&](ByteSpan piece) { out.bytes(piece); }, key);
}

void stream_elements(const ByteSink& out, const KeyElements& key) {
  Writer head;
  head.bytes(key.circuit).u8(static_cast<uint8_t>(key.log_n));
  head.u32(key.layout.num_public)
      .u32(key.layout.num_private)
      .u8(static_cast<uint8_t>(key.layout.num_groups()));
  for (const uint32_t size : key.layout.group_sizes) head.u32(size);
  write_points(head, std::array{key.alpha_1, key.beta_1, key.delta_1});
  write_points(head, std::array{key.beta_2, key.delta_2});
  out(head.view());
  stream_points(out, key.ic);
  for (const GroupElements& group : key.groups) {
    stream_points(out, group.basis);
    stream_points(out, group.knowledge);
    stream_points(out, std::array{group.sigma_2});
  }
  stream_points(out, key.l);
  stream_points(out, key.h);
  stream_points(out, key.a);
  stream_points(out, key.b_1);
  stream_points(out, key.b_2);
}

KeyElements read_elements(Reader& in, SubgroupCheck check) {
  KeyElements key;
  const ByteSpan circuit = in.bytes(key.circuit.size());
  std::copy(circuit.begin(), circuit.end(), key.circuit.begin());
  key.log_n = in.u8();
  if (key.log_n < 1 || key.log_n > Domain::kMostLogN)
    in.fail("no domain has 2^" + std::to_string(key.log_n) + " points");
  key.layout.num_public = in.u32();
  key.layout.num_private = in.u32();
  const uint32_t num_groups = in.u8();
  if (num_groups > most_groups) in.fail("more than 14 groups of committed wires");
  uint64_t wires = 1 + uint64_t{key.layout.num_public} + key.layout.num_private;
  for (uint32_t g = 0; g < num_groups; ++g) {
    const uint32_t size = in.u32();
    if (size == 0) in.fail("an empty group of committed wires");
    key.layout.group_sizes.push_back(size);
    wires += size;
  }
  if (wires > most_wires) in.fail("more than 2^30 wires");
  if (points_bytes(key) > in.remaining())
    in.fail("truncated: the key's sizes ask for more bytes than there are");

  key.alpha_1 = read_g1(in);
  key.beta_1 = read_g1(in);
  key.delta_1 = read_g1(in);
  key.beta_2 = read_g2(in);
  key.delta_2 = read_g2(in);
  key.ic = read_g1_points(in, 1 + size_t{key.layout.num_public}, Infinity::refused);
  for (const uint32_t size : key.layout.group_sizes) {
    GroupElements group;
    group.basis = read_g1_points(in, size, Infinity::refused);
    group.knowledge = read_g1_points(in, size, Infinity::refused);
    group.sigma_2 = read_g2(in);
    key.groups.push_back(std::move(group));
  }
  key.l = read_g1_points(in, key.layout.num_private, Infinity::allowed);
  key.h = read_g1_points(in, key.domain_size() - 1, Infinity::refused);
  key.a = read_g1_points(in, key.layout.num_wires(), Infinity::allowed);
  key.b_1 = read_g1_points(in, key.layout.num_wires(), Infinity::allowed);
  key.b_2 = read_g2_points(in, key.layout.num_wires(), Infinity::allowed, check);
  return key;
}

}  // namespace pyzkfl::groth16
