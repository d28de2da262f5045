// The coordinator's side of a masking round: bytes in, bytes out; no transport, no clock.
//
// It routes, adds masked vectors and removes the masks of the sum; it never holds an individual vector
// without masks, and has no key of its own. Each function either does its work or throws and leaves the
// session as it was: ProtocolError for a message that does not belong here (its sender unproven),
// Misbehaviour for one that only its signer can be blamed for, NotEnoughClients when a phase cannot be closed
// (it may still be, if more messages come), ParameterError for our caller's mistakes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "secagg/config.h"
#include "secagg/errors.h"
#include "secagg/masked_vector.h"
#include "secagg/messages.h"

namespace pyzkfl::secagg {

class ServerSession {
 public:
  explicit ServerSession(Config config);

  // Takes a client's message of the phase that is open. Returns its sender, whose signature was verified.
  Index receive(ByteSpan message);

  // Ends phase 1. Returns the `advertised` message, the same for everybody who advertised.
  Bytes close_advertise();
  // Ends phase 2. Returns, for each member that dealt shares, its `shared` message.
  std::map<Index, Bytes> close_share();
  // Ends phase 3 with the members (strictly ascending) whose vectors shall be in the sum: all or some of
  // submitters(). `context` is bound into what they sign, e.g. a digest of the accepted submissions. Returns
  // the `survivors` message for them. The vectors are added up here; the single ones are dropped.
  Bytes close_masked(std::span<const Index> accepted, const Digest& context = {});
  // Ends phase 4. Returns the `unmask_request` message for the survivors.
  Bytes close_consistency();

  struct Sum {
    std::vector<int64_t> values;
    std::array<uint8_t, 32> blinder;  // canonical, little-endian
  };
  // After phase 5: the sum over the survivors. Needs `threshold` answers; NotEnoughClients otherwise.
  Sum sum() const;

  const Config& config() const { return config_; }
  // advertise, share, masked, consistency or unmask: whose messages receive() takes now.
  const char* phase() const;
  // Ascending lists of who has taken part so far.
  std::vector<Index> advertisers() const;
  std::vector<Index> sharers() const;
  std::vector<Index> submitters() const;
  const std::vector<Index>& survivors() const { return survivors_; }
  std::vector<Index> signers() const;
  std::vector<Index> responders() const;

 private:
  enum class Phase { advertise, share, masked, consistency, unmask };

  void need(Phase phase) const;
  void refuse_repeated(Index sender, ByteSpan message) const;
  void take_advertise(Index sender, ByteSpan message);
  void take_share(Index sender, ByteSpan message);
  void take_masked(Index sender, ByteSpan message);
  void take_consistent(Index sender, ByteSpan message);
  void take_unmask(Index sender, ByteSpan message);
  std::vector<Index> dropped() const;
  std::vector<MaskTerm> masks_in_sum() const;

  struct Advertisement {
    PublicKeys keys;
    Ed25519Signature signature;
  };

  Config config_;
  Phase phase_ = Phase::advertise;
  std::map<Index, Ed25519Signature> taken_;  // of the messages taken in this phase
  std::map<Index, Advertisement> advertised_;
  Digest advertised_view_{};
  std::map<Index, ShareMessage> shares_;
  Digest view_{};
  std::map<Index, Bytes> masked_;  // whole messages, until the phase is closed
  std::vector<Index> submitters_;
  std::vector<Index> survivors_;
  Digest survivors_digest_{};
  std::optional<MaskedVector> total_;
  std::map<Index, Ed25519Signature> signatures_;
  std::map<Index, Unmask> unmasked_;
};

}  // namespace pyzkfl::secagg
