// Members and strangers that do not follow the protocol. Each is refused, named where it can be, and the
// honest round goes on to the exact sum afterwards: nothing that was refused has changed anything.
#include "round_harness.h"
#include "secagg/key_schedule.h"
#include "secagg/masked_vector.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;
using test::contains;
using test::error_of;
using test::Round;

// --- members ----------------------------------------------------------------------------------------------

TEST_CASE("equal keys and keys of low order are refused and their sender named") {
  Round r(4, 3);
  const Bytes honest = r.clients[0]->advertise();
  const PublicKeys keys = decode_advertise(open_client_message(*r.config, Kind::advertise, 0, honest)).keys;
  r.server->receive(honest);
  const auto advertise = [&](const PublicKeys& k) {
    return error_of([&] {
      r.server->receive(
          client_message(*r.config, Kind::advertise, 1, encode(Advertise{k}), *r.identities[1]));
    });
  };
  const X25519PublicKey fresh = x25519_public_key(SecretBytes::random(32).span().first<32>());
  CHECK(contains(advertise({keys.share_key, fresh}), "equal to one of member 0 (offender 1)"));
  CHECK(contains(advertise({fresh, keys.mask_key}), "equal to one of member 0 (offender 1)"));
  CHECK(contains(advertise({fresh, keys.share_key}), "equal to one of member 0 (offender 1)"));
  CHECK(contains(advertise({fresh, fresh}), "the two keys of member 1 are equal (offender 1)"));
  CHECK(contains(advertise({fresh, X25519PublicKey{}}), "low order (offender 1)"));
  CHECK(contains(advertise({X25519PublicKey{1}, fresh}), "low order (offender 1)"));
  CHECK(r.server->advertisers() == std::vector<Index>{0});
}

TEST_CASE("a member whose shares do not decrypt or are not what it committed to is named by its recipient") {
  Round r(4, 3);
  r.advertise(r.everyone());
  for (const Index i : {0, 1, 2}) r.server->receive(r.clients[i]->share(r.advertised));
  const Bytes honest = r.clients[3]->share(r.advertised);
  ShareMessage m = decode_share(open_client_message(*r.config, Kind::share, 3, honest), 4);
  SUBCASE("a sealed share is damaged") { m.sealed[0][10] ^= 1; }
  SUBCASE("a commitment is another") { m.digests[0].self_mask[0] ^= 1; }
  SUBCASE("shares of two recipients are exchanged") { std::swap(m.sealed[0], m.sealed[1]); }
  r.server->receive(client_message(*r.config, Kind::share, 3, encode(m), *r.identities[3]));
  r.shared = r.server->close_share();
  CHECK(contains(error_of([&] { r.masked_input(0); }), "(offender 3)"));
  CHECK(std::string(r.clients[0]->next_step()) == "masked_input");
}

TEST_CASE(
    "a member that deals shares of something else than its secrets is named when they are put together") {
  // Shares that hang together with their commitments, so that no recipient can tell, but lie on no polynomial
  // of the right degree.
  for (const bool of_survivor : {true, false}) {
    Round r(4, 3);
    const SecretBytes session = SecretBytes::random(32);
    const ClientSecrets secrets = derive_client_secrets(*r.config, 3, session.span());
    r.clients[3] = std::make_unique<ClientSession>(*r.config, 3, r.identities[3], session.span());
    r.advertise(r.everyone());
    for (const Index i : {0, 1, 2}) r.server->receive(r.clients[i]->share(r.advertised));
    const Digest view = sha256(r.advertised);
    ShareMessage m =
        decode_share(open_client_message(*r.config, Kind::share, 3, r.clients[3]->share(r.advertised)), 4);
    const Advertised advertised =
        decode_advertised(*r.config, open_server_message(*r.config, Kind::advertised, r.advertised));
    for (Index to = 0; to < 3; ++to) {
      const SecretBytes pair = SecretBytes::random(64);
      m.digests[to].self_mask = share_digest(*r.config, 3, to, ShareKind::self_mask, pair.span().first(32));
      m.digests[to].mask_key = share_digest(*r.config, 3, to, ShareKind::mask_key, pair.span().last(32));
      const auto& their_key = advertised.entries[to].keys.share_key;
      const SecretBytes agreed = x25519_agree(secrets.share_private.span().first<32>(), their_key);
      const ShareKey key =
          derive_share_key(*r.config, 3, secrets.public_keys.share_key, to, their_key, agreed.span());
      const Bytes sealed = aes256_gcm_seal(key.key(), key.nonce(),
                                           share_associated_data(view, 3, to, m.digests[to]), pair.span());
      std::ranges::copy(sealed, m.sealed[to].begin());
    }
    r.server->receive(client_message(*r.config, Kind::share, 3, encode(m), *r.identities[3]));
    r.shared = r.server->close_share();
    if (of_survivor) {
      r.mask(r.everyone());
    } else {
      r.mask({0, 1, 2});
    }
    r.sign({0, 1, 2});
    r.unmask({0, 1, 2});
    const std::string error = error_of([&] { r.server->sum(); });
    CHECK(contains(error, of_survivor ? "do not give its self mask (offender 3)"
                                      : "do not give its mask key (offender 3)"));
  }
}

