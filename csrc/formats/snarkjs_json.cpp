// See snarkjs_json.h.
#include "formats/snarkjs_json.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"

namespace pyzkfl::formats {
namespace {

template <class F>
std::string quoted(const F& v) {
  return '"' + decimal(v.to_canonical()) + '"';
}

std::string list(std::span<const std::string> items) {
  std::string out = "[";
  for (size_t i = 0; i < items.size(); ++i) out += (i == 0 ? "" : ", ") + items[i];
  return out + "]";
}

std::string list(std::initializer_list<std::string> items) {
  return list(std::span<const std::string>(items.begin(), items.size()));
}

std::string json(const Fp2& v) { return list({quoted(v.c0), quoted(v.c1)}); }
std::string json(const G1Affine& p) { return list({quoted(p.x), quoted(p.y), "\"1\""}); }
std::string json(const G2Affine& p) { return list({json(p.x), json(p.y), "[\"1\", \"0\"]"}); }

// One "name": value a line.
std::string object(std::initializer_list<std::pair<const char*, std::string>> fields) {
  std::string out = "{\n";
  size_t left = fields.size();
  for (const auto& [name, value] : fields)
    out += " \"" + std::string(name) + "\": " + value + (--left == 0 ? "\n" : ",\n");
  return out + "}\n";
}

}  // namespace

std::string decimal(const Limbs& value) {
  Limbs rest = value;
  std::string digits;
  while (std::any_of(rest.begin(), rest.end(), [](uint64_t limb) { return limb != 0; })) {
    unsigned __int128 remainder = 0;
    for (size_t i = rest.size(); i-- > 0;) {
      const unsigned __int128 part = remainder << 64 | rest[i];
      rest[i] = static_cast<uint64_t>(part / 10);
      remainder = part % 10;
    }
    digits.push_back(static_cast<char>('0' + static_cast<int>(remainder)));
  }
  if (digits.empty()) return "0";
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string verification_key_json(const groth16::VerifyingKey& key) {
  if (key.num_groups() != 0)
    throw ParameterError(
        "snarkjs knows no committed wires: only keys of circuits without commitments can be exported");
  const auto ic = key.ic();
  return verification_key_json(groth16::PlainVerifyingKey(key.alpha_1(), key.beta_2(), g2_generator(),
                                                          key.delta_2(), {ic.begin(), ic.end()}));
}

std::string verification_key_json(const groth16::PlainVerifyingKey& key) {
  std::vector<std::string> ic;
  for (const G1Affine& point : key.ic()) ic.push_back(json(point));
  return object({{"protocol", "\"groth16\""},
                 {"curve", "\"bn128\""},
                 {"nPublic", std::to_string(key.num_public())},
                 {"vk_alpha_1", json(key.alpha_1())},
                 {"vk_beta_2", json(key.beta_2())},
                 {"vk_gamma_2", json(key.gamma_2())},
                 {"vk_delta_2", json(key.delta_2())},
                 {"IC", list(ic)}});
}

std::string proof_json(const groth16::Proof& proof) {
  return object({{"pi_a", json(proof.a)},
                 {"pi_b", json(proof.b)},
                 {"pi_c", json(proof.c)},
                 {"protocol", "\"groth16\""},
                 {"curve", "\"bn128\""}});
}

std::string public_json(std::span<const Fr> inputs) {
  std::vector<std::string> values;
  for (const Fr& input : inputs) values.push_back(quoted(input));
  return list(values) + "\n";
}

}  // namespace pyzkfl::formats
