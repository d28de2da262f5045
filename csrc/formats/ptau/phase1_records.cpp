// See phase1_records.h.
#include "formats/ptau/phase1_records.h"

#include <algorithm>

#include "base/errors.h"
#include "base/secret.h"
#include "curves/encoding.h"
#include "curves/scalar_mul.h"
#include "formats/container/elements.h"
#include "formats/hashing/chacha_points.h"
#include "formats/hashing/hash_points.h"
#include "groth16/pairing_relations.h"

namespace pyzkfl::formats {
namespace {

constexpr size_t least_record_bytes =
    9 * sizeof(G1Affine) + 5 * sizeof(G2Affine) + Blake2b::state_bytes + 64 + 8;
constexpr size_t records_a_report = 64;  // some tens of milliseconds, whatever is done with them
constexpr std::array<const char*, 3> secret_names = {"tau", "alpha", "beta"};

std::string contribution_name(size_t i) { return "contribution " + std::to_string(i + 1); }

G2Affine point_of_challenge(size_t which, const Blake2bDigest& challenge, const SecretProof& proof) {
  const std::array<uint8_t, 1> personalisation = {static_cast<uint8_t>(which)};
  Blake2b hash;
  hash.update(personalisation).update(challenge).update(to_evm(proof.s)).update(to_evm(proof.s_x));
  return hash_to_g2(hash.digest());
}

template <class Range>
void read_bytes(Reader& in, Range& out) {
  const ByteSpan bytes = in.bytes(out.size());
  std::copy(bytes.begin(), bytes.end(), out.begin());
}

// Whether the proofs are those that the record's beacon leads to.
bool is_from_beacon(const Phase1Record& record, const Blake2bDigest& challenge, const Progress& progress) {
  const std::array<SecretProof, 3> expected =
      prove_secrets(Phase1Secrets(record.parameters, progress), challenge);
  return std::ranges::equal(record.proofs, expected, [](const SecretProof& a, const SecretProof& b) {
    return a.s == b.s && a.s_x == b.s_x && a.s_x_2 == b.s_x_2;
  });
}

void add_relations(std::vector<groth16::PairingRelation>& relations, const Phase1Record& record,
                   const PowersHead& before, const Blake2bDigest& challenge, const std::string& which) {
  const PowersHead& after = record.head;
  for (size_t i = 0; i < record.proofs.size(); ++i) {
    const SecretProof& proof = record.proofs[i];
    const G2Affine s_2 = point_of_challenge(i, challenge, proof);
    const std::string name = secret_names[i];
    relations.push_back(
        {which + " shows no knowledge of its " + name, {{proof.s, proof.s_x_2}, {-proof.s_x, s_2}}});
    const auto follows = [&](const G1Affine& old_point, const G1Affine& new_point) {
      relations.push_back({which + " leads to another " + name + " in G1 than it says",
                           {{old_point, proof.s_x_2}, {-new_point, s_2}}});
    };
    const auto follows_2 = [&](const G2Affine& old_point, const G2Affine& new_point) {
      relations.push_back({which + " leads to another " + name + " in G2 than it says",
                           {{proof.s, new_point}, {-proof.s_x, old_point}}});
    };
    if (i == 0) {
      follows(before.tau_1, after.tau_1);
      follows_2(before.tau_2, after.tau_2);
    } else if (i == 1) {
      follows(before.alpha_1, after.alpha_1);
    } else {
      follows(before.beta_1, after.beta_1);
      follows_2(before.beta_2, after.beta_2);
    }
  }
}

}  // namespace

PowersHead PowersHead::of(const PowersOfTau& powers) {
  return {powers.tau_1[1], powers.tau_2[1], powers.alpha_1[0], powers.beta_1[0], powers.beta_2};
}

Blake2bDigest Phase1Record::response() const {
  Blake2b hash = Blake2b::restored(response_state);
  for (const SecretProof& proof : proofs) hash.update(to_evm(proof.s)).update(to_evm(proof.s_x));
  for (const SecretProof& proof : proofs) hash.update(to_evm(proof.s_x_2));
  return hash.digest();
}

std::vector<Phase1Record> read_phase1_records(const PtauFile& file, const Progress& progress) {
  Reader in = file.container().reader(ptau_contributions);
  const uint32_t count = in.u32();
  if (count > in.remaining() / least_record_bytes)
    in.fail("truncated: " + std::to_string(count) + " contributions expected");
  std::vector<Phase1Record> records(count);
  for (size_t i = 0; i < records.size(); ++i) {
    Phase1Record& record = records[i];
    record.head.tau_1 = read_g1(in, "a contribution's tau");
    record.head.tau_2 = read_g2(in, "a contribution's tau in G2");
    record.head.alpha_1 = read_g1(in, "a contribution's alpha");
    record.head.beta_1 = read_g1(in, "a contribution's beta");
    record.head.beta_2 = read_g2(in, "a contribution's beta in G2");
    for (SecretProof& proof : record.proofs) {
      proof.s = read_g1(in, "a contribution's s");
      proof.s_x = read_g1(in, "a contribution's x s");
    }
    for (SecretProof& proof : record.proofs) proof.s_x_2 = read_g2(in, "a contribution's x s'");
    read_bytes(in, record.response_state);
    read_bytes(in, record.next_challenge);
    record.parameters = ContributionParameters::read(in);
    if (i % records_a_report == 0) report(progress, static_cast<double>(i) / static_cast<double>(count));
  }
  in.done();
  return records;
}

void write_phase1_records(Writer& out, std::span<const Phase1Record> records) {
  out.u32(static_cast<uint32_t>(records.size()));
  for (const Phase1Record& record : records) {
    const PowersHead& head = record.head;
    out.bytes(raw_bytes(head.tau_1)).bytes(raw_bytes(head.tau_2)).bytes(raw_bytes(head.alpha_1));
    out.bytes(raw_bytes(head.beta_1)).bytes(raw_bytes(head.beta_2));
    for (const SecretProof& proof : record.proofs) out.bytes(raw_bytes(proof.s)).bytes(raw_bytes(proof.s_x));
    for (const SecretProof& proof : record.proofs) out.bytes(raw_bytes(proof.s_x_2));
    out.bytes(record.response_state).bytes(record.next_challenge);
    record.parameters.write(out);
  }
}

Blake2bDigest first_challenge(unsigned log_n, const Progress& progress) {
  constexpr size_t batch = 1 << 13;
  Blake2b hash;
  hash.update(blake2b({}));
  const uint64_t n = uint64_t{1} << log_n;
  const double total = 384.0 * static_cast<double>(n);
  double done = 0;
  const auto repeat = [&](ByteSpan point, uint64_t count) {
    Bytes block;
    for (size_t i = 0; i < std::min<uint64_t>(batch, count); ++i)
      block.insert(block.end(), point.begin(), point.end());
    for (uint64_t left = count; left > 0;) {
      const uint64_t now = std::min<uint64_t>(left, batch);
      hash.update(ByteSpan(block).first(static_cast<size_t>(now) * point.size()));
      left -= now;
      report(progress, std::min(1.0, (done += static_cast<double>(now * point.size())) / total));
    }
  };
  const auto g1 = to_evm(g1_generator());
  const auto g2 = to_evm(g2_generator());
  repeat(g1, 2 * n - 1);
  repeat(g2, n);
  repeat(g1, n);
  repeat(g1, n);
  hash.update(g2);
  return hash.digest();
}

Phase1Secrets::Phase1Secrets() {
  for (Fr& value : values) {
    do value = Fr::random();
    while (value.is_zero());
  }
  for (G1Affine& point : s) {
    do point = mul(G1(g1_generator()), Fr::random()).to_affine();
    while (point.is_infinity());
  }
}

Phase1Secrets::Phase1Secrets(const ContributionParameters& beacon, const Progress& progress) {
  ChaChaWords words(beacon.beacon_seed(progress));
  for (Fr& value : values) value = draw_fr(words);
  for (G1Affine& point : s) point = draw_g1(words);
}

Phase1Secrets::~Phase1Secrets() { wipe_object(values); }

std::array<SecretProof, 3> prove_secrets(const Phase1Secrets& secrets, const Blake2bDigest& challenge) {
  std::array<SecretProof, 3> proofs;
  for (size_t i = 0; i < proofs.size(); ++i) {
    proofs[i].s = secrets.s[i];
    proofs[i].s_x = mul(G1(proofs[i].s), secrets.values[i]).to_affine();
    proofs[i].s_x_2 = mul(G2(point_of_challenge(i, challenge, proofs[i])), secrets.values[i]).to_affine();
  }
  return proofs;
}

Blake2bDigest next_challenge(const Blake2bDigest& response, const PowersOfTau& powers) {
  Blake2b hash;
  hash.update(response);
  hash_uncompressed(hash, powers.tau_1);
  hash_uncompressed(hash, powers.tau_2);
  hash_uncompressed(hash, powers.alpha_1);
  hash_uncompressed(hash, powers.beta_1);
  return hash.update(to_evm(powers.beta_2)).digest();
}

void check_beacons(std::span<const Phase1Record> records) {
  BeaconBudget budget;
  for (size_t i = 0; i < records.size(); ++i) budget.take(records[i].parameters, contribution_name(i));
}

std::optional<std::string> problem_with_chain(std::span<const Phase1Record> records,
                                              const Blake2bDigest& first, const Progress& progress) {
  constexpr double chain_share = 0.2;
  check_beacons(records);
  PowersHead before;
  Blake2bDigest challenge = first;
  std::vector<groth16::PairingRelation> relations;
  for (size_t i = 0; i < records.size(); ++i) {
    const Phase1Record& record = records[i];
    add_relations(relations, record, before, challenge, contribution_name(i));
    before = record.head;
    challenge = record.next_challenge;
    if ((i + 1) % records_a_report != 0 && i + 1 != records.size()) continue;
    if (const auto problem = groth16::first_false(relations)) return problem;
    relations.clear();
    report(progress, chain_share * static_cast<double>(i + 1) / static_cast<double>(records.size()));
  }
  for (size_t i = 0; i < records.size(); ++i) {
    const double share = (1 - chain_share) / static_cast<double>(records.size());
    const Progress hashing = [&](double fraction) {
      report(progress, chain_share + share * (static_cast<double>(i) + fraction));
    };
    if (records[i].parameters.is_beacon() &&
        !is_from_beacon(records[i], i == 0 ? first : records[i - 1].next_challenge, hashing))
      return contribution_name(i) + " is not made from its beacon";
  }
  return std::nullopt;
}

}  // namespace pyzkfl::formats
