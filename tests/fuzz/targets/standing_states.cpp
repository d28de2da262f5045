// Saved states of standing rounds (secagg/standing/state.cpp). They are sealed, so nobody else can change one unseen; this
// target changes what is sealed, as a mistake of ours would, and then the sealed bytes.
#include <string_view>

#include "base/aead.h"
#include "base/hkdf.h"
#include "standing_epoch.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg::standing;
using pyzkfl::secagg::Index;
using pyzkfl::fuzz::refused;
using pyzkfl::fuzz::StandingEpoch;

namespace {

constexpr std::string_view kMember = "pyzkfl secagg v1 standing state", kServerState = "pyzkfl secagg v1 standing server state";

SecretBytes key_of(const StandingEpoch& epoch, std::string_view magic, Index index, ByteSpan salt) {
  Writer info;
  info.bytes(as_bytes(magic)).u16(index).bytes(epoch.plan->digest());
  return hkdf_sha256(epoch.identities[0]->seed().span(), salt, info.view(), 44);
}

Bytes sealed(const StandingEpoch& epoch, std::string_view magic, Index index, ByteSpan state) {
  Bytes out(32);
  const SecretBytes key = key_of(epoch, magic, index, out);
  const Bytes body = aes256_gcm_seal(key.span().first<32>(), key.span().subspan<32, 12>(), as_bytes(magic), state);
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

Bytes opened(const StandingEpoch& epoch, std::string_view magic, Index index, const Bytes& state) {
  const SecretBytes key = key_of(epoch, magic, index, ByteSpan(state).first(32));
  const auto out = aes256_gcm_open(key.span().first<32>(), key.span().subspan<32, 12>(), as_bytes(magic),
                                   ByteSpan(state).subspan(32));
  fuzz::require(out.has_value(), "a state opens as docs/secagg.md says");
  return Bytes(out->span().begin(), out->span().end());
}

}  // namespace

// 0: what is in a member's state; 1: in a server's; 2, 3: sealed.
std::vector<Bytes> fuzz::seeds() {
  const StandingEpoch& epoch = StandingEpoch::shared();
  std::vector<Bytes> out;
  const auto add = [&](uint8_t kind, const Bytes& state) {
    out.push_back({kind});
    out.back().insert(out.back().end(), state.begin(), state.end());
  };
  for (const Bytes& state : epoch.member_states) add(0, opened(epoch, kMember, 0, state));
  for (const Bytes& state : epoch.server_states) add(1, opened(epoch, kServerState, kServer, state));
  add(2, epoch.member_states[0]);
  add(3, epoch.server_states[0]);
  return out;
}

void fuzz::run(ByteSpan input) {
  if (input.empty()) return;
  const StandingEpoch& epoch = StandingEpoch::shared();
  const ByteSpan data = input.subspan(1);
  const auto identity = epoch.identities[0];
  if (input[0] % 2 == 0) {
    (void)refused([&] {
      Member member = Member::restore(epoch.plan, 0, identity, input[0] == 0 ? sealed(epoch, kMember, 0, data) : Bytes(data.begin(), data.end()));
      (void)Member::restore(epoch.plan, 0, identity, member.save());
      for (const Bytes& message : epoch.from_server) {
        (void)refused([&] { (void)member.deal(message); });
        (void)refused([&] { (void)member.accept(message); });
        (void)refused([&] { member.confirmed(message); });
        (void)refused([&] { (void)member.masked_input(member.next_round(), StandingEpoch::values(0), Fr().to_bytes_le()); });
        (void)refused([&] { (void)member.sign_survivors(message); });
        (void)refused([&] { (void)member.unmask(message); });
      }
    });
  } else {
    (void)refused([&] {
      Server server = Server::restore(epoch.plan, *identity, input[0] == 1 ? sealed(epoch, kServerState, kServer, data) : Bytes(data.begin(), data.end()));
      (void)Server::restore(epoch.plan, *identity, server.save(*identity));
      for (const Bytes& message : epoch.from_members) (void)refused([&] { server.receive(message); });
      (void)refused([&] { server.close_keys(); });
      (void)refused([&] { server.close_deal(); });
      (void)refused([&] { server.close_confirm(); });
      (void)refused([&] { (void)server.dealt(0); });
      (void)refused([&] { (void)server.close_masked(); });
      (void)refused([&] { (void)server.close_consistency(); });
      (void)refused([&] { (void)server.sum(); });
    });
  }
}
