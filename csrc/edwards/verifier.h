// Many Ed25519 signatures at once, on all threads: what the verification of a ledger, and a member's part of a masked sum
// against an active server, spend their time on.
//
// R' = [S] B - [k] A is computed for each signature and compared with R byte by byte, as RFC 8032's verification without
// cofactor has it, so a signature holds here exactly when it holds alone. (A random combination of all equations would be
// quicker still, and would accept some signatures that do not hold alone: Chalkias, Garillot and Nikolaenko 2020.) What
// makes it quick are vectors of eight, or, where the processor has none, a large table of multiples of B and smaller ones of
// the keys that sign often, kept for their next signatures. Whatever does not hold is asked of OpenSSL again, whose word is final: a signature is refused by nobody else.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace pyzkfl::edwards {

struct SignedMessage {
  std::span<const uint8_t, 32> key;
  ByteSpan message;
  ByteSpan signature;  // of 64 bytes; with any other length it does not hold
};

class Verifier {
 public:
  // Keeps what it knows of at most `keys_max` keys; a table takes 15 KiB.
  explicit Verifier(size_t keys_max = 512);
  ~Verifier();

  // 1 for each signature that holds, 0 for each that does not. Thread-safe. Public inputs: variable time. alone: on the
  // calling thread, for a caller that has work for the others.
  [[nodiscard]] std::vector<uint8_t> verify(std::span<const SignedMessage> items, bool alone = false);

  // How [k] A is computed. `chosen`: eight at a time where the processor has a kernel, except that of a signature or two by
  // keys that sign often; elsewhere, and for those, by a table from a key's fourth signature on.
  enum class Way : uint8_t { chosen, eights, tables, digits };
  // The same without asking OpenSSL. For tests, which hold all ways and OpenSSL against each other.
  [[nodiscard]] std::vector<uint8_t> verify_ourselves(std::span<const SignedMessage> items, bool alone = false,
                                                      Way way = Way::chosen);

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace pyzkfl::edwards
