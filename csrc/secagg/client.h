// A member's side of a masking round: bytes in, bytes out; no transport, no clock.
//
// Bonawitz et al. 2017, figure 4 (active adversary), with a complete graph of neighbours and, after Bell et
// al. 2020, nothing said about a member but one of its two shares. Each step either returns the next message
// and moves on, or throws and leaves the session exactly as it was. What throws: ProtocolError for a message
// that an honest server would not have sent now, Misbehaviour where a member is to blame, NotEnoughClients
// when too few are left, ParameterError for our caller's mistakes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "secagg/config.h"
#include "secagg/errors.h"
#include "secagg/key_schedule.h"
#include "secagg/messages.h"

namespace pyzkfl::secagg {

// For mutation tests only: which of its checks a session leaves out. A session with any of them set can be
// made only while the environment says PYZKFL_ALLOW_UNSAFE=1; otherwise its constructor throws
// ParameterError.
struct UnsafeSkips {
  bool same_set = false;        // check_same_set
  bool one_share_each = false;  // check_one_share_each
};

class ClientSession {
 public:
  // A session for one round with fresh secrets. `identity` must be the key that config.members()[index]
  // names.
  ClientSession(Config config, size_t index, std::shared_ptr<const Ed25519PrivateKey> identity,
                UnsafeSkips unsafe = {});
  // The same with given secrets (32 bytes, from which all others follow), for test vectors. Using a session
  // secret for two different rounds of messages reveals updates.
  ClientSession(Config config, size_t index, std::shared_ptr<const Ed25519PrivateKey> identity,
                ByteSpan session_secret, UnsafeSkips unsafe = {});

  // Phase 1: our keys.
  Bytes advertise();
  // Phase 2: everybody's keys in (the server's `advertised`), sealed shares of our secrets out.
  Bytes share(ByteSpan advertised);
  // Phase 3: the shares for us in (`shared`), our masked vector out. `values`: |v| <= max_abs each,
  // ParameterError otherwise; `blinder`: canonical, little-endian. Constant time in both.
  Bytes masked_input(ByteSpan shared, std::span<const int64_t> values, std::span<const uint8_t, 32> blinder);
  // Phase 4: our signature over the set of survivors, given as the server's `survivors` message, or as a set
  // that we know otherwise (ascending) with its context. The same set may be signed again (the same bytes
  // come out); another is refused.
  Bytes sign_survivors(ByteSpan survivors);
  Bytes sign_survivors(std::span<const Index> survivors, const Digest& context);
  // Phase 5: the signatures in (`unmask_request`), our shares out: of each sharer exactly one. May be asked
  // again.
  Bytes unmask(ByteSpan request);

  const Config& config() const { return config_; }
  Index index() const { return index_; }
  // The name of the step that is due: advertise, share, masked_input, sign_survivors or unmask.
  const char* next_step() const;

 private:
  enum class Phase { advertise, share, masked_input, sign_survivors, unmask };

  void need(Phase phase) const;
  // The two shares that a dealer sealed for us: self mask, mask key.
  SecretBytes open_shares(const Shared::Entry& entry, const PublicKeys& dealer) const;

  Config config_;
  Index index_;
  std::shared_ptr<const Ed25519PrivateKey> identity_;
  UnsafeSkips unsafe_;
  Phase phase_ = Phase::advertise;
  ClientSecrets secrets_;                   // until our masked vector has left
  std::map<Index, PublicKeys> advertised_;  // from phase 2 on: everybody that takes part, ourselves included
  Digest advertised_view_{};
  SecretBytes own_shares_;
  std::map<Index, SecretBytes>
      shares_;  // from phase 3 on: the two shares of every sharer, ourselves included
  std::vector<Index> sharers_;
  Digest view_{};
  std::vector<Index> survivors_;
  std::optional<Digest> signed_set_;
};

}  // namespace pyzkfl::secagg
