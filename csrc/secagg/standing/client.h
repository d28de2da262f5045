// A member's side of standing rounds: one setup, then many masked sums; bytes in, bytes out.
//
// Bell et al. 2020 over a graph of neighbours, with the pairwise masks of a round derived from standing keys,
// so that a round costs a member two messages (three if it is of the committee of an active server's round).
// What is shared among neighbours are secrets of single rounds, never a standing key: docs/secagg.md, part
// two, has the protocol and what it rests on. Each step either returns the next message and moves on, or
// throws and leaves the member exactly as it was: ProtocolError for a message that an honest server would not
// have sent now, Misbehaviour where a member is to blame, NotEnoughClients when too few are left,
// ParameterError for our caller's mistakes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "secagg/errors.h"
#include "secagg/standing/blame.h"
#include "secagg/standing/messages.h"

namespace pyzkfl::secagg::standing {

class Member {
 public:
  // A member with fresh secrets. `identity` must be the key that plan.members()[index] names.
  Member(std::shared_ptr<const Plan> plan, size_t index, std::shared_ptr<const Ed25519PrivateKey> identity);
  // The same with given secrets (32 bytes), for test vectors. Never twice for a plan.
  Member(std::shared_ptr<const Plan> plan, size_t index, std::shared_ptr<const Ed25519PrivateKey> identity,
         ByteSpan session_secret);

  // --- setup ---
  Bytes keys();
  // The neighbours' keys in, sealed shares for them out, of every round's secrets.
  Bytes deal(ByteSpan neighbour_keys);
  // The shares for us in. With an active server a `confirm` message comes out, which tells each dealer that we
  // mask with it; with a semi-honest one nothing (empty), and the setup is over.
  Bytes accept(ByteSpan dealt);
  // Active server: who confirmed to us. The setup is over.
  void confirmed(ByteSpan message);

  // --- a round ---
  // Our masked vector. Rounds ascend and each is entered once, whatever becomes of it: a mask is never used
  // twice. Save before sending. `values`, `blinder` as in ClientSession::masked_input.
  Bytes masked_input(uint32_t round, std::span<const int64_t> values, std::span<const uint8_t, 32> blinder);
  // Committee of an active server: our signature over the set of survivors. One set a round.
  Bytes sign_survivors(ByteSpan survivors);
  // Of each neighbour, and of ourselves, one share: for the one set of this round.
  Bytes unmask(ByteSpan request);

  // --- blame: the sum of the round did not open (docs/secagg.md, "Blame") ---
  // `request`: the request for shares again, whose set we are bound to. `values`, `blinder`: what we masked.
  WideVector blamed_vector(ByteSpan request, std::span<const int64_t> values,
                           std::span<const uint8_t, 32> blinder) const;
  // Our side of what the pad keys of lost members opened.
  std::vector<LostSeed> lost_seeds(ByteSpan request) const;
  // The wide mask that we share with a survivor; secret, to be committed to.
  WideVector blame_mask(ByteSpan request, Index survivor) const;

  // --- state ---
  // Everything there is, sealed under a key that the identity key derives: AES-256-GCM, a fresh key each time.
  Bytes save() const;
  // Goes on where save() was called. Throws DecodeError for bytes of another member, plan or identity, or
  // damaged ones. Restoring anything but the last state saved may use a mask twice: keep one file.
  static Member restore(std::shared_ptr<const Plan> plan, size_t index,
                        std::shared_ptr<const Ed25519PrivateKey> identity, ByteSpan saved);

  const Plan& plan() const { return *plan_; }
  Index index() const { return index_; }
  // keys, deal, accept, confirmed, or round.
  const char* next_step() const;
  // The first round that may still be entered.
  uint32_t next_round() const { return next_round_; }
  // Whether we sign sets of survivors.
  bool in_committee() const;

 private:
  enum class Phase : uint8_t { keys, deal, accept, confirmed, round };

  void need(Phase phase) const;
  void need_round() const;
  Author author() const;
  uint16_t point_in(Index dealer) const;
  void check_set(const Set& set) const;
  Set blamed_set(ByteSpan request, bool opens) const;
  template <class W>
  void write_state(W& w) const;

  std::shared_ptr<const Plan> plan_;
  Index index_;
  std::shared_ptr<const Ed25519PrivateKey> identity_;
  Phase phase_ = Phase::keys;
  SecretBytes session_secret_;  // until the deal has left
  std::shared_ptr<const X25519PrivateKey> private_key_;  // between keys and deal; not saved, it follows from that
  SecretBytes self_root_;       // of the seeds of our self masks
  SecretBytes tag_key_;         // agreed with the server
  std::map<Index, SecretBytes> pair_roots_;  // of the neighbours with keys; from accept on, of the dealers
  std::map<Index, SecretBytes> shares_;      // of the dealers and ourselves: 64 bytes a round
  std::set<Index> confirmed_;                // who says that it masks with us
  uint32_t next_round_ = 0;
  std::optional<Digest> bound_;  // the set of round next_round_ - 1 that we signed or answered for
  bool entered_ = false;         // round next_round_ - 1 was entered
  Digest sent_{};                // of the masked vector of that round
};

}  // namespace pyzkfl::secagg::standing
