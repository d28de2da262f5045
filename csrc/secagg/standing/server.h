// The coordinator's side of standing rounds: one setup, then many masked sums; bytes in, bytes out.
//
// It routes, adds masked vectors as they come (none is kept) and removes the masks of the sum. Each function
// either does its work or throws and leaves the server as it was: ProtocolError for a message that does not
// belong here, Misbehaviour for one that only its sender can be blamed for, NotEnoughClients when a phase
// cannot be closed (it may still be, if more messages come), ParameterError for our caller's mistakes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "secagg/errors.h"
#include "secagg/masked_vector.h"
#include "secagg/standing/blame.h"
#include "secagg/standing/by_member.h"
#include "secagg/standing/messages.h"
#include "secagg/standing/neighbour_cells.h"

namespace pyzkfl::secagg::standing {

class Server {
 public:
  // What members send for each other grows with n times their neighbours. It is kept in memory, or in files in `folder`, a
  // folder that is there and that this server has for itself until its setup is over, and not in memory.
  explicit Server(std::shared_ptr<const Plan> plan, const std::string& folder = {});

  // Takes a member's message of the phase that is open, authenticated. Returns its sender. A masked vector is
  // in the sum from here on: an application that checks proofs checks them before.
  Index receive(ByteSpan message);

  // --- setup: each close, then a message for each member that is there, made when asked for ---
  void close_keys();
  Bytes neighbour_keys(Index member) const;
  void close_deal();
  Bytes dealt(Index member) const;
  void close_confirm();  // active server only
  Bytes confirmed(Index member) const;

  // --- rounds ---
  // Rounds ascend. A round that is open and has no sum is void: nothing of it can be asked for again.
  void open_round(uint32_t round);
  // Ends the masked vectors. Active server: the `survivors` message for the committee. Semi-honest: the
  // request for shares, for all survivors. `context` is bound into what is signed.
  Bytes close_masked(const Digest& context = {});
  // Active server: the request for shares, for all survivors.
  Bytes close_consistency();

  struct Sum {
    std::vector<int64_t> values;
    std::array<uint8_t, 32> blinder;  // canonical, little-endian
  };
  // The sum over the survivors, as soon as the shares suffice; NotEnoughClients before. A holder that sent a
  // false share is outvoted where one more share than the threshold came, and noted in suspects().
  Sum sum();

  // --- blame: the sum does not open (docs/secagg.md, "Blame"); from the request for shares to the next round ---
  // Whether this is the vector that the survivor sent in the round.
  bool sent_vector(Index survivor, std::span<const int64_t> low, std::span<const uint8_t, 32> blinder) const;
  // The masks in a survivor's vector that are no secret any more: its wide self mask, and those of pairs with members
  // that were lost, from the seeds that it shows. Throws Misbehaviour unless these are of all those members.
  WideVector opened_masks(Index survivor, std::span<const LostSeed> shown) const;
  // The lost members whose pads open to other seeds than the survivor shows: one of the two lies.
  std::vector<Index> other_seeds(Index survivor, std::span<const LostSeed> shown) const;

  // --- state ---
  // Everything there is, sealed as Member::save() does under a key that the server's identity key derives. What was
  // received after it was saved is lost and may be received again. With a folder, the state speaks of the files there, which
  // are on the disk when this returns.
  Bytes save(const Ed25519PrivateKey& identity) const;
  // Throws DecodeError for bytes of another plan or identity, damaged ones, or a folder without the setup of this state.
  static Server restore(std::shared_ptr<const Plan> plan, const Ed25519PrivateKey& identity, ByteSpan saved,
                        const std::string& folder = {});

  const Plan& plan() const { return *plan_; }
  const char* phase() const;
  uint32_t round() const { return round_; }
  std::vector<Index> members() const;  // who is set up: takes part in rounds
  const std::vector<Index>& survivors() const { return set_.members; }
  std::vector<Index> responders() const;
  const std::set<Index>& suspects() const { return suspects_; }

 private:
  enum class Phase : uint8_t { keys, deal, confirm, idle, masked, consistency, unmask };

  struct Party {
    X25519PublicKey key{};
    Ed25519Signature signature{};
    SecretBytes tag_key;
  };

  void need(Phase phase) const;
  void refuse_repeated(Index sender, ByteSpan message) const;
  ByteSpan open(Kind kind, Index sender, ByteSpan message) const;
  const Party& party(Index member) const;
  bool set_up(Index member) const;
  std::vector<Index> shown_to(Index member) const;  // the neighbours whose keys it was shown, ascending
  void need_members(size_t present, const char* did_what) const;
  void take_keys(Index sender, ByteSpan message);
  void take_deal(Index sender, ByteSpan message);
  void take_confirm(Index sender, ByteSpan message);
  void take_masked(Index sender, ByteSpan message);
  void take_consistent(Index sender, ByteSpan message);
  void take_unmask(Index sender, ByteSpan message);
  Server(std::shared_ptr<const Plan> plan, SecretBytes private_seed, const std::string& folder);
  template <class W>
  void write_state(W& w) const;
  Bytes request() const;
  using Shares = NeighbourCells::Block;
  Shares shares_for(Index dealer) const;
  SecretBytes recover(Index dealer, bool survived, const Shares& shares, std::set<Index>& suspects) const;
  std::vector<Seed> pads_of(Index dealer, size_t neighbours) const;
  std::vector<MaskTerm> masks_of(Index dealer, const Shares& shares, std::set<Index>& suspects) const;
  std::vector<Index> lost_neighbours(Index survivor) const;

  std::shared_ptr<const Plan> plan_;
  SecretBytes private_seed_;  // what is saved of private_key_
  X25519PrivateKey private_key_;  // agrees on tag keys
  Phase phase_ = Phase::keys;
  std::map<Index, Digest> taken_;  // of the messages taken in this phase
  ByMember<Party> parties_;
  std::set<X25519PublicKey> keys_seen_;
  std::vector<Index> dealers_;
  uint32_t round_ = 0;
  uint32_t next_round_ = 0;
  std::optional<MaskedVector> total_;
  Set set_;
  Digest set_digest_{};
  std::map<Index, Ed25519Signature> signatures_;
  std::set<Index> suspects_;
  std::map<Index, Digest> vectors_;  // digests of the masked vectors of the round

  // Of each dealer, for each round: the digests of both secrets (kSecretDigests), and room for a pad for each neighbour.
  MemberRows deals_;
  NeighbourCells sealed_;    // shares, from dealers to holders
  NeighbourCells confirms_;  // tags, from those who mask to those they mask with
  NeighbourCells answers_;   // shares of this round, from holders about dealers; zeros are none
};

}  // namespace pyzkfl::secagg::standing
