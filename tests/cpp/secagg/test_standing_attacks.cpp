// A server, or members, that do not follow the protocol of standing rounds: refused, and the honest round goes
// on to the exact sum afterwards. Where a check stops a server from reading a vector, the test also shows what
// it would have read.
#include "standing_harness.h"

#include <set>

#include "secagg/config.h"
#include "secagg/masked_vector.h"
#include "secagg/standing/checks.h"
#include "secagg/standing/key_schedule.h"
#include "secagg/standing/wide_shamir.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;
using namespace pyzkfl::secagg::standing;
using test::contains;
using test::error_of;
using test::Shape;
using test::Standing;
using test::Who;

namespace {

// A round up to the point where signatures are due: 8 members, 5 needed, member 7 lost before its vector.
void until_signatures(Standing& s) {
  s.set_up();
  s.open(0);
  s.mask(s.without({7}));
}

Bytes survivors_message(const Standing& s, const Set& set, uint32_t round = 0) {
  return server_message(*s.plan, Kind::survivors, round, encode(*s.plan, set));
}

Bytes request_message(const Standing& s, const UnmaskRequest& request, uint32_t round = 0) {
  return server_message(*s.plan, Kind::unmask_request, round, encode(*s.plan, request));
}

UnmaskRequest request_of(const Standing& s, uint32_t round = 0) {
  return decode_unmask_request(*s.plan,
                               open_server_message(*s.plan, Kind::unmask_request, round, s.request));
}

Unmask answer_of(const Standing& s, Index i, const Bytes& message, uint32_t round = 0) {
  return decode_unmask(*s.plan, s.opened(Kind::unmask, i, round, message));
}

// The secret of `dealer` from these holders' answers; empty if there are too few.
SecretBytes recovered(const Standing& s, Index dealer, const std::map<Index, Unmask>& answers) {
  const std::vector<Index> holders = s.plan->graph().holders(dealer);
  std::vector<uint16_t> points;
  std::vector<ByteSpan> shares;
  for (size_t i = 0; i < holders.size() && points.size() < s.plan->threshold(); ++i) {
    const auto answer = answers.find(holders[i]);
    if (answer == answers.end()) continue;
    for (const auto& entry : answer->second.shares) {
      if (entry.member != dealer) continue;
      points.push_back(static_cast<uint16_t>(i + 1));
      shares.emplace_back(entry.share);
    }
  }
  if (points.size() < s.plan->threshold()) return {};
  SecretBytes secret(32);
  wide_shamir_combine(secret.span(), wide_shamir_weights_vartime(points), shares);
  return secret;
}

}  // namespace

TEST_CASE("a server that shows two sets of survivors is refused, before and after the unmasking") {
  Standing s;
  until_signatures(s);
  s.sign(s.without({7}));
  const Bytes other = survivors_message(s, {Digest{}, {0, 1, 3, 4, 5, 6}});
  CHECK(contains(error_of([&] { (void)s.members[0]->sign_survivors(other); }), "second, different set"));
  const Bytes context = survivors_message(s, {Digest{1}, {0, 1, 2, 3, 4, 5, 6}});
  CHECK(contains(error_of([&] { (void)s.members[0]->sign_survivors(context); }), "second, different set"));
  CHECK(s.members[0]->sign_survivors(s.survivors) == s.sent["consistent"][0]);
  s.unmask(s.without({7}));
  CHECK(contains(error_of([&] { (void)s.members[0]->sign_survivors(other); }), "second, different set"));
  UnmaskRequest request = request_of(s);
  request.set.members = {0, 1, 3, 4, 5, 6};
  CHECK(contains(error_of([&] { (void)s.members[0]->unmask(request_message(s, request)); }),
                 "second, different set"));
  CHECK(s.members[0]->unmask(s.request) == s.sent["unmask"][0]);
  s.check_sum(s.without({7}));
}

