// A server that does not follow the protocol is refused by every member, and the honest round goes on to the
// exact sum afterwards. Without the check meant for it, it would read a member's vector.
#include "round_harness.h"

#include <cstdlib>

#include "secagg/key_schedule.h"
#include "secagg/masked_vector.h"
#include "secagg/shamir.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;
using test::contains;
using test::error_of;
using test::Round;

namespace {

// Brings a round to the point where signatures are due, 8 members, 5 needed; member 7 dropped after it dealt
// shares.
void until_signatures(Round& r) {
  r.advertise(r.everyone());
  r.share(r.everyone());
  r.mask({0, 1, 2, 3, 4, 5, 6});
}

UnmaskRequest request_of(const Round& r) {
  return decode_unmask_request(*r.config, open_server_message(*r.config, Kind::unmask_request, r.request));
}

Bytes server_bytes(const Round& r, const UnmaskRequest& request) {
  return server_message(*r.config, Kind::unmask_request, encode(request));
}

// What a server that got both kinds of shares of `victim` from `threshold` members knows: the victim's
// vector.
std::vector<int64_t> unmask_one(const Round& r, Index victim, const std::map<Index, Unmask>& for_seed,
                                const std::map<Index, Unmask>& for_key) {
  const auto combine = [&](const std::map<Index, Unmask>& answers,
                           std::vector<Unmask::Entry> Unmask::* list) {
    std::vector<uint8_t> points;
    std::vector<ByteSpan> shares;
    for (const auto& [member, answer] : answers) {
      for (const auto& entry : answer.*list) {
        if (entry.member != victim || shares.size() == r.config->threshold()) continue;
        points.push_back(static_cast<uint8_t>(member + 1));
        shares.emplace_back(entry.share);
      }
    }
    REQUIRE(shares.size() == r.config->threshold());
    SecretBytes secret(kShareBytes);
    shamir_combine(secret.span(), shamir_weights_vartime(points), shares);
    return secret;
  };
  const SecretBytes seed = combine(for_seed, &Unmask::self_masks);
  const SecretBytes key = combine(for_key, &Unmask::mask_keys);
  const Advertised advertised =
      decode_advertised(*r.config, open_server_message(*r.config, Kind::advertised, r.advertised));
  std::map<Index, X25519PublicKey> mask_keys;
  for (const auto& entry : advertised.entries) mask_keys[entry.member] = entry.keys.mask_key;
  std::vector<MaskTerm> terms;
  terms.push_back({derive_self_mask_key(*r.config, victim, seed.span()), true});
  for (const auto& [other, other_key] : mask_keys) {
    if (other == victim) continue;
    const SecretBytes agreed = x25519_agree(key.span().first<32>(), other_key);
    terms.push_back(
        {derive_pair_mask_key(*r.config, victim, mask_keys[victim], other, other_key, agreed.span()),
         victim < other});
  }
  MaskedVector vector(r.config->length(), r.config->bits());
  const Masked m = decode_masked(
      *r.config, open_client_message(*r.config, Kind::masked, victim, r.sent.at("masked").at(victim)));
  vector.add_packed(m.packed, m.blinder);
  vector.add_masks(terms);
  std::vector<int64_t> out(r.config->length());
  vector.lift(out);
  return out;
}

struct AllowUnsafe {
  AllowUnsafe() { ::setenv("PYZKFL_ALLOW_UNSAFE", "1", 1); }
  ~AllowUnsafe() { ::unsetenv("PYZKFL_ALLOW_UNSAFE"); }
};

}  // namespace

