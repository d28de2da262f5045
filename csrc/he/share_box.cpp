// See share_box.h.
#include "he/share_box.h"

#include <optional>
#include <string_view>
#include <utility>

#include "base/aead.h"
#include "base/errors.h"
#include "base/hkdf.h"

namespace pyzkfl::he {
namespace {

constexpr std::string_view kShareLabel = "pyzkfl/1 he key share";
constexpr std::array<uint8_t, 12> kNonce{};

std::span<const uint8_t, 32> key_of(const SecretBytes& secret) {
  return std::span<const uint8_t, 32>(secret.span().data(), 32);
}

const SecretBytes& checked(const SecretBytes& secret) {
  if (secret.size() != 32) throw ParameterError("a box's secret has 32 bytes");
  return secret;
}

}  // namespace

ShareBox::ShareBox(const Digest& context, SecretBytes secret)
    : context_(context), key_(key_of(checked(secret))) {}

SecretBytes ShareBox::key_between(const X25519PublicKey& peer, const X25519PublicKey& from,
                                  const X25519PublicKey& to) const {
  const SecretBytes agreed = key_.agree(peer);
  Bytes info(kShareLabel.begin(), kShareLabel.end());
  info.insert(info.end(), from.begin(), from.end());
  info.insert(info.end(), to.begin(), to.end());
  return hkdf_sha256(agreed.span(), context_, info, 32);
}

Bytes ShareBox::seal(const X25519PublicKey& to, ByteSpan share) {
  if (to == public_key()) throw ParameterError("a member does not send itself a share");
  const SecretBytes key = key_between(to, public_key(), to);
  if (!sealed_for_.insert(to).second) {
    throw ParameterError("this member was sent its share before: a second one would go under the same key and nonce");
  }
  return aes256_gcm_seal(key_of(key), kNonce, {}, share);
}

SecretBytes ShareBox::open(const X25519PublicKey& from, ByteSpan sealed) const {
  const SecretBytes key = key_between(from, from, public_key());
  std::optional<SecretBytes> share = aes256_gcm_open(key_of(key), kNonce, {}, sealed);
  if (!share) throw DecodeError("a key's share is damaged, or was sealed by or for another member");
  return std::move(*share);
}

}  // namespace pyzkfl::he