TEST_CASE("no member gives shares of both secrets of another in a round, and without that rule its vector is read") {
  Standing s;
  until_signatures(s);
  s.sign(s.without({7}));
  s.unmask(s.without({7}));
  std::map<Index, Unmask> answers;
  for (const auto& [i, message] : s.sent["unmask"]) answers.emplace(i, answer_of(s, i, message));
  for (const auto& [i, answer] : answers) {
    // One share of each, and the secret they open is the self seed of a survivor, the pad key of a lost one.
    std::set<Index> of;
    for (const auto& entry : answer.shares) CHECK(of.insert(entry.member).second);
    CHECK(of.size() == 8);
  }
  const Deal deal_of_2 =
      decode_deal(*s.plan, s.opened(Kind::deal, 2, kSetup, s.sent["deal"][2]), 7);
  const SecretBytes seed = recovered(s, 2, answers);
  CHECK(self_digest(*s.plan, 0, 2, seed.span()) == deal_of_2.rounds[0].self_digest);

  // Members that restart from a copy of an older state are members that forgot what they are bound to: the
  // server takes the other set to them, and reads member 2's vector. So one state file, written before sending.
  Standing forgetful;
  forgetful.set_up();
  forgetful.open(0);
  forgetful.mask(forgetful.everyone());
  std::vector<Bytes> before;
  for (const auto& member : forgetful.members) before.push_back(member->save());
  const auto opened = [&](const Who& set) {
    UnmaskRequest request{{Digest{}, set}, {}};
    std::map<Index, Unmask> out;
    for (const Index i : set) {
      forgetful.members[i] =
          std::make_unique<Member>(Member::restore(forgetful.plan, i, forgetful.identities[i], before[i]));
      const Bytes signature = forgetful.members[i]->sign_survivors(survivors_message(forgetful, request.set));
      request.signatures.push_back({i, signature_of(signature)});
    }
    for (const Index i : set) {
      out.emplace(i, answer_of(forgetful, i, forgetful.members[i]->unmask(request_message(forgetful, request))));
    }
    return out;
  };
  const SecretBytes self_seed = recovered(forgetful, 2, opened(forgetful.everyone()));
  const SecretBytes pad_key = recovered(forgetful, 2, opened(forgetful.without({2})));
  Deal deal = decode_deal(
      *s.plan, forgetful.opened(Kind::deal, 2, kSetup, forgetful.sent["deal"][2]), 7);
  apply_pads(deal.rounds[0].pads, pad_key.span());
  std::vector<MaskTerm> masks;
  masks.push_back({self_seed.clone(), true});
  const std::vector<Index> neighbours = forgetful.plan->graph().of(2);
  for (size_t i = 0; i < neighbours.size(); ++i) {
    masks.push_back({SecretBytes::copy_of(deal.rounds[0].pads[i]), /*negative=*/neighbours[i] > 2});
  }
  MaskedVector vector(5, forgetful.plan->bits());
  const Masked masked = decode_masked(
      *forgetful.plan, forgetful.opened(Kind::masked, 2, 0, forgetful.sent["masked"][2]));
  vector.add_packed(masked.packed, masked.blinder);
  vector.add_masks(masks);
  std::vector<int64_t> read(5);
  vector.lift(read);
  CHECK(read == forgetful.values[2]);
}

TEST_CASE("a server that shows half of the members one set and half another gets no answer from either") {
  Standing s;
  until_signatures(s);
  UnmaskRequest a{{Digest{}, {0, 1, 2, 3, 4, 5, 6}}, {}};
  UnmaskRequest b{{Digest{}, {0, 1, 3, 4, 5, 6}}, {}};
  for (const Index i : {0, 1, 2, 3}) {
    a.signatures.push_back({i, signature_of(s.members[i]->sign_survivors(survivors_message(s, a.set)))});
  }
  for (const Index i : {4, 5, 6}) {
    b.signatures.push_back({i, signature_of(s.members[i]->sign_survivors(survivors_message(s, b.set)))});
  }
  CHECK_THROWS_AS((void)s.members[0]->unmask(request_message(s, a)), NotEnoughClients);
  CHECK_THROWS_AS((void)s.members[4]->unmask(request_message(s, b)), NotEnoughClients);
  for (const auto& entry : b.signatures) a.signatures.push_back(entry);
  CHECK(contains(error_of([&] { (void)s.members[0]->unmask(request_message(s, a)); }),
                 "the signature of member 4 is not over this set"));
}

