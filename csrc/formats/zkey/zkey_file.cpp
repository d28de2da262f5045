// See zkey_file.h.
#include "formats/zkey/zkey_file.h"

#include <bit>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "formats/container/elements.h"
#include "groth16/coefficient_rows.h"

namespace pyzkfl::formats {
namespace {

constexpr size_t coefficients_a_thread = 4096;  // coefficients that a thread takes at a time

struct Entry {
  uint32_t matrix, row, wire;
};

}  // namespace

ZkeyFile::ZkeyFile(const std::string& path) : file_(path, "zkey", 1) {
  Reader protocol = file_.reader(zkey_protocol);
  if (const uint32_t id = protocol.u32(); id != zkey_groth16)
    throw UnsupportedVersion(path + ": a key of " +
                             (id == 2    ? "PLONK"
                              : id == 10 ? "FFLONK"
                                         : "an unknown protocol") +
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
  if (coefficients.remaining() % groth16::coefficient_entry_bytes != 0 ||
      coefficients.remaining() / groth16::coefficient_entry_bytes != num_coefficients_)
    coefficients.fail("is to have " + std::to_string(num_coefficients_) + " coefficients, but has " +
                      std::to_string(coefficients.remaining()) + " bytes for them");
  coefficients_ = coefficients.bytes(coefficients.remaining());
}

void ZkeyFile::check_coefficients() const {
  parallel_for(num_coefficients_, coefficients_a_thread, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const uint8_t* const bytes = coefficients_.data() + i * groth16::coefficient_entry_bytes;
      Entry e;
      std::memcpy(&e, bytes, sizeof e);
      if (e.matrix > 1 || e.row >= view_.domain_size() || e.wire >= view_.num_wires)
        file_.fail(zkey_coefficients, "coefficient " + std::to_string(i) + ": matrix " +
                                          std::to_string(e.matrix) + ", row " + std::to_string(e.row) +
                                          ", wire " + std::to_string(e.wire) + " is outside the circuit");
      if (!limbs::less(load_limbs(bytes + sizeof e), Fr::modulus))
        file_.fail(zkey_coefficients, "coefficient " + std::to_string(i) + " is not below r");
    }
  });
}

groth16::RowValues ZkeyFile::rows(std::span<const Fr> witness) const {
  if (witness.size() != view_.num_wires)
    throw ParameterError("the witness has " + std::to_string(witness.size()) + " values, the key " +
                         std::to_string(view_.num_wires) + " wires");
  return groth16::rows_of(coefficients_, view_.log_n, witness);
}

void write_zkey_head(ContainerWriter& out, const groth16::KeyView& key) {
  Writer section;
  section.u32(zkey_groth16);
  out.section(zkey_protocol, section.view());
  section = Writer();
  write_coordinate_prime(section);
  write_scalar_prime(section);
  section.u32(key.num_wires).u32(key.num_public).u32(static_cast<uint32_t>(key.domain_size()));
  section.bytes(raw_bytes(key.alpha_1)).bytes(raw_bytes(key.beta_1)).bytes(raw_bytes(key.beta_2));
  section.bytes(raw_bytes(key.gamma_2)).bytes(raw_bytes(key.delta_1)).bytes(raw_bytes(key.delta_2));
  out.section(zkey_header, section.view());
}

}  // namespace pyzkfl::formats
