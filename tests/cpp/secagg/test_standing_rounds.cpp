// Honest standing rounds: exact sums over one setup, whoever drops out whenever, as the plan allows.
#include "standing_harness.h"

#include <set>

#include "base/aes_ctr.h"
#include "secagg/standing/key_schedule.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;
using namespace pyzkfl::secagg::standing;
using test::contains;
using test::error_of;
using test::Shape;
using test::Standing;
using test::Who;

namespace {

const Shape kSemiHonest{.adversary = Adversary::semi_honest};
// A ring: 8 neighbours of 30, with an active server; 22 of 30 with thirty per cent lost.
const Shape kRing{.n = 30, .dropout = 0.05, .corrupt = 0.05};

}  // namespace

TEST_CASE("many rounds on one setup, other members lost in each, some coming back") {
  for (const Shape& shape : {Shape{}, kSemiHonest}) {
    Standing s(shape);
    CHECK(s.plan->neighbourhood().complete(8));
    s.set_up();
    s.run(0, s.everyone(), s.everyone());
    s.run(1, s.without({1, 4, 6}), s.without({1, 4, 6}));
    s.run(2, s.without({0}), s.without({0, 5, 7}));
  }
}

TEST_CASE("rounds may be left out, and a void round does not stop the next") {
  Standing s;
  s.set_up();
  s.open(0);
  for (const Index i : {0, 1}) s.server->receive(s.masked_input(i, 0));
  CHECK_THROWS_AS((void)s.server->close_masked(), NotEnoughClients);
  s.run(2, s.without({3, 0, 1}), s.without({3, 0, 1}));
}

TEST_CASE("a ring: exact sums with members lost in every phase of the setup and of a round") {
  for (const Adversary adversary : {Adversary::active, Adversary::semi_honest}) {
    Shape shape{.n = 30, .dropout = 0.2, .corrupt = 0.05, .adversary = adversary, .rounds = 2};
    Standing s(shape);
    CHECK(s.plan->graph().k() < 29);
    s.keys(s.without({0}));
    s.deal(s.without({0, 7}));
    s.accept(s.without({0, 7, 8}));
    s.run(0, s.without({0, 7, 8, 20}), s.without({0, 7, 8, 20, 21, 22}));
    s.run(1, s.without({0, 7, 8, 29}), s.without({0, 7, 8, 29, 2, 3}));
  }
}

TEST_CASE("any three of eight lost together, before or after their vectors came") {
  Standing s(Shape{.rounds = 120});
  s.set_up();
  uint32_t round = 0;
  for (Index a = 0; a < 8; ++a) {
    for (Index b = a + 1; b < 8; ++b) {
      for (Index c = b + 1; c < 8; ++c) {
        s.run(round++, s.without({a, b, c}), s.without({a, b, c}));
        s.open(round++);
        s.mask(s.everyone());
        s.sign(s.everyone());
        s.unmask(s.without({a, b, c}));
        s.check_sum(s.everyone());
      }
    }
  }
}

TEST_CASE("one lost past what the plan allows voids the round in each phase, and later rounds go on") {
  Standing s;  // 8 members, 5 must stay
  s.set_up();
  s.open(0);
  for (const Index i : {0, 1, 2, 3}) s.server->receive(s.masked_input(i, 0));
  CHECK(contains(error_of([&] { (void)s.server->close_masked(); }), "4 members sent a masked vector"));

  s.open(1);
  s.mask({0, 1, 2, 3, 4});
  for (const Index i : {0, 1, 2, 3}) s.server->receive(s.members[i]->sign_survivors(s.survivors));
  CHECK_THROWS_AS((void)s.server->close_consistency(), NotEnoughClients);

  s.open(2);
  s.mask({0, 1, 2, 3, 4});
  s.sign({0, 1, 2, 3, 4});
  s.unmask({0, 1, 2, 3});
  CHECK_THROWS_AS((void)s.server->sum(), NotEnoughClients);
  s.unmask({4});
  s.check_sum({0, 1, 2, 3, 4});
}

