// See phase2_records.h.
#include "formats/zkey/phase2_records.h"

#include <algorithm>

#include "base/errors.h"
#include "base/secret.h"
#include "curves/encoding.h"
#include "curves/scalar_mul.h"
#include "formats/container/elements.h"
#include "formats/hashing/chacha_points.h"
#include "groth16/pairing_relations.h"

namespace pyzkfl::formats {
namespace {

constexpr size_t least_phase2_record_bytes = 3 * sizeof(G1Affine) + sizeof(G2Affine) + 64 + 4 + 4;
constexpr size_t phase2_records_a_report = 64;  // some tens of milliseconds, whatever is done with them

std::string phase2_contribution_name(size_t i) {
  return "contribution " + std::to_string(i + 1) + " of the second phase";
}

// The hash over the circuit and public keys so far.
void add_keys(Blake2b& hash, const Phase2Record& record) {
  hash.update(to_evm(record.delta_after)).update(to_evm(record.s)).update(to_evm(record.s_x));
  hash.update(to_evm(record.s_x_2)).update(record.transcript);
}

Blake2bDigest transcript_of(Blake2b before, const G1Affine& s, const G1Affine& s_x) {
  return before.update(to_evm(s)).update(to_evm(s_x)).digest();
}

}  // namespace

Blake2bDigest Phase2Record::hash() const {
  Blake2b hash;
  add_keys(hash, *this);
  return hash.digest();
}

Phase2Secret::Phase2Secret() {
  do x = Fr::random();
  while (x.is_zero() || x.is_one());
  x_inverse = x.inverse();
  do s = mul(G1(g1_generator()), Fr::random()).to_affine();
  while (s.is_infinity());
}

Phase2Secret::Phase2Secret(const ContributionParameters& beacon, const Progress& progress) {
  ChaChaWords words(beacon.beacon_seed(progress));
  x = draw_fr(words);
  x_inverse = x.inverse();
  s = draw_g1(words);
}

Phase2Secret::~Phase2Secret() {
  wipe_object(x);
  wipe_object(x_inverse);
}

Phase2Records Phase2Records::read(Reader& in, const Progress& progress) {
  Phase2Records out;
  const ByteSpan circuit = in.bytes(out.circuit.size());
  std::copy(circuit.begin(), circuit.end(), out.circuit.begin());
  const uint32_t count = in.u32();
  if (count > in.remaining() / least_phase2_record_bytes)
    in.fail("truncated: " + std::to_string(count) + " contributions expected");
  out.records.resize(count);
  for (size_t i = 0; i < out.records.size(); ++i) {
    Phase2Record& record = out.records[i];
    record.delta_after = read_g1(in, "a contribution's delta");
    record.s = read_g1(in, "a contribution's s");
    record.s_x = read_g1(in, "a contribution's x s");
    record.s_x_2 = read_g2(in, "a contribution's x s'");
    const ByteSpan transcript = in.bytes(record.transcript.size());
    std::copy(transcript.begin(), transcript.end(), record.transcript.begin());
    record.parameters = ContributionParameters::read(in);
    if (i % phase2_records_a_report == 0) report(progress, static_cast<double>(i) / static_cast<double>(count));
  }
  in.done();
  return out;
}

void Phase2Records::write(Writer& out) const {
  out.bytes(circuit).u32(static_cast<uint32_t>(records.size()));
  for (const Phase2Record& record : records) {
    out.bytes(raw_bytes(record.delta_after)).bytes(raw_bytes(record.s)).bytes(raw_bytes(record.s_x));
    out.bytes(raw_bytes(record.s_x_2)).bytes(record.transcript);
    record.parameters.write(out);
  }
}

void Phase2Records::append(const Phase2Secret& secret, const G1Affine& before,
                           ContributionParameters parameters) {
  Blake2b hash;
  hash.update(circuit);
  for (const Phase2Record& record : records) add_keys(hash, record);
  Phase2Record record;
  record.s = secret.s;
  record.s_x = mul(G1(record.s), secret.x).to_affine();
  record.transcript = transcript_of(hash, record.s, record.s_x);
  record.s_x_2 = mul(G2(hash_to_g2(record.transcript)), secret.x).to_affine();
  record.delta_after = mul(G1(before), secret.x).to_affine();
  record.parameters = std::move(parameters);
  records.push_back(std::move(record));
}

void Phase2Records::check_beacons() const {
  BeaconBudget budget;
  for (size_t i = 0; i < records.size(); ++i) budget.take(records[i].parameters, phase2_contribution_name(i));
}

std::optional<std::string> Phase2Records::problem_with(const G1Affine& delta_1,
                                                       const Progress& progress) const {
  constexpr double chain_share = 0.2;
  check_beacons();
  if ((records.empty() ? g1_generator() : records.back().delta_after) != delta_1)
    return "delta is not that of the last contribution";
  Blake2b hash;
  hash.update(circuit);
  G1Affine before = g1_generator();
  std::vector<groth16::PairingRelation> relations;
  for (size_t i = 0; i < records.size(); ++i) {
    const Phase2Record& record = records[i];
    const std::string which = phase2_contribution_name(i);
    if (transcript_of(hash, record.s, record.s_x) != record.transcript) {
      // A record that was changed shows here, in the next one: the changed one is to be named.
      if (auto problem = groth16::first_false(relations)) return problem;
      return which + " has another transcript than those before it lead to";
    }
    const G2Affine s_2 = hash_to_g2(record.transcript);
    relations.push_back(
        {which + " shows no knowledge of its secret", {{record.s, record.s_x_2}, {-record.s_x, s_2}}});
    relations.push_back({which + " leads to another delta than it says",
                         {{before, record.s_x_2}, {-record.delta_after, s_2}}});
    before = record.delta_after;
    add_keys(hash, record);
    if ((i + 1) % phase2_records_a_report != 0 && i + 1 != records.size()) continue;
    if (const auto problem = groth16::first_false(relations)) return problem;
    relations.clear();
    report(progress, chain_share * static_cast<double>(i + 1) / static_cast<double>(records.size()));
  }
  for (size_t i = 0; i < records.size(); ++i) {
    if (!records[i].parameters.is_beacon()) continue;
    const double share = (1 - chain_share) / static_cast<double>(records.size());
    const Phase2Secret secret(records[i].parameters, [&](double fraction) {
      report(progress, chain_share + share * (static_cast<double>(i) + fraction));
    });
    if (secret.s != records[i].s || mul(G1(secret.s), secret.x).to_affine() != records[i].s_x)
      return phase2_contribution_name(i) + " is not made from its beacon";
  }
  return std::nullopt;
}

}  // namespace pyzkfl::formats
