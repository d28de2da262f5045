// A masking round in one process, step by step, for the tests.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "secagg/client.h"
#include "secagg/server.h"

namespace pyzkfl::secagg::test {

struct Round {
  std::vector<std::shared_ptr<const Ed25519PrivateKey>> identities;
  std::unique_ptr<Config> config;
  std::vector<std::unique_ptr<ClientSession>> clients;
  std::unique_ptr<ServerSession> server;
  std::vector<std::vector<int64_t>> values;
  std::vector<Fr> blinders;

  // The last messages of the server, and what the clients sent.
  Bytes advertised;
  std::map<Index, Bytes> shared;
  Bytes survivors;
  Bytes request;
  std::map<std::string, std::map<Index, Bytes>> sent;

  explicit Round(size_t n, size_t threshold, uint64_t length = 5, uint64_t max_abs = 1000, uint64_t round = 7,
                 UnsafeSkips unsafe = {}) {
    std::vector<Ed25519PublicKey> members;
    for (size_t i = 0; i < n; ++i) {
      // The same identities in every round: a message of another round is signed by the right key.
      std::array<uint8_t, 32> seed{};
      seed[0] = static_cast<uint8_t>(i + 1);
      identities.push_back(std::make_shared<const Ed25519PrivateKey>(Ed25519PrivateKey::from_seed(seed)));
      members.push_back(identities.back()->public_key());
    }
    config = std::make_unique<Config>(Digest{42}, round, members, threshold, length, max_abs);
    std::mt19937_64 generator(n * 1000 + threshold);
    std::uniform_int_distribution<int64_t> value(-static_cast<int64_t>(max_abs),
                                                 static_cast<int64_t>(max_abs));
    for (size_t i = 0; i < n; ++i) {
      clients.push_back(std::make_unique<ClientSession>(*config, i, identities[i], unsafe));
      values.emplace_back(length);
      for (int64_t& v : values.back()) v = value(generator);
      blinders.push_back(Fr::random());
    }
    server = std::make_unique<ServerSession>(*config);
  }

  size_t n() const { return clients.size(); }
  std::vector<Index> everyone() const {
    std::vector<Index> all(n());
    for (size_t i = 0; i < n(); ++i) all[i] = static_cast<Index>(i);
    return all;
  }

  // One phase: these clients send, the server takes it and closes the phase.
  void advertise(const std::vector<Index>& who) {
    for (const Index i : who) server->receive(sent["advertise"][i] = clients[i]->advertise());
    advertised = server->close_advertise();
  }
  void share(const std::vector<Index>& who) {
    for (const Index i : who) server->receive(sent["share"][i] = clients[i]->share(advertised));
    shared = server->close_share();
  }
  Bytes masked_input(Index i) {
    return clients[i]->masked_input(shared.at(i), values[i], blinders[i].to_bytes_le());
  }
  void mask(const std::vector<Index>& who) {
    for (const Index i : who) server->receive(sent["masked"][i] = masked_input(i));
    survivors = server->close_masked(server->submitters());
  }
  void sign(const std::vector<Index>& who) {
    for (const Index i : who) server->receive(sent["consistent"][i] = clients[i]->sign_survivors(survivors));
    request = server->close_consistency();
  }
  void unmask(const std::vector<Index>& who) {
    for (const Index i : who) server->receive(sent["unmask"][i] = clients[i]->unmask(request));
  }

  std::vector<int64_t> expected(const std::vector<Index>& who) const {
    std::vector<int64_t> sum(config->length());
    for (const Index i : who) {
      for (size_t j = 0; j < sum.size(); ++j) sum[j] += values[i][j];
    }
    return sum;
  }
  Fr expected_blinder(const std::vector<Index>& who) const {
    Fr sum;
    for (const Index i : who) sum += blinders[i];
    return sum;
  }
  void check_sum(const std::vector<Index>& who) const {
    const ServerSession::Sum sum = server->sum();
    CHECK(sum.values == expected(who));
    CHECK(sum.blinder == expected_blinder(who).to_bytes_le());
  }
};

// The subsets of `set` with at least `least` elements.
inline std::vector<std::vector<Index>> subsets(const std::vector<Index>& set, size_t least) {
  std::vector<std::vector<Index>> out;
  for (size_t bits = 0; bits < size_t{1} << set.size(); ++bits) {
    std::vector<Index> subset;
    for (size_t i = 0; i < set.size(); ++i) {
      if ((bits >> i & 1) != 0) subset.push_back(set[i]);
    }
    if (subset.size() >= least) out.push_back(subset);
  }
  return out;
}

// What a call throws, as text; "" if nothing.
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

}  // namespace pyzkfl::secagg::test
