// See r1cs_file.h.
#include "formats/circuit/r1cs_file.h"

#include <array>

#include "base/errors.h"
#include "formats/container/elements.h"

namespace pyzkfl::formats {
namespace {

enum SectionType : uint32_t { header = 1, constraints = 2, labels = 3, custom_gates = 4, custom_uses = 5 };
constexpr size_t term_bytes = 4 + 32;

}  // namespace

R1csFile::R1csFile(const std::string& path) : file_(path, "r1cs", 1) {
  Reader in = file_.reader(header);
  read_scalar_prime(in);
  num_wires_ = in.u32();
  const uint64_t outputs = in.u32(), public_inputs = in.u32(), private_inputs = in.u32();
  in.u64();  // how many labels the source has
  num_constraints_ = in.u32();
  in.done();
  if (1 + outputs + public_inputs + private_inputs > num_wires_)
    file_.fail(header, "more inputs and outputs than its " + std::to_string(num_wires_) + " wires");
  num_public_ = static_cast<uint32_t>(outputs + public_inputs);
  if (file_.has(labels)) (void)file_.array(labels, num_wires_, 8);
  for (const uint32_t type : {custom_gates, custom_uses})
    if (file_.has(type) && file_.reader(type).u32() != 0)
      throw UnsupportedVersion(path + ": uses custom gates, which Groth16 does not have");
  check_constraints();
  // What is made from a circuit has a place for every wire, so its size must be paid for in the file.
  if (!file_.has(labels) && num_wires_ > 1 + num_terms_)
    file_.fail(header, "it says " + std::to_string(num_wires_) + " wires, and uses and labels fewer");
}

void R1csFile::check_constraints() {
  constraints_ = file_.section(constraints);
  Reader in = file_.reader(constraints);
  for (uint32_t row = 0; row < num_constraints_; ++row)
    for (unsigned matrix = 0; matrix < 3; ++matrix) {
      const uint32_t count = in.u32();
      if (count > in.remaining() / term_bytes)
        in.fail("truncated: constraint " + std::to_string(row) + " is to have " + std::to_string(count) +
                " terms");
      const ByteSpan terms = in.bytes(count * term_bytes);
      for (uint32_t i = 0; i < count; ++i) {
        const uint8_t* const term = terms.data() + i * term_bytes;
        uint32_t wire;
        std::memcpy(&wire, term, sizeof wire);
        if (wire >= num_wires_)
          in.fail("constraint " + std::to_string(row) + " uses wire " + std::to_string(wire) + " of " +
                  std::to_string(num_wires_));
        if (!limbs::less(load_limbs(term + 4), Fr::modulus))
          in.fail("constraint " + std::to_string(row) + " has a coefficient that is not below r");
      }
      num_terms_ += count;
    }
  in.done();
}

void write_r1cs(const std::string& path, const ConstraintSystem& cs) {
  if (cs.layout().num_groups() != 0)
    throw ParameterError("a .r1cs file has no committed wires: only circuits without them can be written");
  const auto wires = static_cast<uint32_t>(cs.num_wires());
  Writer out;
  write_scalar_prime(out);
  out.u32(wires).u32(static_cast<uint32_t>(cs.num_public())).u32(0).u32(0).u64(wires);
  out.u32(static_cast<uint32_t>(cs.num_circuit_constraints()));
  ContainerWriter file(path, "r1cs", 1, 3);
  file.section(header, out.view());
  std::vector<std::array<uint8_t, 32>> coefficients;
  for (const Fr& value : cs.coefficients()) coefficients.push_back(value.to_bytes_le());
  file.begin(constraints);
  for (size_t row = 0; row < cs.num_circuit_constraints(); ++row) {
    Writer terms;
    for (const Side side : {Side::a, Side::b, Side::c}) {
      const SparseMatrix& matrix = cs.matrix(side);
      terms.u32(static_cast<uint32_t>(matrix.row_start[row + 1] - matrix.row_start[row]));
      for (uint64_t e = matrix.row_start[row]; e < matrix.row_start[row + 1]; ++e)
        terms.u32(matrix.wire[e]).bytes(coefficients[matrix.coefficient[e]]);
    }
    file.write(terms.view());
  }
  file.end();
  Writer label;
  for (uint32_t wire = 0; wire < wires; ++wire) label.u64(wire);
  file.section(labels, label.view());
  file.commit();
}

}  // namespace pyzkfl::formats