TEST_CASE("signatures that are forged, of another round, of a lost member, or there twice do not count") {
  Standing s;
  until_signatures(s);
  s.sign(s.without({7}));
  UnmaskRequest request = request_of(s);
  CHECK(request.signatures.size() == 5);
  request.signatures[3].signature[7] ^= 1;
  CHECK(contains(error_of([&] { (void)s.members[0]->unmask(request_message(s, request)); }), "member 3"));
  request = request_of(s);
  request.signatures[4].member = 7;
  CHECK(contains(error_of([&] { (void)s.members[0]->unmask(request_message(s, request)); }),
                 "member 7, which is no survivor"));
  request = request_of(s);
  request.signatures[4] = request.signatures[3];
  CHECK(contains(error_of([&] { (void)s.members[0]->unmask(request_message(s, request)); }), "ascending"));
  request = request_of(s);
  request.signatures.pop_back();
  CHECK_THROWS_AS((void)s.members[0]->unmask(request_message(s, request)), NotEnoughClients);
  s.unmask(s.without({7}));
  s.check_sum(s.without({7}));
  // The same signatures in the next round.
  const UnmaskRequest old = request_of(s);
  s.open(1);
  s.mask(s.without({7}));
  CHECK(contains(error_of([&] { (void)s.members[0]->unmask(request_message(s, old, 1)); }),
                 "is not over this set"));
  s.sign(s.without({7}));
  s.unmask(s.without({7}));
  s.check_sum(s.without({7}));
}

TEST_CASE("members outside the committee of a ring sign nothing and take no set without its signatures") {
  Standing s(Shape{.n = 30, .dropout = 0.05, .corrupt = 0.05});
  s.set_up();
  s.open(0);
  s.mask(s.everyone());
  Index outside = 0;
  while (s.members[outside]->in_committee()) ++outside;
  CHECK(contains(error_of([&] { (void)s.members[outside]->sign_survivors(s.survivors); }), "signs no sets"));
  s.sign(s.everyone());
  UnmaskRequest request = request_of(s);
  request.signatures.back().member = outside;
  std::ranges::sort(request.signatures, {}, &UnmaskRequest::Entry::member);
  CHECK_FALSE(error_of([&] { (void)s.members[outside]->unmask(request_message(s, request)); }).empty());
  s.unmask(s.everyone());
  s.check_sum(s.everyone());
}

TEST_CASE("too few survivors, or a set without the member, is not signed and not answered") {
  Standing s;
  until_signatures(s);
  CHECK_THROWS_AS((void)s.members[0]->sign_survivors(survivors_message(s, {Digest{}, {0, 1, 2, 3}})),
                  NotEnoughClients);
  CHECK(contains(error_of([&] {
                   (void)s.members[0]->sign_survivors(survivors_message(s, {Digest{}, {1, 2, 3, 4, 5}}));
                 }),
                 "not among the survivors"));
  Standing semi(Shape{.adversary = Adversary::semi_honest});
  until_signatures(semi);
  CHECK_THROWS_AS((void)semi.members[0]->unmask(request_message(semi, {{Digest{}, {0, 1, 2, 3}}, {}})),
                  NotEnoughClients);
  CHECK(contains(error_of([&] {
                   (void)semi.members[0]->unmask(request_message(semi, {{Digest{}, {1, 2, 3, 4, 5}}, {}}));
                 }),
                 "not among the survivors"));
  semi.unmask(semi.without({7}));
  semi.check_sum(semi.without({7}));
}

