// The key schedule of standing rounds (see key_schedule.h).
#include "secagg/standing/key_schedule.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/aes_ctr.h"
#include "base/hkdf.h"

namespace pyzkfl::secagg::standing {
namespace {

Writer labelled(std::string_view purpose) {
  Writer w;
  w.bytes(as_bytes(std::string("pyzkfl secagg v1 standing ").append(purpose)));
  return w;
}

SecretBytes derive(const Plan& plan, ByteSpan secret, const Writer& info, size_t length = kSecretBytes) {
  return hkdf_sha256(secret, plan.digest(), info.view(), length);
}

SecretBytes own(const Plan& plan, Index member, ByteSpan session_secret, std::string_view purpose) {
  Writer info = labelled(purpose);
  info.u16(member);
  return derive(plan, session_secret, info);
}

SecretBytes of_round(const Plan& plan, uint32_t round, ByteSpan root, std::string_view purpose) {
  Writer info = labelled(purpose);
  info.u32(round);
  return derive(plan, root, info);
}

Digest commitment(const Plan& plan, uint32_t round, Index member, ByteSpan secret, std::string_view purpose) {
  Writer prefix = labelled(purpose);
  prefix.u32(round).u16(member).bytes(plan.digest());
  return Sha256().update(prefix.view()).update(secret).finish();
}

}  // namespace

SecretBytes derive_private_key(const Plan& plan, Index member, ByteSpan session_secret) {
  return own(plan, member, session_secret, "private key");
}
SecretBytes derive_self_root(const Plan& plan, Index member, ByteSpan session_secret) {
  return own(plan, member, session_secret, "self root");
}
SecretBytes derive_pad_root(const Plan& plan, Index member, ByteSpan session_secret) {
  return own(plan, member, session_secret, "pad root");
}

SecretBytes derive_coefficients(const Plan& plan, Index member, ByteSpan session_secret, size_t bytes) {
  const SecretBytes key = own(plan, member, session_secret, "sharing polynomials");
  SecretBytes out(bytes);
  AesCtr256(key.span().first<32>()).keystream(out.span());
  return out;
}

SecretBytes derive_self_seed(const Plan& plan, uint32_t round, ByteSpan self_root) {
  return of_round(plan, round, self_root, "self seed");
}
SecretBytes derive_pad_key(const Plan& plan, uint32_t round, ByteSpan pad_root) {
  return of_round(plan, round, pad_root, "pad key");
}

SecretBytes derive_pair_root(const Plan& plan, Index a, const X25519PublicKey& a_key, Index b,
                             const X25519PublicKey& b_key, ByteSpan agreed) {
  if (a > b) return derive_pair_root(plan, b, b_key, a, a_key, agreed);
  Writer info = labelled("pair root");
  info.u16(a).u16(b).bytes(a_key).bytes(b_key);
  return derive(plan, agreed, info);
}

SecretBytes derive_pair_seed(const Plan& plan, uint32_t round, ByteSpan pair_root) {
  return of_round(plan, round, pair_root, "pair seed");
}

SecretBytes derive_wide_key(const Plan& plan, ByteSpan pair_seed) {
  return derive(plan, pair_seed, labelled("wide mask"));
}

SecretBytes derive_share_key(const Plan& plan, Index dealer, Index recipient, ByteSpan pair_root) {
  Writer info = labelled("share encryption");
  info.u16(dealer).u16(recipient);
  return derive(plan, pair_root, info, 44);
}

ConfirmTag confirm_tag(const Plan& plan, Index from, Index to, ByteSpan pair_root) {
  Writer info = labelled("confirmation");
  info.u16(from).u16(to);
  const SecretBytes tag = derive(plan, pair_root, info, kConfirmBytes);
  ConfirmTag out;
  std::ranges::copy(tag.span(), out.begin());
  return out;
}

SecretBytes derive_tag_key(const Plan& plan, Index member, const X25519PublicKey& member_key,
                           const X25519PublicKey& server_key, ByteSpan agreed) {
  Writer info = labelled("tags");
  info.u16(member).bytes(member_key).bytes(server_key);
  return derive(plan, agreed, info);
}

SecretBytes derive_answers_key(const Plan& plan, ByteSpan private_seed) {
  return derive(plan, private_seed, labelled("answers in a file"));
}

Digest self_digest(const Plan& plan, uint32_t round, Index member, ByteSpan self_seed) {
  return commitment(plan, round, member, self_seed, "self commitment");
}
Digest pad_digest(const Plan& plan, uint32_t round, Index member, ByteSpan pad_key) {
  return commitment(plan, round, member, pad_key, "pad commitment");
}

void apply_pads(std::span<Seed> seeds, ByteSpan pad_key) {
  SecretBytes stream(seeds.size() * kSecretBytes);
  AesCtr256(pad_key.first<32>()).keystream(stream.span());
  for (size_t i = 0; i < seeds.size(); ++i) {
    for (size_t j = 0; j < kSecretBytes; ++j) seeds[i][j] ^= stream.span()[i * kSecretBytes + j];
  }
}

}  // namespace pyzkfl::secagg::standing
