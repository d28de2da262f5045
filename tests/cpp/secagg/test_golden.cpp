// A round with fixed secrets gives, byte for byte, the messages that an independent implementation gives.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "secagg/client.h"
#include "secagg/server.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;

namespace {

std::map<std::string, Bytes> read_vectors() {
  std::ifstream file(PYZKFL_VECTORS "/secagg_round.txt");
  REQUIRE(file.good());
  std::map<std::string, Bytes> out;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream words(line);
    std::string name;
    std::string text;
    words >> name >> text;
    Bytes& bytes = out[name];
    for (size_t i = 0; i + 1 < text.size(); i += 2) {
      bytes.push_back(static_cast<uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("every message of a round is the one that docs/secagg.md says (tests/vectors/secagg_round.txt)") {
  const auto vectors = read_vectors();
  const auto expected = [&](const std::string& kind, Index i) {
    return vectors.at(kind + "_" + std::to_string(i));
  };
  std::vector<std::shared_ptr<const Ed25519PrivateKey>> identities;
  std::vector<Ed25519PublicKey> members;
  for (uint8_t i = 0; i < 5; ++i) {
    std::array<uint8_t, 32> seed;
    seed.fill(static_cast<uint8_t>(i + 1));
    identities.push_back(std::make_shared<const Ed25519PrivateKey>(Ed25519PrivateKey::from_seed(seed)));
    members.push_back(identities.back()->public_key());
  }
  const Config config(sha256(as_bytes("job")), 3, members, 3, 7, 1 << 19, 1);
  CHECK(Bytes(config.digest().begin(), config.digest().end()) == vectors.at("config_digest"));

  ServerSession server(config);
  std::vector<std::unique_ptr<ClientSession>> clients;
  for (Index i = 0; i < 5; ++i) {
    clients.push_back(
        std::make_unique<ClientSession>(config, i, identities[i], Bytes(32, static_cast<uint8_t>(0x80 + i))));
    const Bytes message = clients[i]->advertise();
    CHECK(message == expected("advertise", i));
    server.receive(message);
  }
  const Bytes advertised = server.close_advertise();
  CHECK(advertised == vectors.at("advertised"));
  for (Index i = 0; i < 5; ++i) {
    const Bytes message = clients[i]->share(advertised);
    CHECK(message == expected("share", i));
    server.receive(message);
  }
  const auto shared = server.close_share();
  for (Index i = 0; i < 5; ++i) CHECK(shared.at(i) == expected("shared", i));
  for (Index i = 1; i < 5; ++i) {
    std::vector<int64_t> values(7);
    for (int j = 0; j < 7; ++j) {
      values[static_cast<size_t>(j)] = ((i + j) % 2 == 0 ? 1 : -1) * ((1 << 19) - 1000 * i - j);
    }
    const Fr blinder = -Fr::from_u64(i + 1U);
    const Bytes message = clients[i]->masked_input(shared.at(i), values, blinder.to_bytes_le());
    CHECK(message == expected("masked", i));
    server.receive(message);
  }
  const Bytes survivors = server.close_masked(server.submitters(), sha256(as_bytes("context")));
  CHECK(survivors == vectors.at("survivors"));
  for (Index i = 1; i < 5; ++i) {
    const Bytes message = clients[i]->sign_survivors(survivors);
    CHECK(message == expected("consistent", i));
    server.receive(message);
  }
  const Bytes request = server.close_consistency();
  CHECK(request == vectors.at("unmask_request"));
  for (Index i = 1; i < 4; ++i) {
    const Bytes message = clients[i]->unmask(request);
    CHECK(message == expected("unmask", i));
    server.receive(message);
  }
  const ServerSession::Sum sum = server.sum();
  Writer w;
  for (const int64_t v : sum.values) w.u64(static_cast<uint64_t>(v));
  CHECK(w.view() == vectors.at("sum"));
  CHECK(Bytes(sum.blinder.begin(), sum.blinder.end()) == vectors.at("sum_blinder"));
}
