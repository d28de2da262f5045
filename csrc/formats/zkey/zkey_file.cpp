// See zkey_file.h.
#include "formats/zkey/zkey_file.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "formats/container/elements.h"

namespace pyzkfl::formats {
namespace {

constexpr size_t chunk = 4096;  // coefficients that a thread takes at a time

struct Entry {
  uint32_t matrix, row, wire;
};

Entry entry_at(ByteSpan coefficients, size_t i) {
  Entry out;
  std::memcpy(&out, coefficients.data() + i * zkey_coefficient_bytes, sizeof out);
  return out;
}

Limbs value_at(ByteSpan coefficients, size_t i) {
  return load_limbs(coefficients.data() + i * zkey_coefficient_bytes + sizeof(Entry));
}

}  // namespace

ZkeyFile::ZkeyFile(const std::string& path) : file_(path, "zkey", 1) {
  Reader protocol = file_.reader(zkey_protocol);
  if (const uint32_t id = protocol.u32(); id != zkey_groth16)
    throw UnsupportedVersion(path + ": a key of " +
                             (id == 2 ? "PLONK" : id == 10 ? "FFLONK" : "an unknown protocol") +
                             "; this release reads Groth16's");
  protocol.done();
  Reader in = file_.reader(zkey_header);
  read_coordinate_prime(in);
  read_scalar_prime(in);
  view_.num_wires = in.u32();
  view_.num_public = in.u32();
  const uint32_t domain = in.u32();
  if (!std::has_single_bit(domain) || domain < 2 || domain > uint32_t{1} << zkey_most_log_n)
    in.fail("a domain of " + std::to_string(domain) + " points, where a power of two from 2 to 2^27 is due");
  view_.log_n = static_cast<unsigned>(std::countr_zero(domain));
  if (view_.num_public >= view_.num_wires)
    in.fail(std::to_string(view_.num_public) + " public inputs of " + std::to_string(view_.num_wires) +
            " wires");
  view_.alpha_1 = read_g1(in, "alpha");
  view_.beta_1 = read_g1(in, "beta in G1");
  view_.beta_2 = read_g2(in, "beta in G2");
  view_.gamma_2 = read_g2(in, "gamma");
  view_.delta_1 = read_g1(in, "delta in G1");
  view_.delta_2 = read_g2(in, "delta in G2");
  in.done();
  const auto g1 = [&](uint32_t type, uint64_t count) {
    return PointBytes<Fp>(file_.array(type, count, sizeof(G1Affine)).data(), count);
  };
  const uint64_t wires = view_.num_wires;
  view_.ic = g1(zkey_ic, uint64_t{view_.num_public} + 1);
  view_.a = g1(zkey_a, wires);
  view_.b_1 = g1(zkey_b_1, wires);
  view_.b_2 = PointBytes<Fp2>(file_.array(zkey_b_2, wires, sizeof(G2Affine)).data(), wires);
  view_.l = g1(zkey_l, wires - view_.num_public - 1);
  view_.h = g1(zkey_h, domain);
  view_.basis = groth16::QuotientBasis::odd_lagrange;
  Reader coefficients = file_.reader(zkey_coefficients);
  num_coefficients_ = coefficients.u32();
  if (coefficients.remaining() % zkey_coefficient_bytes != 0 ||
      coefficients.remaining() / zkey_coefficient_bytes != num_coefficients_)
    coefficients.fail("is to have " + std::to_string(num_coefficients_) + " coefficients, but has " +
                      std::to_string(coefficients.remaining()) + " bytes for them");
  coefficients_ = coefficients.bytes(coefficients.remaining());
}

bool ZkeyFile::check_coefficients() const {
  std::atomic<bool> ordered = true;
  parallel_for(num_coefficients_, chunk, [&](size_t begin, size_t end) {
    uint32_t row = begin == 0 ? 0 : entry_at(coefficients_, begin - 1).row;
    bool in_order = true;
    for (size_t i = begin; i < end; ++i) {
      const Entry e = entry_at(coefficients_, i);
      if (e.matrix > 1 || e.row >= view_.domain_size() || e.wire >= view_.num_wires)
        file_.fail(zkey_coefficients, "coefficient " + std::to_string(i) + ": matrix " +
                                          std::to_string(e.matrix) + ", row " + std::to_string(e.row) +
                                          ", wire " + std::to_string(e.wire) + " is outside the circuit");
      if (!limbs::less(value_at(coefficients_, i), Fr::modulus))
        file_.fail(zkey_coefficients, "coefficient " + std::to_string(i) + " is not below r");
      in_order &= row <= e.row;
      row = e.row;
    }
    if (!in_order) ordered = false;
  });
  return ordered;
}

groth16::RowValues ZkeyFile::rows(std::span<const Fr> witness) const {
  if (witness.size() != view_.num_wires)
    throw ParameterError("the witness has " + std::to_string(witness.size()) + " values, the key " +
                         std::to_string(view_.num_wires) + " wires");
  const bool ordered = check_coefficients();
  const size_t n = view_.domain_size();
  groth16::RowValues out{Witness::Values(n), Witness::Values(n)};
  // The Montgomery product of v R^2 with w R is v w R^2: one more reduction follows for each row.
  const auto accumulate = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const Entry e = entry_at(coefficients_, i);
      (e.matrix == 0 ? out.a : out.b)[e.row] +=
          Fr::from_montgomery_limbs(value_at(coefficients_, i)) * witness[e.wire];
    }
  };
  // A row belongs to the chunk that it begins in.
  const auto next_row = [&](size_t i) {
    while (i > 0 && i < num_coefficients_ && entry_at(coefficients_, i).row == entry_at(coefficients_, i - 1).row)
      ++i;
    return i;
  };
  if (ordered)
    parallel_for(num_coefficients_, chunk,
                 [&](size_t begin, size_t end) { accumulate(next_row(begin), next_row(end)); });
  else
    accumulate(0, num_coefficients_);
  parallel_for(n, chunk, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      out.a[i] = Fr::from_montgomery_limbs(out.a[i].to_canonical());
      out.b[i] = Fr::from_montgomery_limbs(out.b[i].to_canonical());
    }
  });
  return out;
}

}  // namespace pyzkfl::formats