// The attack that confirmations stop. The server keeps the honest neighbours' deals from a victim, so that the
// victim masks only with those whom the server will call lost or who collude; everybody else still holds the
// victim's shares and would open its self mask.
TEST_CASE("a server that keeps deals from a victim cannot have its self mask opened by those it cut off") {
  Standing s;  // 8 members, 5 needed
  s.keys(s.everyone());
  s.deal(s.everyone());
  constexpr Index kVictim = 2;
  // It must show at least t - 1 = 4 deals: those of 0, 1, 3 and 4, of whom it will say that three are lost.
  Dealt cut = decode_dealt(*s.plan, open_server_message(*s.plan, Kind::dealt, kSetup, s.shown["dealt"][kVictim]));
  std::erase_if(cut.entries, [](const auto& entry) { return entry.dealer > 4; });
  Dealt too_few = cut;
  too_few.entries.pop_back();
  CHECK_THROWS_AS((void)s.members[kVictim]->accept(server_message(*s.plan, Kind::dealt, kSetup, encode(too_few))),
                  NotEnoughClients);
  const Bytes confirm = s.members[kVictim]->accept(server_message(*s.plan, Kind::dealt, kSetup, encode(cut)));
  const Confirm tags =
      decode_confirm(*s.plan, s.opened(Kind::confirm, kVictim, kSetup, confirm));
  std::map<Index, std::map<Index, ConfirmTag>> tags_for;  // recipient, from
  for (const auto& entry : tags.entries) tags_for[entry.member][kVictim] = entry.tag;
  for (const Index i : s.without({kVictim})) {
    const Confirm c = decode_confirm(
        *s.plan, s.opened(Kind::confirm, i, kSetup, s.members[i]->accept(s.shown["dealt"][i])));
    for (const auto& entry : c.entries) tags_for[entry.member][i] = entry.tag;
  }
  // The cut-off members get no tag from the victim, or one made up.
  tags_for[5][kVictim] = ConfirmTag{1};
  for (const Index i : s.everyone()) {
    Confirm shown;
    for (const auto& [from, tag] : tags_for[i]) {
      if (i == kVictim ? from <= 4 : from != kVictim || i <= 5) shown.entries.push_back({from, tag});
    }
    s.members[i]->confirmed(server_message(*s.plan, Kind::confirmed, kSetup, encode(shown)));
  }
  // Members 0, 1 and 3 are called lost; the set is 2, 4, 5, 6, 7. Their pads and the self seed of the victim
  // would open its vector but for the mask with 4.
  const Set set{Digest{}, {2, 4, 5, 6, 7}};
  UnmaskRequest request{set, {}};
  for (const Index i : set.members) (void)s.masked_input(i, 0);
  for (const Index i : set.members) {
    request.signatures.push_back({i, signature_of(s.members[i]->sign_survivors(survivors_message(s, set)))});
  }
  std::map<Index, Unmask> answers;
  for (const Index i : set.members) {
    answers.emplace(i, answer_of(s, i, s.members[i]->unmask(request_message(s, request))));
  }
  for (const Index i : {5, 6, 7}) {
    for (const auto& entry : answers.at(i).shares) CHECK(entry.member != kVictim);
  }
  CHECK(recovered(s, kVictim, answers).empty());
  CHECK_FALSE(recovered(s, 0, answers).empty());  // what it may have: the pads of one it called lost
}

TEST_CASE("equal keys, keys of low order, keys of strangers and keys not signed are refused") {
  Standing s(Shape{.n = 30, .dropout = 0.05, .corrupt = 0.05});
  s.keys(s.everyone());
  const NeighbourKeys shown = decode_neighbour_keys(
      *s.plan, open_server_message(*s.plan, Kind::neighbour_keys, kSetup, s.shown["neighbour_keys"][0]));
  const auto refused = [&](const NeighbourKeys& m) {
    return error_of([&] {
      (void)s.members[0]->deal(server_message(*s.plan, Kind::neighbour_keys, kSetup, encode(m)));
    });
  };
  NeighbourKeys m = shown;
  m.entries[1].key = m.entries[0].key;
  CHECK(contains(refused(m), "a key of another"));
  m = shown;
  std::ranges::copy(open_member_message(*s.plan, Kind::keys, 0, kSetup, s.sent["keys"][0]),
                    m.entries[0].key.begin());
  CHECK(contains(refused(m), "a key of another"));  // our own
  m = shown;
  m.entries[0].key[3] ^= 1;
  CHECK(contains(refused(m), "not signed"));
  m = shown;
  Index stranger = 1;
  while (s.plan->graph().adjacent(0, stranger)) ++stranger;
  m.entries[0].member = stranger;
  std::ranges::sort(m.entries, {}, &NeighbourKeys::Entry::member);
  CHECK(contains(refused(m), "no neighbour"));
  m = shown;
  m.entries.resize(3);
  CHECK(contains(refused(m), "are needed"));
  // Low order, signed by its member: that member is named, by server and members alike.
  const X25519PublicKey zero{};
  const Index bad = shown.entries[0].member;
  const Bytes low =
      member_message(*s.plan, Kind::keys, bad, kSetup, zero, {s.identities[bad].get(), {}});
  m = shown;
  m.entries[0].key = zero;
  m.entries[0].signature = signature_of(low);
  CHECK(contains(refused(m), "low order (offender " + std::to_string(bad) + ")"));
  Server fresh(s.plan);
  CHECK_THROWS_AS((void)fresh.receive(low), Misbehaviour);
  fresh.receive(s.sent["keys"][1]);
  X25519PublicKey copied;
  std::ranges::copy(open_member_message(*s.plan, Kind::keys, 1, kSetup, s.sent["keys"][1]), copied.begin());
  CHECK_THROWS_AS((void)fresh.receive(member_message(*s.plan, Kind::keys, 2, kSetup, copied,
                                                     {s.identities[2].get(), {}})),
                  Misbehaviour);
  s.deal(s.everyone());  // the honest ones go on
  s.accept(s.everyone());
  s.run(0, s.everyone(), s.everyone());
}