TEST_CASE(
    "a member that answers with a false share, too many or too few is named, and the sum does not suffer") {
  Round r(4, 3);
  r.advertise(r.everyone());
  r.share(r.everyone());
  r.mask({0, 1, 2});
  r.sign({0, 1, 2});
  const Bytes honest = r.clients[2]->unmask(r.request);
  const Unmask good = decode_unmask(*r.config, open_client_message(*r.config, Kind::unmask, 2, honest));
  const auto answer = [&](const Unmask& m) {
    return error_of(
        [&] { r.server->receive(client_message(*r.config, Kind::unmask, 2, encode(m), *r.identities[2])); });
  };
  Unmask bad = good;
  bad.self_masks[1].share[0] ^= 1;
  CHECK(contains(answer(bad), "false share of member 1 (offender 2)"));
  bad = good;
  bad.mask_keys[0].share[31] ^= 0x80;
  CHECK(contains(answer(bad), "false share of member 3 (offender 2)"));
  bad = good;
  bad.self_masks.pop_back();
  CHECK(contains(answer(bad), "other shares than were asked for (offender 2)"));
  bad = good;
  bad.mask_keys.clear();
  CHECK(contains(answer(bad), "other shares than were asked for (offender 2)"));
  bad = good;
  bad.mask_keys.push_back({3, bad.mask_keys[0].share});
  CHECK(contains(answer(bad), "ascending"));
  bad = good;
  bad.survivors[0] ^= 1;
  CHECK(contains(answer(bad), "another set of survivors (offender 2)"));
  CHECK(r.server->responders().empty());
  r.unmask({0, 1, 2});
  r.check_sum({0, 1, 2});
}

TEST_CASE(
    "a masked vector of the wrong size, with padding bits or with a blinder out of range is refused by "
    "name") {
  Round r(4, 3, 5, 1000);
  r.advertise(r.everyone());
  r.share(r.everyone());
  const Bytes honest = r.masked_input(0);
  const ByteSpan body = open_client_message(*r.config, Kind::masked, 0, honest);
  const auto send = [&](const Bytes& changed) {
    return error_of(
        [&] { r.server->receive(client_message(*r.config, Kind::masked, 0, changed, *r.identities[0])); });
  };
  REQUIRE(r.config->length() * r.config->bits() % 8 == 1);  // 65 bits: seven of padding
  Bytes bad(body.begin(), body.end());
  bad[32 + 8] = static_cast<uint8_t>(bad[32 + 8] | 2);
  CHECK(contains(send(bad), "padding bits in the vector of member 0 (offender 0)"));
  bad.assign(body.begin(), body.end());
  std::fill(bad.end() - 32, bad.end(), uint8_t{0xff});
  CHECK(contains(send(bad), "(offender 0)"));
  bad.assign(body.begin(), body.end() - 1);
  CHECK(contains(send(bad), "(offender 0)"));
  bad.assign(body.begin(), body.end());
  bad.push_back(0);
  CHECK(contains(send(bad), "(offender 0)"));
  CHECK(r.server->submitters().empty());
  CHECK_NOTHROW(r.server->receive(honest));
}

TEST_CASE("a second, different message of one member names it; the same again is a replay") {
  Round r(4, 3);
  Round other(4, 3);
  const Bytes first = r.clients[0]->advertise();
  const Bytes second = other.clients[0]->advertise();
  r.server->receive(first);
  CHECK(contains(error_of([&] { r.server->receive(first); }), "replay of the message of member 0"));
  CHECK(contains(error_of([&] { r.server->receive(second); }),
                 "second, different message of member 0 (offender 0)"));
}

// --- strangers --------------------------------------------------------------------------------------------

