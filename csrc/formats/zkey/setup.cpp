// See setup.h.
#include "formats/zkey/setup.h"

#include <array>

#include "base/errors.h"
#include "curves/batch_mul.h"
#include "curves/scalar_mul.h"
#include "formats/container/elements.h"
#include "formats/zkey/circuit_key.h"
#include "formats/zkey/phase2_records.h"
#include "formats/zkey/zkey_file.h"

namespace pyzkfl::formats {

void setup_zkey(const std::string& r1cs, const std::string& ptau, const std::string& output,
                const std::string& name, const Progress& progress) {
  check_contribution_name(name);
  check_not_input(output, std::array{r1cs, ptau});
  check_output(output);
  const R1csFile circuit(r1cs);
  const PtauFile powers(ptau);
  CircuitKey key =
      make_circuit_key(circuit, powers, [&](double fraction) { report(progress, 0.75 * fraction); });

  Phase2Records records{key.hash, {}};
  ContributionParameters parameters;
  parameters.name = name;
  const Phase2Secret secret;
  records.append(secret, g1_generator(), std::move(parameters));
  const G2Affine delta_2 = mul(G2(g2_generator()), secret.x).to_affine();
  batch_mul_same_scalar(key.l(), secret.x_inverse);
  report(progress, 0.85);
  batch_mul_same_scalar(key.h, secret.x_inverse);
  report(progress, 0.95);

  groth16::KeyView header;
  header.log_n = key.log_n;
  header.num_public = circuit.num_public();
  header.num_wires = circuit.num_wires();
  header.alpha_1 = key.alpha_1;
  header.beta_1 = key.beta_1;
  header.beta_2 = key.beta_2;
  header.gamma_2 = g2_generator();
  header.delta_1 = records.records.back().delta_after;
  header.delta_2 = delta_2;
  ContainerWriter out(output, "zkey", 1, 10);
  write_zkey_head(out, header);
  out.section(zkey_ic, raw_bytes(key.ic()));
  out.begin(zkey_coefficients);
  stream_coefficients(circuit, [&](ByteSpan piece) { out.write(piece); });
  out.end();
  out.section(zkey_a, raw_bytes(std::span<const G1Affine>(key.a)));
  out.section(zkey_b_1, raw_bytes(std::span<const G1Affine>(key.b_1)));
  out.section(zkey_b_2, raw_bytes(std::span<const G2Affine>(key.b_2)));
  out.section(zkey_l, raw_bytes(std::span<const G1Affine>(key.l())));
  out.section(zkey_h, raw_bytes(std::span<const G1Affine>(key.h)));
  Writer section;
  records.write(section);
  out.section(zkey_contributions, section.view());
  out.commit();
  report(progress, 1.0);
}

}  // namespace pyzkfl::formats
