// Honest rounds: the sum is exact whoever drops out and whenever, up to the threshold, and nothing is
// revealed past it.
#include "round_harness.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;
using test::Round;

TEST_CASE("everybody stays: the sum of vectors and of blinders is exact") {
  Round r(8, 5, 31, 1 << 19);
  const auto all = r.everyone();
  r.advertise(all);
  r.share(all);
  r.mask(all);
  r.sign(all);
  r.unmask(all);
  r.check_sum(all);
  r.check_sum(all);  // asking again is harmless
}

TEST_CASE("the demo's round: 8 members, threshold 5, one lost after each of three phases") {
  Round r(8, 5, 31, 1 << 19);
  r.advertise(r.everyone());
  r.share({1, 2, 3, 4, 5, 6, 7});  // 0 is lost after it advertised
  r.mask({1, 2, 4, 5, 6, 7});      // 3 is lost after it dealt shares
  r.sign({1, 2, 4, 5, 6, 7});
  r.unmask({1, 2, 4, 6, 7});  // 5 is lost after its masked vector: it stays in the sum
  r.check_sum({1, 2, 4, 5, 6, 7});
}

namespace {

// A round in which those who are not `present` are lost before the phase number `moment`.
void round_with_losses(size_t n, size_t threshold, const std::vector<Index>& present, int moment) {
  Round r(n, threshold);
  const auto all = r.everyone();
  const auto& at = [&](int phase) -> const std::vector<Index>& { return phase >= moment ? present : all; };
  r.advertise(at(1));
  r.share(at(2));
  r.mask(at(3));
  r.sign(at(4));
  r.unmask(at(5));
  r.check_sum(at(3));
}

}  // namespace

TEST_CASE("any three of eight lost together, and any two of five at every moment") {
  int moment = 0;
  for (const auto& present : test::subsets({0, 1, 2, 3, 4, 5, 6, 7}, 5)) {
    if (present.size() == 5) round_with_losses(8, 5, present, 1 + moment++ % 5);
  }
  for (const auto& present : test::subsets({0, 1, 2, 3, 4}, 3)) {
    for (moment = 1; moment <= 5; ++moment) round_with_losses(5, 3, present, moment);
  }
}

TEST_CASE("four members, threshold three: every way to drop out in every phase gives the exact sum") {
  for (const auto& advertisers : test::subsets({0, 1, 2, 3}, 3)) {
    for (const auto& sharers : test::subsets(advertisers, 3)) {
      for (const auto& submitters : test::subsets(sharers, 3)) {
        for (const auto& signers : test::subsets(submitters, 3)) {
          for (const auto& responders : test::subsets(submitters, 3)) {
            if (signers != submitters && responders != signers) {
              continue;  // enough ways, at a tenth of the time
            }
            // A survivor whose signature got lost may still answer if it signed.
            Round r(4, 3);
            r.advertise(advertisers);
            r.share(sharers);
            r.mask(submitters);
            for (const Index i : responders) {
              if (!std::ranges::binary_search(signers, i)) (void)r.clients[i]->sign_survivors(r.survivors);
            }
            r.sign(signers);
            r.unmask(responders);
            r.check_sum(submitters);
          }
        }
      }
    }
  }
}

TEST_CASE("one too few in any phase voids the round, and no later phase can be reached") {
  const std::vector<Index> enough = {0, 1, 2, 3, 4};
  const std::vector<Index> too_few = {0, 1, 2, 3};
  SUBCASE("keys") {
    Round r(8, 5);
    CHECK_THROWS_AS(r.advertise(too_few), NotEnoughClients);
    // Not a dead end: the fifth may still come.
    r.server->receive(r.clients[7]->advertise());
    CHECK_NOTHROW(r.server->close_advertise());
  }
  SUBCASE("shares") {
    Round r(8, 5);
    r.advertise(r.everyone());
    CHECK_THROWS_AS(r.share(too_few), NotEnoughClients);
    CHECK_THROWS_AS(r.server->close_masked(too_few), ProtocolError);
  }
  SUBCASE("masked vectors") {
    Round r(8, 5);
    r.advertise(r.everyone());
    r.share(r.everyone());
    CHECK_THROWS_AS(r.mask(too_few), NotEnoughClients);
    CHECK_THROWS_AS(r.server->close_consistency(), ProtocolError);
    CHECK_THROWS_AS(r.server->sum(), ProtocolError);
  }
  SUBCASE("accepted vectors") {
    Round r(8, 5);
    r.advertise(r.everyone());
    r.share(r.everyone());
    r.mask(r.everyone());
    Round again(8, 5);
    again.advertise(again.everyone());
    again.share(again.everyone());
    for (const Index i : again.everyone()) again.server->receive(again.masked_input(i));
    CHECK_THROWS_AS(again.server->close_masked(too_few), NotEnoughClients);
    CHECK_NOTHROW(again.server->close_masked(enough));
  }
  SUBCASE("signatures") {
    Round r(8, 5);
    r.advertise(r.everyone());
    r.share(r.everyone());
    r.mask(r.everyone());
    CHECK_THROWS_AS(r.sign(too_few), NotEnoughClients);
    CHECK_THROWS_AS(r.server->sum(), ProtocolError);
  }
  SUBCASE("answers") {
    Round r(8, 5);
    r.advertise(r.everyone());
    r.share(r.everyone());
    r.mask(r.everyone());
    r.sign(r.everyone());
    r.unmask(too_few);
    CHECK_THROWS_AS(r.server->sum(), NotEnoughClients);
    r.unmask({6});
    r.check_sum(r.everyone());
  }
}