TEST_CASE("a client takes its steps in order and each once") {
  Round r(4, 3);
  auto& client = *r.clients[0];
  const auto wrong_phase = [&](auto&& call) { CHECK(contains(error_of(call), "wrong phase")); };
  const auto share = [&] { client.share(r.advertised); };
  const auto masked = [&] { client.masked_input({}, r.values[0], Fr().to_bytes_le()); };
  const auto sign = [&] { client.sign_survivors(r.survivors); };
  const auto unmask = [&] { client.unmask(r.request); };
  wrong_phase(share);
  wrong_phase(masked);
  wrong_phase(sign);
  wrong_phase(unmask);
  r.advertise(r.everyone());
  wrong_phase([&] { client.advertise(); });
  wrong_phase(masked);
  wrong_phase(sign);
  wrong_phase(unmask);
  r.share(r.everyone());
  wrong_phase(share);
  wrong_phase(sign);
  wrong_phase(unmask);
  r.mask(r.everyone());
  wrong_phase(share);
  wrong_phase([&] { r.masked_input(0); });  // never two vectors under the same masks
  wrong_phase(unmask);
  r.sign(r.everyone());
  wrong_phase([&] { r.masked_input(0); });
  r.unmask(r.everyone());
  r.check_sum(r.everyone());
}

TEST_CASE("any byte of any message changed, any truncation, any extra byte is refused and changes nothing") {
  Round r(4, 3, 2, 3);
  const auto every_change = [&](const Bytes& good, const auto& deliver) {
    for (size_t bit = 0; bit < 8 * good.size(); bit += 3) {  // every byte, two or three of its bits
      Bytes bad = good;
      bad[bit / 8] = static_cast<uint8_t>(bad[bit / 8] ^ (1 << (bit % 8)));
      REQUIRE_THROWS_AS(deliver(bad), ProtocolError);
    }
    for (size_t n = 0; n < good.size(); ++n) {
      REQUIRE_THROWS_AS(deliver(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n))),
                        ProtocolError);
    }
    Bytes longer = good;
    longer.push_back(0);
    REQUIRE_THROWS_AS(deliver(longer), ProtocolError);
  };
  const auto to_server = [&](const Bytes& message) {
    every_change(message, [&](const Bytes& bad) { r.server->receive(bad); });
    r.server->receive(message);
  };
  // One client's messages are tried in every form; those of the others go straight through.
  to_server(r.clients[0]->advertise());
  for (const Index i : {1, 2, 3}) r.server->receive(r.clients[i]->advertise());
  r.advertised = r.server->close_advertise();
  every_change(r.advertised, [&](const Bytes& bad) { r.clients[0]->share(bad); });
  to_server(r.clients[0]->share(r.advertised));
  for (const Index i : {1, 2, 3}) r.server->receive(r.clients[i]->share(r.advertised));
  r.shared = r.server->close_share();
  every_change(r.shared.at(0),
               [&](const Bytes& bad) { r.clients[0]->masked_input(bad, r.values[0], Fr().to_bytes_le()); });
  to_server(r.masked_input(0));
  for (const Index i : {1, 2}) r.server->receive(r.masked_input(i));
  r.survivors = r.server->close_masked(r.server->submitters());
  // A survivors message with another context or set of members is another valid one, so sign first.
  const Bytes signature = r.clients[0]->sign_survivors(r.survivors);
  every_change(r.survivors, [&](const Bytes& bad) { r.clients[0]->sign_survivors(bad); });
  to_server(signature);
  for (const Index i : {1, 2}) r.server->receive(r.clients[i]->sign_survivors(r.survivors));
  r.request = r.server->close_consistency();
  every_change(r.request, [&](const Bytes& bad) { r.clients[0]->unmask(bad); });
  to_server(r.clients[0]->unmask(r.request));
  for (const Index i : {1, 2}) r.server->receive(r.clients[i]->unmask(r.request));
  r.check_sum({0, 1, 2});
}

TEST_CASE(
    "messages of another round, attempt, job, member list or shape are refused, though their signer is "
    "ours") {
  const auto message = [](const Digest& job, uint64_t round, uint64_t length, uint32_t attempt) {
    Round r(4, 3);
    const Config config(job, round, r.config->members(), 3, length, 1000, attempt);
    ClientSession client(config, 0, r.identities[0]);
    return client.advertise();
  };
  Round r(4, 3);
  const auto refused = [&](const Bytes& bytes) { return error_of([&] { r.server->receive(bytes); }); };
  CHECK(contains(refused(message(Digest{42}, 6, 5, 0)), "of round 6, this is round 7"));
  CHECK(contains(refused(message(Digest{42}, 7, 5, 1)), "of attempt 1, this is attempt 0"));
  CHECK(contains(refused(message(Digest{43}, 7, 5, 0)), "another job or configuration"));
  CHECK(contains(refused(message(Digest{42}, 7, 6, 0)), "another job or configuration"));
  CHECK(refused(message(Digest{42}, 7, 5, 0)) == "");
}