TEST_CASE("sums at the edge of the modulus lift to the right integers") {
  for (const uint64_t max_abs : {1U, 127U, 128U, 4095U, 4096U}) {
    Standing s(Shape{.rounds = 2, .length = 3, .max_abs = max_abs});
    s.set_up();
    for (const int64_t sign : {1, -1}) {
      s.open(sign == 1 ? 0 : 1);
      const auto edge = sign * static_cast<int64_t>(max_abs);
      const std::vector<int64_t> vector = {edge, 0, -edge};
      for (const Index i : s.everyone()) {
        s.server->receive(s.members[i]->masked_input(s.server->round(), vector, Fr().to_bytes_le()));
      }
      s.survivors = s.server->close_masked();
      s.sign(s.everyone());
      s.unmask(s.everyone());
      CHECK(s.server->sum().values == std::vector<int64_t>{8 * edge, 0, -8 * edge});
    }
  }
}

TEST_CASE("a value beyond the bound is the caller's error and enters no round") {
  Standing s;
  s.set_up();
  const auto blinder = Fr().to_bytes_le();
  CHECK_THROWS_AS((void)s.members[0]->masked_input(0, std::vector<int64_t>{0, 0, 0, 0, 1001}, blinder),
                  ParameterError);
  CHECK_THROWS_AS((void)s.members[0]->masked_input(0, std::vector<int64_t>{0, 0, 0, 0, INT64_MIN}, blinder),
                  ParameterError);
  CHECK_THROWS_AS((void)s.members[0]->masked_input(0, std::vector<int64_t>(4), blinder), ParameterError);
  CHECK_THROWS_AS((void)s.members[0]->masked_input(3, std::vector<int64_t>(5), blinder), ParameterError);
  CHECK(s.members[0]->next_round() == 0);
}

TEST_CASE("masks of two rounds never repeat, and are key streams of 256-bit seeds") {
  Standing s(Shape{.length = 64, .max_abs = 1 << 20});
  s.set_up();
  const std::vector<int64_t> zeros(64);
  std::set<std::string> masks;
  for (uint32_t round = 0; round < 3; ++round) {
    for (const Index i : s.everyone()) {
      const Bytes message = s.members[i]->masked_input(round, zeros, Fr().to_bytes_le());
      const ByteSpan body = s.opened(Kind::masked, i, round, message);
      const ByteSpan packed = decode_masked(*s.plan, body).packed;
      CHECK(masks.emplace(packed.begin(), packed.end()).second);
    }
  }
  // Seeds of a pair: 32 bytes each, the same for both, another for each round, pair and plan.
  const SecretBytes agreed = SecretBytes::random(32);
  const X25519PublicKey a{1};
  const X25519PublicKey b{2};
  const SecretBytes root = derive_pair_root(*s.plan, 0, a, 1, b, agreed.span());
  const SecretBytes same = derive_pair_root(*s.plan, 1, b, 0, a, agreed.span());
  CHECK(equal_constant_time(root.span(), same.span()));
  std::set<std::string> seeds;
  const auto fresh = [&](const SecretBytes& seed) {
    CHECK(seed.size() == 32);
    return seeds.emplace(seed.span().begin(), seed.span().end()).second;
  };
  const auto other = test::plan_of(Shape{.epoch = 8});
  for (uint32_t round = 0; round < 3; ++round) CHECK(fresh(derive_pair_seed(*s.plan, round, root.span())));
  CHECK(fresh(derive_pair_seed(*other, 0, root.span())));
  CHECK(fresh(derive_pair_seed(
      *s.plan, 0, derive_pair_root(*s.plan, 0, a, 2, b, agreed.span()).span())));
  // And a mask is AES-256-CTR under its seed.
  MaskedVector vector(4, 32);
  const SecretBytes seed = derive_pair_seed(*s.plan, 0, root.span());
  std::vector<MaskTerm> terms;
  terms.push_back({seed.clone(), false});
  vector.add_masks(terms);
  Bytes packed(16);
  vector.pack(packed);
  Bytes stream(64 + 16);
  AesCtr256(seed.span().first<32>()).keystream(std::span<uint8_t>(stream));
  CHECK(std::ranges::equal(packed, ByteSpan(stream).subspan(64)));
}