TEST_CASE("a share that does not decrypt names its dealer and changes nothing") {
  Standing s;
  s.keys(s.everyone());
  s.deal(s.everyone());
  Dealt dealt = decode_dealt(*s.plan, open_server_message(*s.plan, Kind::dealt, kSetup, s.shown["dealt"][0]));
  dealt.entries[3].sealed[5] ^= 1;
  CHECK(contains(error_of([&] {
                   (void)s.members[0]->accept(server_message(*s.plan, Kind::dealt, kSetup, encode(dealt)));
                 }),
                 "do not decrypt, or were changed on the way (offender 4)"));
  // Those for another member, or of another dealer, do not decrypt either.
  CHECK(contains(error_of([&] { (void)s.members[0]->accept(s.shown["dealt"][1]); }), "another member"));
  Dealt swapped = decode_dealt(*s.plan, open_server_message(*s.plan, Kind::dealt, kSetup, s.shown["dealt"][0]));
  std::swap(swapped.entries[0].sealed, swapped.entries[1].sealed);
  CHECK_FALSE(error_of([&] {
                (void)s.members[0]->accept(server_message(*s.plan, Kind::dealt, kSetup, encode(swapped)));
              }).empty());
  s.accept(s.everyone());
  s.run(0, s.everyone(), s.everyone());
}

TEST_CASE("a false share is outvoted and its holder noted; several void the sum") {
  Standing s;
  until_signatures(s);
  s.sign(s.without({7}));
  const auto false_answer = [&](Index from, Index about) {
    Unmask m = answer_of(s, from, s.members[from]->unmask(s.request));
    for (auto& entry : m.shares) {
      if (entry.member == about) entry.share[0] ^= 1;
    }
    return s.forged(Kind::unmask, from, 0, encode(m));
  };
  s.server->receive(false_answer(0, 3));
  s.unmask({1, 2, 3, 4});
  CHECK(contains(error_of([&] { (void)s.server->sum(); }), "do not give what it committed to"));
  s.unmask({5});
  s.check_sum(s.without({7}));
  CHECK(s.server->suspects() == std::set<Index>{0});
}

