// The key schedule (see key_schedule.h).
#include "secagg/key_schedule.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/aes_ctr.h"
#include "base/hkdf.h"

namespace pyzkfl::secagg {
namespace {

Writer labelled(std::string_view purpose) {
  Writer w;
  w.bytes(as_bytes(std::string("pyzkfl secagg v1 ").append(purpose)));
  return w;
}

SecretBytes derive(const Config& config, ByteSpan secret, const Writer& info, size_t length) {
  return hkdf_sha256(secret, config.digest(), info.view(), length);
}

Digest labelled_digest(const Writer& prefix, const Config& config, ByteSpan secret) {
  return Sha256().update(prefix.view()).update(config.digest()).update(secret).finish();
}

}  // namespace

ClientSecrets derive_client_secrets(const Config& config, Index member, ByteSpan session_secret) {
  const auto part = [&](std::string_view purpose) {
    Writer info = labelled(purpose);
    info.u16(member);
    return derive(config, session_secret, info, 32);
  };
  ClientSecrets s;
  s.share_private = part("share private key");
  s.mask_private = part("mask private key");
  s.self_seed = part("self-mask seed");
  s.coefficients = SecretBytes((config.threshold() - 1) * 2 * kShareBytes);
  const SecretBytes stream_key = part("sharing polynomials");
  AesCtr256(stream_key.span().first<32>()).keystream(s.coefficients.span());
  s.public_keys.share_key = x25519_public_key(s.share_private.span().first<32>());
  s.public_keys.mask_key = x25519_public_key(s.mask_private.span().first<32>());
  return s;
}

ShareKey derive_share_key(const Config& config, Index dealer, const X25519PublicKey& dealer_key,
                          Index recipient, const X25519PublicKey& recipient_key, ByteSpan agreed) {
  Writer info = labelled("share encryption");
  info.u16(dealer).u16(recipient).bytes(dealer_key).bytes(recipient_key);
  return {derive(config, agreed, info, 44)};
}

SecretBytes derive_pair_mask_key(const Config& config, Index a, const X25519PublicKey& a_key, Index b,
                                 const X25519PublicKey& b_key, ByteSpan agreed) {
  if (a > b) return derive_pair_mask_key(config, b, b_key, a, a_key, agreed);
  Writer info = labelled("pair mask");
  info.u16(a).u16(b).bytes(a_key).bytes(b_key);
  return derive(config, agreed, info, 32);
}

SecretBytes derive_self_mask_key(const Config& config, Index member, ByteSpan self_seed) {
  Writer info = labelled("self mask");
  info.u16(member);
  return derive(config, self_seed, info, 32);
}

Digest seed_digest(const Config& config, Index dealer, ByteSpan self_seed) {
  Writer prefix = labelled("seed commitment");
  prefix.u16(dealer);
  return labelled_digest(prefix, config, self_seed);
}

Digest share_digest(const Config& config, Index dealer, Index recipient, ShareKind kind, ByteSpan share) {
  Writer prefix = labelled("share commitment");
  prefix.u16(dealer).u16(recipient).u8(static_cast<uint8_t>(kind));
  return labelled_digest(prefix, config, share);
}

Bytes share_associated_data(const Digest& advertised_view, Index dealer, Index recipient,
                            const ShareDigests& digests) {
  Writer w = labelled("sealed shares");
  w.bytes(advertised_view).u16(dealer).u16(recipient).bytes(digests.self_mask).bytes(digests.mask_key);
  return w.take();
}

}  // namespace pyzkfl::secagg