TEST_CASE("what recovering a dropped member opens is of that round alone") {
  Standing s;
  s.set_up();
  s.run(0, s.without({3}), s.without({3}));
  // The server's view: pad shares of member 3 for round 0. In round 1 all it has is another seed of the pair.
  std::set<std::string> opened;
  for (const auto& [sender, message] : s.sent["unmask"]) {
    const Unmask m =
        decode_unmask(*s.plan, s.opened(Kind::unmask, sender, 0, message));
    for (const auto& entry : m.shares) opened.emplace(entry.share.begin(), entry.share.end());
  }
  s.run(1, s.everyone(), s.everyone());
  for (const auto& [sender, message] : s.sent["unmask"]) {
    const Unmask m =
        decode_unmask(*s.plan, s.opened(Kind::unmask, sender, 1, message));
    CHECK(m.shares.size() == 8);
    for (const auto& entry : m.shares) CHECK(opened.emplace(entry.share.begin(), entry.share.end()).second);
  }
}

TEST_CASE("a member that restarts from its saved state at any step goes on") {
  for (const Shape& shape : {Shape{}, kSemiHonest}) {
    Standing s(shape);
    const auto restart = [&] {
      for (const Index i : {2, 5}) {
        const Bytes saved = s.members[i]->save();
        s.members[i] = std::make_unique<Member>(Member::restore(s.plan, i, s.identities[i], saved));
      }
    };
    restart();
    s.keys(s.everyone());
    restart();
    s.deal(s.everyone());
    restart();
    s.accept(s.everyone());
    restart();
    for (uint32_t round = 0; round < 2; ++round) {
      s.open(round);
      restart();
      s.mask(s.without({7}));
      restart();
      s.sign(s.without({7}));
      restart();
      s.unmask(s.without({7}));
      s.check_sum(s.without({7}));
      // A restart forgets neither the round nor the set.
      restart();
      CHECK(s.members[2]->next_round() == round + 1);
      CHECK(contains(error_of([&] { (void)s.masked_input(2, round); }), "used once"));
      CHECK(s.members[2]->unmask(s.request) == s.sent["unmask"][2]);
    }
  }
}

TEST_CASE("saved state is sealed: another member, plan or identity, or a changed byte, does not open it") {
  Standing s;
  s.set_up();
  const Bytes saved = s.members[2]->save();
  const Bytes again = s.members[2]->save();
  CHECK_FALSE(std::ranges::equal(saved, again));
  CHECK_THROWS_AS((void)Member::restore(s.plan, 3, s.identities[3], saved), DecodeError);
  CHECK_THROWS_AS((void)Member::restore(test::plan_of(Shape{.epoch = 8}), 2, s.identities[2], saved),
                  DecodeError);
  CHECK_THROWS_AS((void)Member::restore(s.plan, 2, s.identities[3], saved), ParameterError);
  for (size_t at = 0; at < saved.size(); at += 7) {
    Bytes changed = saved;
    changed[at] ^= 1;
    CHECK_THROWS_AS((void)Member::restore(s.plan, 2, s.identities[2], changed), DecodeError);
  }
  for (const size_t size : {size_t{0}, size_t{31}, saved.size() - 1}) {
    CHECK_THROWS_AS((void)Member::restore(s.plan, 2, s.identities[2], ByteSpan(saved).first(size)),
                    DecodeError);
  }
}

