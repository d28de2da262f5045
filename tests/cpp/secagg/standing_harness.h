// Standing rounds in one process, step by step, for the tests.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "secagg/standing/client.h"
#include "secagg/standing/key_schedule.h"
#include "secagg/standing/server.h"

namespace pyzkfl::secagg::standing::test {

using Who = std::vector<Index>;

inline std::vector<std::shared_ptr<const Ed25519PrivateKey>> identities_of(size_t n) {
  std::vector<std::shared_ptr<const Ed25519PrivateKey>> out;
  for (size_t i = 0; i < n; ++i) {
    std::array<uint8_t, 32> seed{};
    seed[0] = static_cast<uint8_t>(i + 1);
    seed[1] = static_cast<uint8_t>((i + 1) >> 8);
    out.push_back(std::make_shared<const Ed25519PrivateKey>(Ed25519PrivateKey::from_seed(seed)));
  }
  return out;
}

struct Shape {
  size_t n = 8;
  double dropout = 0.38;
  double corrupt = 0.12;
  Adversary adversary = Adversary::active;
  uint32_t rounds = 3;
  uint64_t length = 5;
  uint64_t max_abs = 1000;
  uint64_t epoch = 7;
};

inline std::shared_ptr<const Plan> plan_of(const Shape& s) {
  std::vector<Ed25519PublicKey> members;
  for (const auto& identity : identities_of(s.n)) members.push_back(identity->public_key());
  const Assumptions a{s.n, s.dropout, s.corrupt, s.adversary, 40, 30};
  const Neighbourhood chosen = choose_neighbourhood(a);
  return std::make_shared<const Plan>(Digest{42}, s.epoch, members, a, chosen.k, chosen.t, Digest{9}, s.rounds,
                                      s.length, s.max_abs);
}

struct Standing {
  std::shared_ptr<const Plan> plan;
  std::vector<std::shared_ptr<const Ed25519PrivateKey>> identities;
  std::vector<SecretBytes> session_secrets;
  std::vector<std::unique_ptr<Member>> members;
  std::unique_ptr<Server> server;
  std::map<Index, std::vector<int64_t>> values;  // of the round
  std::map<Index, Fr> blinders;
  std::mt19937_64 generator{1};
  // The last messages, by kind and member.
  std::map<std::string, std::map<Index, Bytes>> sent;
  std::map<std::string, std::map<Index, Bytes>> shown;
  Bytes survivors;
  Bytes request;
  uint32_t round = 0;

  explicit Standing(const Shape& shape = {}) : plan(plan_of(shape)), identities(identities_of(shape.n)) {
    for (size_t i = 0; i < shape.n; ++i) {
      session_secrets.push_back(SecretBytes::random(32));
      members.push_back(std::make_unique<Member>(plan, i, identities[i], session_secrets[i].span()));
    }
    server = std::make_unique<Server>(plan);
  }

  size_t n() const { return members.size(); }
  Who everyone() const {
    Who all(n());
    for (size_t i = 0; i < n(); ++i) all[i] = static_cast<Index>(i);
    return all;
  }
  // Everybody but these.
  Who without(const Who& gone) const {
    Who out;
    for (const Index i : everyone()) {
      if (std::ranges::find(gone, i) == gone.end()) out.push_back(i);
    }
    return out;
  }
  Who committee_of(const Who& who) const {
    Who out;
    for (const Index i : who) {
      if (members[i]->in_committee()) out.push_back(i);
    }
    return out;
  }

  // The key of a member's tags, as the member derives it. `server_key` stands in every `neighbour_keys`.
  SecretBytes tag_key(Index i) const {
    const NeighbourKeys any = decode_neighbour_keys(
        *plan,
        open_server_message(*plan, Kind::neighbour_keys, kSetup, shown.at("neighbour_keys").begin()->second));
    const SecretBytes own = derive_private_key(*plan, i, session_secrets[i].span());
    return derive_tag_key(*plan, i, x25519_public_key(own.span().first<32>()), any.server_key,
                          x25519_agree(own.span().first<32>(), any.server_key).span());
  }
  // What is in a message of member i that bears a tag.
  ByteSpan opened(Kind kind, Index i, uint32_t r, ByteSpan message) const {
    return open_member_message(*plan, kind, i, r, message, tag_key(i).span());
  }
  // A message of member i with a tag, whatever is in it.
  Bytes forged(Kind kind, Index i, uint32_t r, ByteSpan body) const {
    const SecretBytes key = tag_key(i);
    return member_message(*plan, kind, i, r, body, {identities[i].get(), key.span()});
  }

  void keys(const Who& who) {
    for (const Index i : who) server->receive(sent["keys"][i] = members[i]->keys());
    server->close_keys();
    for (const Index i : who) shown["neighbour_keys"][i] = server->neighbour_keys(i);
  }
  void deal(const Who& who) {
    for (const Index i : who) {
      server->receive(sent["deal"][i] = members[i]->deal(shown["neighbour_keys"].at(i)));
    }
    server->close_deal();
    for (const Index i : who) shown["dealt"][i] = server->dealt(i);
  }
  void accept(const Who& who) {
    for (const Index i : who) {
      sent["confirm"][i] = members[i]->accept(shown["dealt"].at(i));
      if (plan->active()) server->receive(sent["confirm"][i]);
    }
    if (!plan->active()) return;
    server->close_confirm();
    for (const Index i : who) {
      shown["confirmed"][i] = server->confirmed(i);
      members[i]->confirmed(shown["confirmed"][i]);
    }
  }
  void set_up() {
    keys(everyone());
    deal(everyone());
    accept(everyone());
  }

  Bytes masked_input(Index i, uint32_t r) {
    std::uniform_int_distribution<int64_t> value(-static_cast<int64_t>(plan->max_abs()),
                                                 static_cast<int64_t>(plan->max_abs()));
    values[i].resize(plan->length());
    for (int64_t& v : values[i]) v = value(generator);
    blinders[i] = Fr::random();
    return members[i]->masked_input(r, values[i], blinders[i].to_bytes_le());
  }
  void open(uint32_t r) {
    round = r;
    server->open_round(r);
  }
  void mask(const Who& who) {
    for (const Index i : who) server->receive(sent["masked"][i] = masked_input(i, round));
    (plan->active() ? survivors : request) = server->close_masked();
  }
  void sign(const Who& who) {
    if (!plan->active()) return;
    for (const Index i : committee_of(who)) {
      server->receive(sent["consistent"][i] = members[i]->sign_survivors(survivors));
    }
    request = server->close_consistency();
  }
  void unmask(const Who& who) {
    for (const Index i : who) server->receive(sent["unmask"][i] = members[i]->unmask(request));
  }
  void run(uint32_t r, const Who& masking, const Who& answering) {
    open(r);
    mask(masking);
    sign(masking);
    unmask(answering);
    check_sum(masking);
  }
  void check_sum(const Who& who) {
    const Server::Sum sum = server->sum();
    std::vector<int64_t> expected(plan->length());
    Fr blinder;
    for (const Index i : who) {
      for (size_t j = 0; j < expected.size(); ++j) expected[j] += values.at(i)[j];
      blinder += blinders.at(i);
    }
    CHECK(sum.values == expected);
    CHECK(sum.blinder == blinder.to_bytes_le());
  }
};

template <class F>
std::string error_of(F&& call) {
  try {
    call();
  } catch (const ProtocolError& e) {
    return e.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace pyzkfl::secagg::standing::test
