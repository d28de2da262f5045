// A ring-LWE key of three holders (he/rlwe_shared.h): the messages that make it, requests, decryption shares, states.
#include "he/errors.h"
#include "he/rlwe_shared.h"
#include "target.h"

using namespace pyzkfl;
using namespace pyzkfl::he;

namespace {

const std::vector<int64_t> values = {5, -100, 0, 77};
const Digest context{9};

struct Ceremony {
  SharedKeyTerms terms{RlweParameters(Packing(100, 8), 3), 2, Digest{1}};
  std::vector<std::unique_ptr<RlweKeyMember>> members;
  std::vector<Bytes> commitments, parts, dealt, shares;
  std::unique_ptr<RlweHolder> holder;
  SumRequest request{.context = context, .commitments = {}, .ciphertexts = {}, .holders = {0, 2}};
  Bytes before, after;  // states of holder 0, before it answered and after

  Ceremony() {
    for (Index i = 0; i < 3; ++i) members.push_back(member(i));
    for (const auto& m : members) commitments.push_back(m->commitment());
    for (const auto& m : members) parts.push_back(m->part(commitments));
    std::vector<std::unique_ptr<RlweHolder>> holders;
    for (Index i = 0; i < 3; ++i) {
      const std::vector<Bytes> mine = dealt_to(i);
      if (i == 0) dealt = mine;
      holders.push_back(members[i]->finish(parts, mine));
    }
    for (const auto& h : holders) request.commitments[h->index()] = h->contribute(context, values);
    for (const auto& h : holders) request.ciphertexts[h->index()] = h->open(context, request.commitments);
    before = state_of(*holders[0]);
    for (const Index i : request.holders) shares.push_back(holders[i]->answer(request));
    after = state_of(*holders[0]);
  }
  std::unique_ptr<RlweKeyMember> member(Index i) const {
    SecretBytes seed(32);
    seed.span()[0] = static_cast<uint8_t>(i + 1);
    return std::make_unique<RlweKeyMember>(terms, i, std::move(seed));
  }
  std::vector<Bytes> dealt_to(Index to) const {
    std::vector<Bytes> out;
    for (Index i = 0; i < 3; ++i) {
      if (i == to) continue;
      const SecretBytes share = members[i]->dealt_share(to);
      out.emplace_back(share.span().begin(), share.span().end());
    }
    return out;
  }
  static Bytes state_of(RlweHolder& holder) {
    const SecretBytes state = holder.state();
    return Bytes(state.span().begin(), state.span().end());
  }
  static const Ceremony& shared() {
    static const Ceremony ceremony;
    return ceremony;
  }
};

}  // namespace

// Which kind of message, which of them, and what is changed in it.
std::vector<Bytes> fuzz::seeds() {
  return {{0, 0, 0}, {1, 1, 0, 1, 9, 0, 1, 7}, {2, 0, 1, 5, 0, 0, 3}, {3, 1, 1, 40, 0, 1, 9}, {4, 0, 1, 3, 0, 2},
          {5, 0, 1, 9, 0, 1, 0xff}, {6, 2, 1, 30, 0, 0, 1}, {4, 1, 0}, {5, 1, 0}};
}

void fuzz::run(ByteSpan input) {
  const Ceremony& honest = Ceremony::shared();
  Decisions d(input);
  const size_t kind = d.below(7), which = d.byte();
  const auto changed = [&](std::vector<Bytes> list) {
    list[which % list.size()] = d.edited(list[which % list.size()]);
    if (d.below(8) == 7) list.pop_back();
    return list;
  };
  (void)refused([&] {
    switch (kind) {
      case 0:
        (void)honest.member(0)->part(changed(honest.commitments));
        break;
      case 1:
      case 2: {
        const auto member = honest.member(0);
        (void)member->part(honest.commitments);
        const auto parts = kind == 1 ? changed(honest.parts) : honest.parts;
        const auto dealt = kind == 2 ? changed(honest.dealt) : honest.dealt;
        const auto holder = member->finish(parts, dealt);
        require(parts == honest.parts && dealt == honest.dealt, "a changed part or share is not what was committed to");
        break;
      }
      case 3: {
        const auto shares = changed(honest.shares);
        const auto sum = combine_rlwe(honest.terms, RlweHolder::restore(honest.before)->public_key(), honest.request, shares);
        require(sum.size() == values.size(), "a sum has the length of the vectors");
        break;
      }
      case 4: {  // what was answered is not answered again, whatever the request is now
        auto holder = RlweHolder::restore(which % 2 == 0 ? honest.before : honest.after);
        SumRequest request = honest.request;
        Bytes& ciphertext = request.ciphertexts[static_cast<Index>(d.below(3))];
        ciphertext = d.edited(ciphertext);
        if (d.coin()) request.holders = {0, 1};
        if (d.below(4) == 3) request.context[0] = d.byte();
        (void)holder->answer(request);
        require(which % 2 == 0, "a context is answered twice");
        require(refused([&] { (void)holder->answer(honest.request); }), "a context is answered twice");
        break;
      }
      case 5: {
        auto holder = RlweHolder::restore(d.edited(which % 2 == 0 ? honest.before : honest.after));
        (void)refused([&] { (void)holder->answer(honest.request); });
        (void)Ceremony::state_of(*holder);
        break;
      }
      default: {
        const auto parts = changed(honest.parts);
        (void)joint_public_key(honest.terms, honest.commitments, parts);
        require(parts == honest.parts, "a changed part is not what was committed to");
      }
    }
  });
}