TEST_CASE("any message again, late, of another member, round or plan is refused and changes nothing") {
  for (const Adversary adversary : {Adversary::active, Adversary::semi_honest}) {
    Standing s(Shape{.adversary = adversary});
    const auto other_plan = test::plan_of(Shape{.adversary = adversary, .epoch = 8});
    const auto refused_by_server = [&](const std::string& kind) {
      const Bytes& message = s.sent[kind][1];
      CHECK(contains(error_of([&] { s.server->receive(message); }), "replay"));
      Bytes foreign = message;
      foreign[7] = 2;  // its sender
      CHECK_FALSE(error_of([&] { s.server->receive(foreign); }).empty());
      CHECK_FALSE(error_of([&] { (void)Server(other_plan).receive(message); }).empty());
    };
    s.members[1]->keys();
    s.members[1] = std::make_unique<Member>(s.plan, 1, s.identities[1]);
    for (const Index i : s.everyone()) s.server->receive(s.sent["keys"][i] = s.members[i]->keys());
    refused_by_server("keys");
    CHECK_THROWS_AS((void)s.members[1]->keys(), ProtocolError);
    CHECK_THROWS_AS((void)s.masked_input(1, 0), ProtocolError);
    s.server->close_keys();
    for (const Index i : s.everyone()) s.shown["neighbour_keys"][i] = s.server->neighbour_keys(i);
    CHECK_FALSE(error_of([&] { s.server->receive(s.sent["keys"][1]); }).empty());
    for (const Index i : s.everyone()) {
      s.server->receive(s.sent["deal"][i] = s.members[i]->deal(s.shown["neighbour_keys"][i]));
    }
    refused_by_server("deal");
    CHECK_THROWS_AS((void)s.members[1]->deal(s.shown["neighbour_keys"][1]), ProtocolError);
    s.server->close_deal();
    for (const Index i : s.everyone()) s.shown["dealt"][i] = s.server->dealt(i);
    s.accept(s.everyone());
    CHECK_THROWS_AS((void)s.members[1]->accept(s.shown["dealt"][1]), ProtocolError);
    CHECK_THROWS_AS((void)s.members[1]->unmask(Bytes(200)), ProtocolError);
    s.open(0);
    for (const Index i : s.everyone()) s.server->receive(s.sent["masked"][i] = s.masked_input(i, 0));
    refused_by_server("masked");
    CHECK_THROWS_AS((void)s.masked_input(1, 0), ProtocolError);
    (adversary == Adversary::active ? s.survivors : s.request) = s.server->close_masked();
    s.sign(s.everyone());
    s.unmask(s.everyone());
    refused_by_server("unmask");
    const Bytes masked_of_0 = s.sent["masked"][1];
    const Bytes unmask_of_0 = s.sent["unmask"][1];
    const Bytes request_of_0 = s.request;
    s.open(1);
    CHECK(contains(error_of([&] { s.server->receive(masked_of_0); }), "round 0"));
    s.mask(s.everyone());
    CHECK(contains(error_of([&] { (void)s.members[1]->unmask(request_of_0); }), "round 0"));
    s.sign(s.everyone());
    CHECK(contains(error_of([&] { s.server->receive(unmask_of_0); }), "round 0"));
    s.unmask(s.everyone());
    s.check_sum(s.everyone());
  }
}

TEST_CASE("any byte changed, any truncation, any extra byte of a message is refused and changes nothing") {
  for (const Adversary adversary : {Adversary::active, Adversary::semi_honest}) {
    Standing s(Shape{.n = 4, .dropout = 0.25, .corrupt = 0.25, .adversary = adversary, .rounds = 1});
    const auto each_damage = [&](const Bytes& message, const auto& take) {
      for (size_t at = 0; at < message.size(); at += 1 + message.size() / 60) {
        Bytes changed = message;
        changed[at] ^= 0x10;
        CHECK_FALSE(error_of([&] { take(changed); }).empty());
        CHECK_FALSE(error_of([&] { take(Bytes(message.begin(), message.begin() + static_cast<long>(at))); }).empty());
      }
      Bytes longer = message;
      longer.push_back(0);
      CHECK_FALSE(error_of([&] { take(longer); }).empty());
    };
    const auto server = [&](const Bytes& m) { s.server->receive(m); };
    const auto to_server = [&](const std::string& kind, auto&& make) {
      for (const Index i : s.everyone()) {
        s.sent[kind][i] = make(i);
        if (i == 1) each_damage(s.sent[kind][i], server);
        s.server->receive(s.sent[kind][i]);
      }
    };
    to_server("keys", [&](Index i) { return s.members[i]->keys(); });
    s.server->close_keys();
    for (const Index i : s.everyone()) s.shown["neighbour_keys"][i] = s.server->neighbour_keys(i);
    if (adversary == Adversary::active) {  // a semi-honest server shows true keys
      Bytes shown = s.shown["neighbour_keys"][1];
      const Bytes after_server_key(shown.begin() + kHeaderBytes + 32, shown.end());
      for (size_t at = 0; at < after_server_key.size(); at += 5) {
        Bytes changed = shown;
        changed[kHeaderBytes + 32 + at] ^= 0x10;
        CHECK_FALSE(error_of([&] { (void)s.members[1]->deal(changed); }).empty());
      }
    }
    to_server("deal", [&](Index i) { return s.members[i]->deal(s.shown["neighbour_keys"][i]); });
    s.server->close_deal();
    for (const Index i : s.everyone()) s.shown["dealt"][i] = s.server->dealt(i);
    each_damage(s.shown["dealt"][1], [&](const Bytes& m) { (void)s.members[1]->accept(m); });
    if (adversary == Adversary::active) {
      to_server("confirm", [&](Index i) { return s.members[i]->accept(s.shown["dealt"][i]); });
      s.server->close_confirm();
      for (const Index i : s.everyone()) s.members[i]->confirmed(s.server->confirmed(i));
    } else {
      for (const Index i : s.everyone()) (void)s.members[i]->accept(s.shown["dealt"][i]);
    }
    s.open(0);
    to_server("masked", [&](Index i) { return s.masked_input(i, 0); });
    if (adversary == Adversary::active) {
      s.survivors = s.server->close_masked();
      to_server("consistent", [&](Index i) { return s.members[i]->sign_survivors(s.survivors); });
      s.request = s.server->close_consistency();
      each_damage(s.request, [&](const Bytes& m) { (void)s.members[1]->unmask(m); });
    } else {
      s.request = s.server->close_masked();
    }
    to_server("unmask", [&](Index i) { return s.members[i]->unmask(s.request); });
    s.check_sum(s.everyone());
  }
}