TEST_CASE("clients refuse to go on with too few, whatever the server says") {
  Round r(8, 5);
  // A server that closes phases which an honest one would not.
  const auto patched = [&](Kind kind, const Bytes& body) { return server_message(*r.config, kind, body); };

  r.advertise(r.everyone());
  Advertised few =
      decode_advertised(*r.config, open_server_message(*r.config, Kind::advertised, r.advertised));
  few.entries.resize(4);
  CHECK_THROWS_AS(r.clients[0]->share(patched(Kind::advertised, encode(few))), NotEnoughClients);

  r.share(r.everyone());
  Shared shared = decode_shared(*r.config, open_server_message(*r.config, Kind::shared, r.shared.at(0)));
  shared.entries.resize(3);
  CHECK_THROWS_AS(
      r.clients[0]->masked_input(patched(Kind::shared, encode(shared)), r.values[0], Fr().to_bytes_le()),
      NotEnoughClients);

  r.mask(r.everyone());
  CHECK_THROWS_AS(r.clients[0]->sign_survivors(std::vector<Index>{0, 1, 2, 3}, Digest{}), NotEnoughClients);

  r.sign(r.everyone());
  UnmaskRequest request =
      decode_unmask_request(*r.config, open_server_message(*r.config, Kind::unmask_request, r.request));
  request.signatures.resize(4);
  CHECK_THROWS_AS(r.clients[0]->unmask(patched(Kind::unmask_request, encode(request))), NotEnoughClients);
  r.unmask(r.everyone());
  r.check_sum(r.everyone());
}

TEST_CASE("three of three, and two of three is refused though the threshold is two") {
  Round r(3, 2);
  r.advertise({0, 1, 2});
  r.share({0, 1, 2});
  for (const Index i : {0, 1}) r.server->receive(r.masked_input(static_cast<Index>(i)));
  CHECK_THROWS_AS(r.server->close_masked(r.server->submitters()), NotEnoughClients);
  r.server->receive(r.masked_input(2));
  r.survivors = r.server->close_masked(r.server->submitters());
  r.sign({0, 2});  // two signatures and two answers are the threshold
  r.unmask({2, 0});
  r.check_sum({0, 1, 2});
}

TEST_CASE("a vector that the coordinator does not accept is not in the sum, and the others' sum is exact") {
  Round r(5, 3);
  r.advertise(r.everyone());
  r.share(r.everyone());
  for (const Index i : r.everyone()) r.server->receive(r.masked_input(i));
  r.survivors = r.server->close_masked(std::vector<Index>{0, 2, 4});
  CHECK(r.server->submitters() == r.everyone());
  CHECK(r.server->survivors() == std::vector<Index>{0, 2, 4});
  CHECK(test::contains(test::error_of([&] { r.clients[1]->sign_survivors(r.survivors); }),
                       "not among the survivors"));
  r.sign({0, 2, 4});
  r.unmask({0, 2, 4});
  r.check_sum({0, 2, 4});
}

TEST_CASE("a set may be signed from what the member knows itself, and its context is bound") {
  Round r(4, 3);
  r.advertise(r.everyone());
  r.share(r.everyone());
  for (const Index i : r.everyone()) r.server->receive(r.masked_input(i));
  const Digest context{9, 9, 9};
  r.survivors = r.server->close_masked(r.everyone(), context);
  CHECK_NOTHROW(r.server->receive(r.clients[0]->sign_survivors(r.everyone(), context)));
  CHECK_NOTHROW(r.server->receive(r.clients[1]->sign_survivors(r.survivors)));
  const std::string error =
      test::error_of([&] { r.server->receive(r.clients[2]->sign_survivors(r.everyone(), Digest{})); });
  CHECK(test::contains(error, "another set of survivors (offender 2)"));
}