TEST_CASE("a hundred members on a ring, 37 of them lost over two phases") {
  Standing s(Shape{.n = 100,
                   .dropout = 0.38,
                   .corrupt = 0.05,
                   .adversary = Adversary::semi_honest,
                   .rounds = 1,
                   .length = 3});
  CHECK(s.plan->graph().k() == 58);
  CHECK(s.plan->threshold() == 22);
  s.set_up();
  Who gone;
  for (Index i = 0; i < 20; ++i) gone.push_back(static_cast<Index>(3 * i));
  s.open(0);
  s.mask(s.without(gone));
  s.sign(s.without(gone));
  for (Index i = 1; i < 18; ++i) gone.push_back(static_cast<Index>(3 * i + 1));
  s.unmask(s.without(gone));
  Who masked = s.server->survivors();
  CHECK(masked.size() == 80);
  s.check_sum(masked);
}

TEST_CASE("a server that restarts from its saved state before any step goes on, and needs no message again") {
  for (const Adversary adversary : {Adversary::active, Adversary::semi_honest}) {
    Shape shape;
    shape.adversary = adversary;
    Standing s(shape);
    const Ed25519PrivateKey identity = Ed25519PrivateKey::generate();
    const auto restart = [&] {
      const std::string phase = s.server->phase();
      s.server = std::make_unique<Server>(Server::restore(s.plan, identity, s.server->save(identity)));
      CHECK(s.server->phase() == phase);
    };
    const auto deliver = [&](const Bytes& message) {
      s.server->receive(message);
      restart();
      CHECK(error_of([&] { s.server->receive(message); }) != "");  // it knows what it took
    };
    const Who staying = s.without({2});
    for (const Index i : s.everyone()) deliver(s.members[i]->keys());
    s.server->close_keys();
    for (const Index i : s.everyone()) {
      restart();
      deliver(s.members[i]->deal(s.shown["neighbour_keys"][i] = s.server->neighbour_keys(i)));
    }
    s.server->close_deal();
    for (const Index i : s.everyone()) {
      restart();
      const Bytes confirm = s.members[i]->accept(s.server->dealt(i));
      if (s.plan->active()) deliver(confirm);
    }
    if (s.plan->active()) {
      s.server->close_confirm();
      for (const Index i : s.everyone()) s.members[i]->confirmed(s.server->confirmed(i));
    }
    for (const uint32_t round : {0U, 2U}) {
      s.round = round;
      s.server->open_round(round);
      for (const Index i : staying) deliver(s.masked_input(i, round));
      Bytes request = s.server->close_masked();
      restart();
      if (s.plan->active()) {
        const Bytes survivors = request;
        for (const Index i : s.committee_of(staying)) deliver(s.members[i]->sign_survivors(survivors));
        request = s.server->close_consistency();
        restart();
      }
      for (const Index i : staying) deliver(s.members[i]->unmask(request));
      s.check_sum(staying);
      restart();
      s.check_sum(staying);
      CHECK(s.server->survivors() == staying);
    }
  }
}

TEST_CASE("a server's saved state is sealed: another plan or identity, or a changed byte, does not open it") {
  Standing s;
  s.set_up();
  s.open(0);
  s.mask(s.everyone());
  const Ed25519PrivateKey identity = Ed25519PrivateKey::generate();
  const Bytes saved = s.server->save(identity);
  (void)Server::restore(s.plan, identity, saved);
  CHECK_THROWS_AS((void)Server::restore(s.plan, Ed25519PrivateKey::generate(), saved), DecodeError);
  Shape other;
  other.epoch = 8;
  CHECK_THROWS_AS((void)Server::restore(plan_of(other), identity, saved), DecodeError);
  CHECK_THROWS_AS((void)Member::restore(s.plan, 0, s.identities[0], saved), DecodeError);
  for (const size_t at : {size_t{0}, size_t{40}, saved.size() - 1}) {
    Bytes changed = saved;
    changed[at] ^= 1;
    CHECK_THROWS_AS((void)Server::restore(s.plan, identity, changed), DecodeError);
  }
  CHECK_THROWS_AS((void)Server::restore(s.plan, identity, ByteSpan(saved).first(20)), DecodeError);
}