TEST_CASE("a member that is not set up, or not a survivor, sends nothing into a round") {
  Standing s;
  s.keys(s.without({7}));
  s.deal(s.without({6, 7}));
  s.accept(s.without({5, 6, 7}));
  s.open(0);
  CHECK_THROWS_AS((void)s.masked_input(5, 0), ProtocolError);  // it has no confirmations
  const auto forged = [&](Index i) {
    return s.forged(Kind::masked, i, 0,
                    encode(Masked{Bytes(packed_bytes(5, s.plan->bits())), Fr().to_bytes_le()}));
  };
  for (const Index i : {5, 6, 7}) {
    CHECK(contains(error_of([&] { s.server->receive(forged(i)); }), i == 7 ? "showed no key" : "is not set up"));
  }
  s.mask(s.without({5, 6, 7}));
  s.sign(s.without({5, 6, 7}));
  CHECK(contains(error_of([&] {
                   s.server->receive(s.forged(Kind::unmask, 5, 0, encode(Unmask{})));
                 }),
                 "is not a survivor"));
  s.unmask(s.without({5, 6, 7}));
  s.check_sum(s.without({5, 6, 7}));
}

TEST_CASE("false pads of a lost member are seen where a survivor shows its own side, and its vector still adds up") {
  Standing s;
  s.keys(s.everyone());
  for (const Index i : s.everyone()) {
    Bytes message = s.members[i]->deal(s.shown["neighbour_keys"].at(i));
    if (i == 7) {
      Deal deal = decode_deal(*s.plan, s.opened(Kind::deal, 7, kSetup, message), 7);
      deal.rounds[0].pads[3][5] ^= 1;  // of the pair with member 3
      message = s.forged(Kind::deal, 7, kSetup, encode(deal));
    }
    s.server->receive(message);
  }
  s.server->close_deal();
  for (const Index i : s.everyone()) s.shown["dealt"][i] = s.server->dealt(i);
  s.accept(s.everyone());
  const Who staying = s.without({7});
  s.open(0);
  s.mask(staying);
  s.sign(staying);
  s.unmask(staying);
  std::vector<int64_t> expected(5);
  for (const Index i : staying) {
    for (size_t j = 0; j < 5; ++j) expected[j] += s.values[i][j];
  }
  CHECK(s.server->sum().values != expected);
  for (const Index i : staying) {
    std::vector<LostSeed> shown = s.members[i]->lost_seeds(s.request);
    CHECK(s.server->other_seeds(i, shown) == (i == 3 ? Who{7} : Who{}));
    (void)s.server->opened_masks(i, shown);
    shown[0].seed[0] ^= 1;
    CHECK(s.server->other_seeds(i, shown) == Who{7});
    CHECK_THROWS_AS((void)s.server->opened_masks(i, {}), Misbehaviour);
  }
}