TEST_CASE("sums at the edge of the modulus come out of a whole round") {
  for (const int sign : {1, -1}) {
    Round r(4, 3, 3, (uint64_t{1} << 61) - 1);
    CHECK(r.config->bits() == 64);
    for (auto& values : r.values) {
      for (int64_t& v : values) v = sign * static_cast<int64_t>(r.config->max_abs());
    }
    r.advertise(r.everyone());
    r.share(r.everyone());
    r.mask(r.everyone());
    r.sign(r.everyone());
    r.unmask(r.everyone());
    r.check_sum(r.everyone());
  }
}

TEST_CASE("the same vector in two rounds gives unrelated bytes, and so do equal vectors in one round") {
  std::set<std::string> packed;
  for (uint64_t round = 0; round < 4; ++round) {
    Round r(4, 3, 16, 1 << 20, round);
    for (auto& values : r.values) std::ranges::fill(values, 0);
    r.advertise(r.everyone());
    r.share(r.everyone());
    for (const Index i : r.everyone()) {
      const Bytes message = r.masked_input(i);
      const Masked m = decode_masked(*r.config, open_client_message(*r.config, Kind::masked, i, message));
      packed.insert(std::string(m.packed.begin(), m.packed.end()));
      // Not even a piece of it repeats: cut into words of 8 bytes.
      for (size_t at = 0; at + 8 <= m.packed.size(); at += 8) {
        CHECK(packed
                  .insert(std::string(m.packed.begin() + static_cast<std::ptrdiff_t>(at),
                                      m.packed.begin() + static_cast<std::ptrdiff_t>(at) + 8))
                  .second);
      }
    }
  }
}

TEST_CASE("a member's own mistakes are parameter errors and leave the session usable") {
  Round r(4, 3);
  CHECK_THROWS_AS(ClientSession(*r.config, 4, r.identities[0]), ParameterError);
  CHECK_THROWS_AS(ClientSession(*r.config, 1, r.identities[0]), ParameterError);
  CHECK_THROWS_AS(ClientSession(*r.config, 1, nullptr), ParameterError);
  r.advertise(r.everyone());
  r.share(r.everyone());
  const auto blinder = r.blinders[0].to_bytes_le();
  auto& client = *r.clients[0];
  auto values = r.values[0];
  values[2] = 1001;
  CHECK_THROWS_AS(client.masked_input(r.shared.at(0), values, blinder), ParameterError);
  values[2] = -1001;
  CHECK_THROWS_AS(client.masked_input(r.shared.at(0), values, blinder), ParameterError);
  values[2] = std::numeric_limits<int64_t>::min();
  CHECK_THROWS_AS(client.masked_input(r.shared.at(0), values, blinder), ParameterError);
  values.pop_back();
  CHECK_THROWS_AS(client.masked_input(r.shared.at(0), values, blinder), ParameterError);
  std::array<uint8_t, 32> large;
  large.fill(0xff);
  CHECK_THROWS_AS(client.masked_input(r.shared.at(0), r.values[0], large), ParameterError);
  r.values[0][0] = 1000;
  r.values[0][1] = -1000;
  r.mask(r.everyone());
  r.sign(r.everyone());
  r.unmask(r.everyone());
  r.check_sum(r.everyone());
}

TEST_CASE("messages have the sizes that are announced") {
  Round r(8, 5, 31, 1 << 19);
  const auto all = r.everyone();
  r.advertise(all);
  r.share(all);
  r.mask(all);
  r.sign(all);
  r.unmask(all);
  const Traffic traffic = client_traffic(*r.config, 8);
  uint64_t sent = 0;
  for (const auto& [kind, messages] : r.sent) sent += messages.at(3).size();
  CHECK(traffic.sent == sent);
  CHECK(traffic.received ==
        r.advertised.size() + r.shared.at(3).size() + r.survivors.size() + r.request.size());
  CHECK(masked_bytes(*r.config) == r.sent["masked"].at(3).size());
  CHECK(r.config->bits() == 24);
  CHECK(masked_bytes(*r.config) == 53 + 32 + 31 * 3 + 32 + 64);
}