TEST_CASE("a server that asks for both shares of one member is refused") {
  Round r(8, 5);
  until_signatures(r);
  r.sign({0, 1, 2, 3, 4, 5, 6});
  UnmaskRequest request = request_of(r);
  CHECK(request.self_masks == std::vector<Index>{0, 1, 2, 3, 4, 5, 6});
  CHECK(request.mask_keys == std::vector<Index>{7});

  request.mask_keys = {2, 7};
  CHECK(
      contains(error_of([&] { r.clients[0]->unmask(server_bytes(r, request)); }), "both shares of member 2"));
  request = request_of(r);
  request.self_masks.push_back(7);
  CHECK(
      contains(error_of([&] { r.clients[0]->unmask(server_bytes(r, request)); }), "both shares of member 7"));
  // The wrong one of the two, one that is missing, one of nobody.
  request = request_of(r);
  request.self_masks = {0, 1, 3, 4, 5, 6};
  request.mask_keys = {2, 7};
  CHECK(contains(error_of([&] { r.clients[0]->unmask(server_bytes(r, request)); }), "other shares"));
  request = request_of(r);
  request.mask_keys.clear();
  CHECK(contains(error_of([&] { r.clients[0]->unmask(server_bytes(r, request)); }), "other shares"));
  request = request_of(r);
  request.self_masks.pop_back();
  CHECK(contains(error_of([&] { r.clients[0]->unmask(server_bytes(r, request)); }), "other shares"));

  r.unmask({0, 1, 2, 3, 4, 5, 6});
  r.check_sum({0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("mutation: without check_one_share_each that server learns a member's vector") {
  const AllowUnsafe allow;
  Round r(8, 5, 5, 1000, 7, UnsafeSkips{.one_share_each = true});
  until_signatures(r);
  r.sign({0, 1, 2, 3, 4, 5, 6});
  UnmaskRequest request = request_of(r);
  request.mask_keys = {2, 7};
  std::map<Index, Unmask> answers;
  for (const Index i : {0, 1, 3, 4, 5}) {
    const Bytes answer = r.clients[i]->unmask(server_bytes(r, request));
    answers[i] = decode_unmask(*r.config, open_client_message(*r.config, Kind::unmask, i, answer));
  }
  CHECK(unmask_one(r, 2, answers, answers) == r.values[2]);
}

TEST_CASE("a server that shows two sets of survivors is refused, before and after the unmasking") {
  Round r(8, 5);
  until_signatures(r);
  r.sign({0, 1, 2, 3, 4, 5, 6});
  const Survivors shown =
      decode_survivors(*r.config, open_server_message(*r.config, Kind::survivors, r.survivors));
  Survivors other = shown;
  other.members = {0, 1, 3, 4, 5, 6};
  const Bytes second = server_message(*r.config, Kind::survivors, encode(other));
  CHECK(contains(error_of([&] { r.clients[0]->sign_survivors(second); }), "second, different set"));
  // The same set with another context is another set.
  other = shown;
  other.context = Digest{1};
  CHECK(contains(error_of([&] {
                   r.clients[0]->sign_survivors(server_message(*r.config, Kind::survivors, encode(other)));
                 }),
                 "second, different set"));
  // The same set once more is the same signature.
  CHECK(r.clients[0]->sign_survivors(r.survivors) == r.sent["consistent"][0]);
  r.unmask({0, 1, 2, 3, 4, 5, 6});
  CHECK(contains(error_of([&] { r.clients[0]->sign_survivors(second); }), "second, different set"));
  CHECK(r.clients[0]->unmask(r.request) == r.sent["unmask"][0]);
  r.check_sum({0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("mutation: without check_same_set a server that shows two sets learns a member's vector") {
  const AllowUnsafe allow;
  Round r(8, 5, 5, 1000, 7, UnsafeSkips{.same_set = true});
  until_signatures(r);
  // Member 2 is in the first set and not in the second.
  const auto run = [&](const std::vector<Index>& set) {
    const Bytes shown = server_message(
        *r.config, Kind::survivors,
        encode(Survivors{
            decode_survivors(*r.config, open_server_message(*r.config, Kind::survivors, r.survivors)).view,
            Digest{}, set}));
    UnmaskRequest request{{}, {}, set, {}};
    for (const Index i : r.everyone()) {
      if (!std::ranges::binary_search(set, i)) request.mask_keys.push_back(i);
    }
    for (const Index i : set) {
      if (i == 2) continue;
      const Bytes signature = r.clients[i]->sign_survivors(shown);
      request.survivors =
          decode_consistent(open_client_message(*r.config, Kind::consistent, i, signature)).survivors;
      request.signatures.push_back({i, signature_of(signature)});
    }
    std::map<Index, Unmask> answers;
    for (const Index i : set) {
      if (i == 2) continue;
      const Bytes answer = r.clients[i]->unmask(server_bytes(r, request));
      answers[i] = decode_unmask(*r.config, open_client_message(*r.config, Kind::unmask, i, answer));
    }
    return answers;
  };
  const auto first = run({0, 1, 2, 3, 4, 5, 6});
  const auto second = run({0, 1, 3, 4, 5, 6});
  CHECK(unmask_one(r, 2, first, second) == r.values[2]);
}

TEST_CASE("a server that shows half of the members one set and half another gets no answer from either") {
  Round r(8, 5);
  until_signatures(r);
  const std::vector<Index> with = {0, 1, 2, 3, 4, 5, 6};
  const std::vector<Index> without = {0, 1, 3, 4, 5, 6};
  UnmaskRequest a{{}, {}, with, {7}};
  UnmaskRequest b{{}, {}, without, {2, 7}};
  for (const Index i : {0, 1, 2, 3}) {
    const Bytes m = r.clients[i]->sign_survivors(with, Digest{});
    a.survivors = decode_consistent(open_client_message(*r.config, Kind::consistent, i, m)).survivors;
    a.signatures.push_back({i, signature_of(m)});
  }
  for (const Index i : {4, 5, 6}) {
    const Bytes m = r.clients[i]->sign_survivors(without, Digest{});
    b.survivors = decode_consistent(open_client_message(*r.config, Kind::consistent, i, m)).survivors;
    b.signatures.push_back({i, signature_of(m)});
  }
  CHECK_THROWS_AS(r.clients[0]->unmask(server_bytes(r, a)), NotEnoughClients);
  CHECK_THROWS_AS(r.clients[4]->unmask(server_bytes(r, b)), NotEnoughClients);
  CHECK(contains(error_of([&] { r.clients[4]->unmask(server_bytes(r, a)); }), "different set"));
  // Signatures over the other set do not help it.
  for (const auto& entry : b.signatures) a.signatures.push_back(entry);
  CHECK(contains(error_of([&] { r.clients[0]->unmask(server_bytes(r, a)); }),
                 "the signature of member 4 is not over this set"));
}

TEST_CASE("signatures that are forged, of a member that dropped, or there twice do not count") {
  Round r(8, 5);
  until_signatures(r);
  r.sign({0, 1, 2, 3, 4});
  UnmaskRequest request = request_of(r);
  request.signatures[3].signature[7] ^= 1;
  CHECK(contains(error_of([&] { r.clients[0]->unmask(server_bytes(r, request)); }), "signature of member 3"));
  request = request_of(r);
  request.signatures[4].member = 7;
  CHECK(contains(error_of([&] { r.clients[0]->unmask(server_bytes(r, request)); }),
                 "member 7, which is not a survivor"));
  request = request_of(r);
  request.signatures[4] = request.signatures[3];
  CHECK(contains(error_of([&] { r.clients[0]->unmask(server_bytes(r, request)); }), "ascending"));
  request = request_of(r);
  request.signatures.erase(request.signatures.begin());
  CHECK_THROWS_AS(r.clients[0]->unmask(server_bytes(r, request)), NotEnoughClients);
  r.unmask({0, 1, 2, 3, 4});
  r.check_sum({0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("a server that shows different keys to two members is found out") {
  Round r(4, 3);
  Round other(4, 3);  // the same identities with other keys: member 3 advertised twice to the server's liking
  r.advertise(r.everyone());
  other.advertise(other.everyone());
  Advertised mixed =
      decode_advertised(*r.config, open_server_message(*r.config, Kind::advertised, r.advertised));
  mixed.entries[3] =
      decode_advertised(*r.config, open_server_message(*r.config, Kind::advertised, other.advertised))
          .entries[3];
  const Bytes to_zero = server_message(*r.config, Kind::advertised, encode(mixed));
  // Every signature is good, so member 0 cannot know; but what it deals is bound to what it saw.
  const Bytes from_zero = r.clients[0]->share(to_zero);
  CHECK(contains(error_of([&] { r.server->receive(from_zero); }), "other keys than were shown (offender 0)"));
  r.share({1, 2, 3});
  // Sent on all the same, the shares do not open: their associated data is another view.
  const ShareMessage m = decode_share(open_client_message(*r.config, Kind::share, 0, from_zero), 4);
  Shared shared = decode_shared(*r.config, open_server_message(*r.config, Kind::shared, r.shared.at(1)));
  shared.entries.insert(shared.entries.begin(), {0, m.digests[1], m.sealed[0]});
  CHECK(contains(error_of([&] {
                   r.clients[1]->masked_input(server_message(*r.config, Kind::shared, encode(shared)),
                                              r.values[1], Fr().to_bytes_le());
                 }),
                 "from member 0 do not decrypt, or were changed on the way (offender 0)"));
  r.mask({1, 2, 3});
  r.sign({1, 2, 3});
  r.unmask({1, 2, 3});
  r.check_sum({1, 2, 3});
}

TEST_CASE("a server that shows members different lists of sharers is found out before anything is unmasked") {
  Round r(4, 3);
  r.advertise(r.everyone());
  r.share(r.everyone());
  Shared shared = decode_shared(*r.config, open_server_message(*r.config, Kind::shared, r.shared.at(0)));
  shared.entries.pop_back();  // member 0 is not told of member 3
  const Bytes masked = r.clients[0]->masked_input(server_message(*r.config, Kind::shared, encode(shared)),
                                                  r.values[0], Fr().to_bytes_le());
  CHECK(contains(error_of([&] { r.server->receive(masked); }), "other sharers than were shown (offender 0)"));
  for (const Index i : {1, 2, 3}) r.server->receive(r.masked_input(i));
  r.survivors = r.server->close_masked(std::vector<Index>{1, 2, 3});
  CHECK(contains(error_of([&] { r.clients[0]->sign_survivors(r.survivors); }),
                 "other sharers than we were shown"));
  // A server that pretends to member 0: its signature is over another view and counts for nobody else.
  const Bytes signature = r.clients[0]->sign_survivors(std::vector<Index>{0, 1, 2}, Digest{});
  CHECK_THROWS_AS(r.server->receive(signature), ProtocolError);
  r.sign({1, 2, 3});
  r.unmask({1, 2, 3});
  r.check_sum({1, 2, 3});
}

TEST_CASE("a server that shows keys its members did not sign, or leaves a member's own out, is refused") {
  Round r(4, 3);
  for (const Index i : r.everyone()) r.server->receive(r.clients[i]->advertise());
  r.advertised = r.server->close_advertise();
  const Advertised good =
      decode_advertised(*r.config, open_server_message(*r.config, Kind::advertised, r.advertised));
  const auto shown = [&](const Advertised& m) {
    return server_message(*r.config, Kind::advertised, encode(m));
  };
  Advertised bad = good;
  bad.entries[2].keys.mask_key[3] ^= 1;
  CHECK(contains(error_of([&] { r.clients[0]->share(shown(bad)); }),
                 "keys shown for member 2 are not signed by it"));
  bad = good;
  std::swap(bad.entries[2].keys.mask_key, bad.entries[2].keys.share_key);
  CHECK(contains(error_of([&] { r.clients[0]->share(shown(bad)); }), "member 2"));
  bad = good;
  bad.entries.erase(bad.entries.begin());
  CHECK(
      contains(error_of([&] { r.clients[0]->share(shown(bad)); }), "our own keys are not among those shown"));
  bad = good;
  bad.entries[3] = bad.entries[2];
  CHECK(contains(error_of([&] { r.clients[0]->share(shown(bad)); }), "ascending"));
  bad = good;
  bad.entries[3].keys.share_key = bad.entries[1].keys.share_key;
  CHECK(contains(error_of([&] { r.clients[0]->share(shown(bad)); }), "members 1 and 3 advertise equal keys"));
  bad = good;
  bad.entries[3].keys.share_key = bad.entries[3].keys.mask_key;
  CHECK(contains(error_of([&] { r.clients[0]->share(shown(bad)); }), "equal keys"));
  r.share(r.everyone());
  r.mask(r.everyone());
  r.sign(r.everyone());
  r.unmask(r.everyone());
  r.check_sum(r.everyone());
}

TEST_CASE("a session without its checks cannot be made by accident") {
  Round r(4, 3);
  ::unsetenv("PYZKFL_ALLOW_UNSAFE");
  CHECK_THROWS_AS(ClientSession(*r.config, 0, r.identities[0], UnsafeSkips{.same_set = true}),
                  ParameterError);
  CHECK_THROWS_AS(ClientSession(*r.config, 0, r.identities[0], UnsafeSkips{.one_share_each = true}),
                  ParameterError);
  ::setenv("PYZKFL_ALLOW_UNSAFE", "0", 1);
  CHECK_THROWS_AS(ClientSession(*r.config, 0, r.identities[0], UnsafeSkips{.same_set = true}),
                  ParameterError);
  ::unsetenv("PYZKFL_ALLOW_UNSAFE");
}
