// Timings of masking (see bench.h).
#include "secagg/bench.h"

#include <chrono>
#include <memory>
#include <numeric>
#include <vector>

#include "base/aes_ctr.h"
#include "base/secret.h"
#include "secagg/client.h"
#include "secagg/masked_vector.h"
#include "secagg/server.h"
#include "secagg/shamir.h"

namespace pyzkfl::secagg {
namespace {

class Stopwatch {
 public:
  // Seconds since the last call, or since construction.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Integers in [-max_abs, max_abs], close enough to uniform for a timing.
std::vector<int64_t> random_values(uint64_t length, uint64_t max_abs) {
  const SecretBytes key = SecretBytes::random(32);
  std::vector<uint64_t> words(length);
  AesCtr256(key.span().first<32>()).keystream(words);
  std::vector<int64_t> values(length);
  for (size_t i = 0; i < length; ++i) {
    values[i] = static_cast<int64_t>(words[i] % (2 * max_abs + 1)) - static_cast<int64_t>(max_abs);
  }
  return values;
}

}  // namespace

double bench_mask(uint64_t n_bytes) {
  MaskedVector vector(n_bytes / 4, 24);
  std::vector<MaskTerm> terms;
  terms.push_back({SecretBytes::random(32), false});
  Stopwatch watch;
  vector.add_masks(terms);
  return watch.lap();
}

ShamirSeconds bench_shamir(unsigned n, unsigned threshold) {
  const SecretBytes secret = SecretBytes::random(64);
  const SecretBytes coefficients = SecretBytes::random((threshold - 1) * 64);
  std::vector<uint8_t> points(n);
  std::iota(points.begin(), points.end(), uint8_t{1});
  SecretBytes shares(n * 64);
  ShamirSeconds out{};
  Stopwatch watch;
  shamir_split(shares.span(), secret.span(), coefficients.span(), points);
  out.split = watch.lap();
  const std::vector<uint8_t> weights = shamir_weights_vartime(std::span(points).first(threshold));
  std::vector<ByteSpan> parts;
  for (unsigned i = 0; i < threshold; ++i) parts.push_back(shares.span().subspan(i * 64, 32));
  SecretBytes back(32);
  shamir_combine(back.span(), weights, parts);
  out.combine = watch.lap();
  if (!equal_constant_time(back.span(), secret.span().first(32))) throw Error("Shamir sharing does not invert");
  return out;
}

RoundSeconds bench_round(unsigned n, unsigned threshold, unsigned dropouts, uint64_t length, uint64_t max_abs) {
  std::vector<std::shared_ptr<const Ed25519PrivateKey>> identities;
  std::vector<Ed25519PublicKey> members;
  for (unsigned i = 0; i < n; ++i) {
    identities.push_back(std::make_shared<const Ed25519PrivateKey>(Ed25519PrivateKey::generate()));
    members.push_back(identities.back()->public_key());
  }
  const Config config(sha256({}), 0, members, threshold, length, max_abs);
  if (dropouts > n || n - dropouts < config.min_clients()) throw ParameterError("too many dropouts for a round");
  const unsigned survivors = n - dropouts;
  std::vector<std::vector<int64_t>> values;
  std::vector<int64_t> expected(length);
  for (unsigned i = 0; i < n; ++i) {
    values.push_back(random_values(length, max_abs));
    for (size_t j = 0; i < survivors && j < length; ++j) expected[j] += values[i][j];
  }
  const std::array<uint8_t, 32> blinder{1};

  RoundSeconds out{};
  ServerSession server(config);
  std::vector<std::unique_ptr<ClientSession>> clients;
  Stopwatch watch;
  const auto client_message = [&](double& seconds, Bytes message) {
    seconds += watch.lap();
    server.receive(message);
    out.server_receive += watch.lap();
  };
  for (unsigned i = 0; i < n; ++i) {
    clients.push_back(std::make_unique<ClientSession>(config, i, identities[i]));
    client_message(out.client_keys, clients[i]->advertise());
  }
  const Bytes advertised = server.close_advertise();
  out.server_receive += watch.lap();
  for (auto& client : clients) client_message(out.client_keys, client->share(advertised));
  const auto shared = server.close_share();
  out.server_receive += watch.lap();
  for (unsigned i = 0; i < survivors; ++i) {
    client_message(out.client_masking,
                   clients[i]->masked_input(shared.at(static_cast<Index>(i)), values[i], blinder));
  }
  const Bytes set = server.close_masked(server.submitters());
  out.server_receive += watch.lap();
  for (unsigned i = 0; i < survivors; ++i) client_message(out.client_unmasking, clients[i]->sign_survivors(set));
  const Bytes request = server.close_consistency();
  out.server_receive += watch.lap();
  for (unsigned i = 0; i < survivors; ++i) client_message(out.client_unmasking, clients[i]->unmask(request));
  const ServerSession::Sum sum = server.sum();
  out.server_sum = watch.lap();

  out.client_keys /= n;
  out.client_masking /= survivors;
  out.client_unmasking /= survivors;
  out.client_received_bytes = advertised.size() + shared.at(0).size() + set.size() + request.size();
  // Every survivor sends the same number of bytes; those who dropped sent the first two messages.
  out.client_sent_bytes = client_traffic(config, survivors).sent;
  out.exact = sum.values == expected && sum.blinder[0] == static_cast<uint8_t>(survivors);
  return out;
}

}  // namespace pyzkfl::secagg
