// See contribution.h.
#include "groth16/contribution.h"

#include <algorithm>
#include <array>

#include "base/secret.h"
#include "curves/encoding.h"
#include "curves/scalar_mul.h"
#include "kzg/artefact.h"

namespace pyzkfl::groth16 {
namespace {

constexpr size_t most_name_bytes = 64;
constexpr size_t most_context_bytes = 1024;
constexpr size_t most_secrets = 16;

void absorb(Sha256& hash, ByteSpan data) {
  Writer length;
  length.u64(data.size());
  hash.update(length.view()).update(data);
}

void absorb(Sha256& hash, const G1Affine& point) { hash.update(to_evm(point)); }

}  // namespace

Fr contribution_challenge(const Contribution& record, const Digest& before,
                          std::span<const G1Affine> old_leading) {
  std::array<uint8_t, 64> wide;
  for (uint8_t half = 0; half < 2; ++half) {
    Sha256 hash;
    absorb(hash, as_bytes("pyzkfl/1 contribution challenge"));
    hash.update(std::array{half}).update(before);
    absorb(hash, as_bytes(record.name));
    absorb(hash, record.context);
    hash.update(std::array{static_cast<uint8_t>(old_leading.size())});
    for (const G1Affine& point : old_leading) absorb(hash, point);
    for (const G1Affine& point : record.leading) absorb(hash, point);
    for (const G1Affine& point : record.nonces) absorb(hash, point);
    hash.update(record.state);
    const Digest digest = hash.finish();
    std::copy(digest.begin(), digest.end(), wide.begin() + 32 * half);
  }
  return Fr::from_bytes_wide_be(wide);
}

void check_contributor(std::string_view name, ByteSpan context) {
  if (name.empty() || name.size() > most_name_bytes)
    throw ParameterError("a contributor's name has 1 to 64 bytes, not " + std::to_string(name.size()));
  if (context.size() > most_context_bytes)
    throw ParameterError("a contribution's context has at most 1024 bytes, not " +
                         std::to_string(context.size()));
}

Bytes Contribution::to_bytes() const {
  Writer out;
  write_artefact_header(out, ArtefactKind::contribution);
  out.u8(static_cast<uint8_t>(name.size())).bytes(as_bytes(name));
  out.u16(static_cast<uint16_t>(context.size())).bytes(context);
  out.u8(static_cast<uint8_t>(leading.size()));
  for (size_t i = 0; i < leading.size(); ++i)
    out.bytes(to_evm(leading[i])).bytes(to_evm(nonces[i])).bytes(responses[i].to_bytes_be());
  out.bytes(state);
  return out.take();
}

Contribution Contribution::from_bytes(ByteSpan data) {
  Reader in(data, "record of a contribution");
  read_artefact_header(in, ArtefactKind::contribution);
  Contribution record;
  const ByteSpan name = in.bytes(in.u8());
  record.name.assign(name.begin(), name.end());
  const ByteSpan context = in.bytes(in.u16());
  record.context.assign(context.begin(), context.end());
  if (record.name.empty() || record.name.size() > most_name_bytes ||
      record.context.size() > most_context_bytes)
    in.fail("a name of 1 to 64 bytes and a context of at most 1024 are expected");
  const uint8_t secrets = in.u8();
  if (secrets > most_secrets) in.fail("too many secrets");
  for (uint8_t i = 0; i < secrets; ++i) {
    record.leading.push_back(g1_from_evm(in.bytes<g1_evm_bytes>(), Infinity::refused));
    record.nonces.push_back(g1_from_evm(in.bytes<g1_evm_bytes>(), Infinity::refused));
    record.responses.push_back(Fr::from_bytes_be(in.bytes<32>()));
  }
  const ByteSpan state = in.bytes(record.state.size());
  std::copy(state.begin(), state.end(), record.state.begin());
  in.done();
  return record;
}

Digest ceremony_digest(std::string_view phase, std::span<const ByteSpan> parts) {
  Sha256 hash;
  absorb(hash, as_bytes("pyzkfl/1 ceremony"));
  absorb(hash, as_bytes(phase));
  for (const ByteSpan part : parts) absorb(hash, part);
  return hash.finish();
}

Digest chain_digest(const Digest& before, const Contribution& record) {
  Sha256 hash;
  absorb(hash, as_bytes("pyzkfl/1 contribution"));
  hash.update(before);
  absorb(hash, record.to_bytes());
  return hash.finish();
}

Contribution make_contribution(const Digest& before, std::string_view name, ByteSpan context,
                               std::span<const G1Affine> old_leading, std::span<const Fr> secrets,
                               const Digest& state) {
  check_contributor(name, context);
  if (old_leading.size() != secrets.size() || secrets.size() > most_secrets)
    throw ParameterError("a contribution has one secret for each leading point");
  Contribution record;
  record.name = name;
  record.context.assign(context.begin(), context.end());
  record.state = state;
  std::vector<Fr> nonces(secrets.size());
  for (size_t i = 0; i < secrets.size(); ++i) {
    nonces[i] = Fr::random();
    record.leading.push_back(mul(G1(old_leading[i]), secrets[i]).to_affine());
    record.nonces.push_back(mul(G1(old_leading[i]), nonces[i]).to_affine());
  }
  const Fr c = contribution_challenge(record, before, old_leading);
  for (size_t i = 0; i < secrets.size(); ++i) record.responses.push_back(nonces[i] + c * secrets[i]);
  wipe({reinterpret_cast<uint8_t*>(nonces.data()), nonces.size() * sizeof(Fr)});
  return record;
}

std::optional<std::string> problem_with(const Contribution& record, const Digest& before,
                                        std::span<const G1Affine> old_leading) {
  if (record.leading.size() != old_leading.size() || record.nonces.size() != old_leading.size() ||
      record.responses.size() != old_leading.size())
    return "the record has another number of secrets";
  const Fr c = contribution_challenge(record, before, old_leading);
  for (size_t i = 0; i < old_leading.size(); ++i) {
    if (record.leading[i].is_infinity() || !record.leading[i].is_on_curve())
      return "a leading point is no point of G1";
    if (record.leading[i] == old_leading[i])
      return "a leading point was not changed, so nothing was contributed";
    const G1 expected = G1(record.nonces[i]) + mul_vartime(G1(record.leading[i]), c);
    if (mul_vartime(G1(old_leading[i]), record.responses[i]) != expected)
      return "the proof of knowledge of its secret does not hold here (a forged, replayed or misplaced "
             "record)";
  }
  return std::nullopt;
}

std::optional<std::string> problem_with_chain(ChainEnd& end, const Digest& ceremony,
                                              std::span<const G1Affine> first_leading,
                                              std::span<const Contribution> records, Start start) {
  if (records.empty() && start == Start::refused) return "nobody contributed";
  end.chain = ceremony;
  end.leading.assign(first_leading.begin(), first_leading.end());
  for (size_t i = 0; i < records.size(); ++i) {
    if (const auto problem = problem_with(records[i], end.chain, end.leading))
      return "contribution " + std::to_string(i) + " (" + records[i].name + "): " + *problem;
    end.chain = chain_digest(end.chain, records[i]);
    end.leading = records[i].leading;
    end.state = records[i].state;
  }
  return std::nullopt;
}

}  // namespace pyzkfl::groth16
