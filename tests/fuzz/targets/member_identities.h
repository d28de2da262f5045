// The members' identity keys, which all targets of masking know.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "base/ed25519.h"

namespace pyzkfl::fuzz {

using Identities = std::vector<std::shared_ptr<const Ed25519PrivateKey>>;

inline Identities make_identities(size_t n) {
  Identities out;
  for (size_t i = 0; i < n; ++i) {
    std::array<uint8_t, 32> seed{};
    seed[0] = static_cast<uint8_t>(i + 1);
    out.push_back(std::make_shared<const Ed25519PrivateKey>(Ed25519PrivateKey::from_seed(seed)));
  }
  return out;
}

inline std::vector<Ed25519PublicKey> public_keys(const Identities& keys) {
  std::vector<Ed25519PublicKey> out;
  for (const auto& key : keys) out.push_back(key->public_key());
  return out;
}

}  // namespace pyzkfl::fuzz
