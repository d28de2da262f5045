// See sealed_state.h.
#include "he/sealed_state.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/aead.h"
#include "base/errors.h"
#include "base/hkdf.h"
#include "base/random.h"

namespace pyzkfl::he {
namespace {

constexpr std::string_view kLabel = "pyzkfl/1 he state";

SecretBytes state_key(const Ed25519PrivateKey& identity) {
  const SecretBytes seed = identity.seed();
  return hkdf_sha256(seed.span(), {}, as_bytes(kLabel), 32);
}

}  // namespace

Bytes seal_state(const Ed25519PrivateKey& identity, ByteSpan state) {
  const SecretBytes key = state_key(identity);
  std::array<uint8_t, 12> nonce;
  random_bytes(nonce);
  const Bytes body = aes256_gcm_seal(key.span().first<32>(), nonce, as_bytes(kLabel), state);
  Bytes out(nonce.size() + body.size());
  std::ranges::copy(nonce, out.begin());
  std::ranges::copy(body, out.begin() + static_cast<long>(nonce.size()));
  return out;
}

SecretBytes open_state(const Ed25519PrivateKey& identity, ByteSpan sealed) {
  const SecretBytes key = state_key(identity);
  std::optional<SecretBytes> state;
  if (sealed.size() >= 12) {
    state = aes256_gcm_open(key.span().first<32>(), sealed.first<12>(), as_bytes(kLabel), sealed.subspan(12));
  }
  if (!state) throw DecodeError("the state of a key's holder is damaged, or was sealed by another identity");
  return std::move(*state);
}

}  // namespace pyzkfl::he