TEST_CASE("a message in the wrong phase, in another's name or reflected is refused") {
  Round r(4, 3);
  const auto all = r.everyone();
  r.advertise(all);
  CHECK(contains(error_of([&] { r.server->receive(r.sent["advertise"][1]); }),
                 "'advertise' where 'share' was due"));
  r.share(all);
  CHECK(contains(error_of([&] { r.server->receive(r.sent["share"][1]); }), "'share' where 'masked' was due"));
  // Shares for member 1, given to member 0.
  CHECK(
      contains(error_of([&] { r.clients[0]->masked_input(r.shared.at(1), r.values[0], Fr().to_bytes_le()); }),
               "shares for another member"));
  r.mask(all);
  r.sign(all);
  // The server's own message, and a client's sent to a client.
  CHECK(contains(error_of([&] { r.server->receive(r.request); }), "'unmask-request' where 'unmask' was due"));
  CHECK(contains(error_of([&] { r.clients[0]->unmask(r.sent["consistent"][1]); }), "'consistent' where"));
  // Member 1's answer signed by member 2.
  const Bytes answer = r.clients[1]->unmask(r.request);
  const ByteSpan body = open_client_message(*r.config, Kind::unmask, 1, answer);
  const Bytes forged = client_message(*r.config, Kind::unmask, 1, body, *r.identities[2]);
  CHECK(contains(error_of([&] { r.server->receive(forged); }), "claimed sender 1 does not verify"));
  const Bytes stranger = client_message(*r.config, Kind::unmask, 9, body, *r.identities[2]);
  CHECK(contains(error_of([&] { r.server->receive(stranger); }), "not a member"));
  r.unmask(all);
  r.check_sum(all);
}

TEST_CASE("one who skipped a phase cannot come back later") {
  Round r(5, 3);
  r.advertise({0, 1, 2, 3});
  CHECK_THROWS_AS(r.clients[4]->share(r.advertised), ProtocolError);
  r.share({0, 1, 2});
  // Member 3 dealt no shares in time; its vector, masked for what it was shown by a helpful server, is
  // refused.
  const auto bytes = [&](Kind kind, Index i, const Bytes& body) {
    return client_message(*r.config, kind, i, body, *r.identities[i]);
  };
  const Bytes packed(packed_bytes(5, r.config->bits()));
  CHECK(contains(error_of([&] {
                   r.server->receive(
                       bytes(Kind::masked, 3, encode(Masked{Digest{}, packed, Fr().to_bytes_le()})));
                 }),
                 "member 3 dealt no shares"));
  r.mask({0, 1, 2});
  CHECK(contains(error_of([&] { r.server->receive(bytes(Kind::consistent, 3, encode(Consistent{}))); }),
                 "member 3 is not a survivor"));
  r.sign({0, 1, 2});
  CHECK(contains(error_of([&] { r.server->receive(bytes(Kind::unmask, 3, encode(Unmask{}))); }),
                 "member 3 is not a survivor"));
  r.unmask({0, 1, 2});
  r.check_sum({0, 1, 2});
}

TEST_CASE("an inflated vector is well-formed, so the sum shows it: finding out is the commitments' work") {
  // docs/secagg.md, "What is not checked here". A member adds 2^20 to a coordinate behind the mask.
  Round r(4, 3, 5, 1 << 20);
  r.advertise(r.everyone());
  r.share(r.everyone());
  for (const Index i : {0, 1, 2}) r.server->receive(r.masked_input(i));
  const Bytes honest = r.masked_input(3);
  const Masked m = decode_masked(*r.config, open_client_message(*r.config, Kind::masked, 3, honest));
  MaskedVector inflated(5, r.config->bits());
  inflated.add_packed(m.packed, m.blinder);
  inflated.add_values(std::vector<int64_t>{1 << 20, 0, 0, 0, 0}, Fr::zero());
  Bytes packed(m.packed.size());
  inflated.pack(packed);
  r.server->receive(client_message(*r.config, Kind::masked, 3, encode(Masked{m.view, packed, m.blinder}),
                                   *r.identities[3]));
  r.survivors = r.server->close_masked(r.everyone());
  r.sign(r.everyone());
  r.unmask(r.everyone());
  auto expected = r.expected(r.everyone());
  expected[0] += 1 << 20;
  CHECK(r.server->sum().values == expected);
}
