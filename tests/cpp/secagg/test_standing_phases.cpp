// Every message in every phase but its own, and every member's to another: refused, and nothing changes.
#include <doctest/doctest.h>

#include <optional>

#include "secagg/config.h"
#include "standing_harness.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;
using namespace pyzkfl::secagg::standing;
using test::contains;
using test::error_of;
using test::Shape;
using test::Standing;

namespace {

// All that was said so far, by members and by the server.
std::vector<Bytes> said(const Standing& s) {
  std::vector<Bytes> out;
  for (const auto* side : {&s.sent, &s.shown}) {
    for (const auto& [kind, messages] : *side) {
      for (const auto& [member, message] : messages) {
        if (!message.empty()) out.push_back(message);
      }
    }
  }
  for (const Bytes& message : {s.survivors, s.request}) {
    if (!message.empty()) out.push_back(message);
  }
  return out;
}

// Well-formed messages with good tags, of the phases that have them, for this round and the next.
std::vector<Bytes> forged(const Standing& s) {
  const Bytes masked = encode(Masked{Bytes(packed_bytes(5, s.plan->bits())), Fr().to_bytes_le()});
  std::vector<Bytes> out;
  for (const uint32_t round : {s.round, s.round + 1, kSetup}) {
    out.push_back(s.forged(Kind::confirm, 1, round, encode(Confirm{})));
    out.push_back(s.forged(Kind::masked, 1, round, masked));
    out.push_back(s.forged(Kind::unmask, 1, round, encode(Unmask{})));
    const Digest set = set_digest(*s.plan, round, {Digest{}, s.everyone()});
    out.push_back(member_message(*s.plan, Kind::consistent, 1, round, set, {s.identities[1].get(), {}}));
  }
  return out;
}

void only_due_is_taken_by_server(Standing& s, std::optional<Kind> due) {
  std::vector<Bytes> messages = said(s);
  for (Bytes& message : forged(s)) messages.push_back(std::move(message));
  const std::string phase = s.server->phase();
  for (const Bytes& message : messages) {
    const Header header = read_header(*s.plan, message);
    if (header.kind == due && (header.round == kSetup || header.round == s.round)) continue;
    CAPTURE(name_of(header.kind));
    CAPTURE(phase);
    CHECK_FALSE(error_of([&] { s.server->receive(message); }).empty());
    CHECK(s.server->phase() == phase);
  }
}

// `due`: of the server's messages the one that member 1 waits for; null when it waits for none.
void only_due_is_taken_by_members(Standing& s, const Bytes* due) {
  Member& member = *s.members[1];
  const std::string next = member.next_step();
  for (const Bytes& message : said(s)) {
    if (due != nullptr && message == *due) continue;
    if (s.sent.contains("unmask") && member.next_round() == s.round) {
      // The last round is over and the next not entered: what was answered is answered again, with the same bytes.
      if (message == s.survivors) {
        CHECK(member.sign_survivors(message) == s.sent["consistent"][1]);
        continue;
      }
      if (message == s.request) {
        CHECK(member.unmask(message) == s.sent["unmask"][1]);
        continue;
      }
    }
    CAPTURE(name_of(read_header(*s.plan, message).kind));
    CAPTURE(next);
    CHECK_FALSE(error_of([&] { (void)member.deal(message); }).empty());
    CHECK_FALSE(error_of([&] { (void)member.accept(message); }).empty());
    CHECK_FALSE(error_of([&] { member.confirmed(message); }).empty());
    CHECK_FALSE(error_of([&] { (void)member.sign_survivors(message); }).empty());
    CHECK_FALSE(error_of([&] { (void)member.unmask(message); }).empty());
    CHECK(member.next_step() == next);
  }
}

}  // namespace

TEST_CASE("in every phase, a message of another phase or for another member is refused and changes nothing") {
  Standing s;
  for (const Index i : s.everyone()) s.sent["keys"][i] = s.members[i]->keys();
  for (const Index i : s.everyone()) s.server->receive(s.sent["keys"][i]);
  s.server->close_keys();
  for (const Index i : s.everyone()) s.shown["neighbour_keys"][i] = s.server->neighbour_keys(i);
  only_due_is_taken_by_server(s, Kind::deal);
  only_due_is_taken_by_members(s, &s.shown["neighbour_keys"][1]);
  s.deal(s.everyone());
  only_due_is_taken_by_server(s, Kind::confirm);
  only_due_is_taken_by_members(s, &s.shown["dealt"][1]);
  for (const Index i : s.everyone()) s.server->receive(s.sent["confirm"][i] = s.members[i]->accept(s.shown["dealt"][i]));
  s.server->close_confirm();
  for (const Index i : s.everyone()) s.shown["confirmed"][i] = s.server->confirmed(i);
  only_due_is_taken_by_members(s, &s.shown["confirmed"][1]);
  for (const Index i : s.everyone()) s.members[i]->confirmed(s.shown["confirmed"][i]);
  only_due_is_taken_by_server(s, std::nullopt);  // between rounds
  only_due_is_taken_by_members(s, nullptr);
  for (uint32_t round = 0; round < 2; ++round) {
    s.open(round);
    only_due_is_taken_by_server(s, Kind::masked);
    only_due_is_taken_by_members(s, nullptr);
    s.mask(s.without({7}));
    only_due_is_taken_by_server(s, Kind::consistent);
    only_due_is_taken_by_members(s, &s.survivors);
    s.sign(s.without({7}));
    only_due_is_taken_by_server(s, Kind::unmask);
    s.unmask(s.without({7}));
    s.check_sum(s.without({7}));
  }
}
