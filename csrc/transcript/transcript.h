// The Fiat-Shamir transcript: Poseidon2 in duplex mode, t = 4, rate 3 (docs/protocol.md).
//
// Elements are added into the first three cells of the state, three to a permutation; a challenge is one of
// those cells after a permutation that has seen everything absorbed before, at most three challenges to a
// permutation. The fourth cell, the capacity, is never output. It starts as a hash of the domain, and
// before every permutation a hash of the calls since the last one is added to it: which calls, of what
// lengths. So two different sequences of calls never meet in one state, whatever their values are, and a
// circuit that replays the transcript pays nothing for that, because calls and lengths are constants of its
// shape. No padding is needed.
//
//   capacity at the start: H("pyzkfl/transcript/1/start", domain)
//   added before a permutation: H("pyzkfl/transcript/1/calls", calls); `calls` is, for each call begun since
//     the last permutation, its kind (1 byte) and length (8 bytes little-endian)
//   H(name, data): SHA-256(name | data) as a big-endian integer with its top 3 bits cleared
//   kinds: 1 element (length 1), 2 list (its length), 3 G1 point (1), 4 bytes (their number), 5 challenge (1)
//   a G1 point is two elements: x mod 2^128, and floor(x / 2^128) + 2^127 [y > (p - 1) / 2];
//     infinity is 0 and 2^126
//   bytes are elements of 31 bytes each, little-endian, the last perhaps shorter
//
// A call is begun, and named to the capacity, before its first element goes in. Public data: variable time.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "curves/bn254.h"
#include "hash/poseidon2.h"

namespace pyzkfl {

// What a circuit that replays a transcript computes as it is built: it depends on calls and lengths alone.
namespace transcript {

enum class Call : uint8_t { element = 1, list = 2, point = 3, bytes = 4, challenge = 5 };

// H above.
Fr hash_to_field(std::string_view name, ByteSpan data);

// The capacity at the start.
Fr initial_capacity(std::string_view domain);

// The calls begun since the last permutation.
class CallLog {
 public:
  void begin(Call call, uint64_t length) { calls_.u8(static_cast<uint8_t>(call)).u64(length); }
  // What they add to the capacity before a permutation; the log starts anew.
  Fr take();

 private:
  Writer calls_;
};

// The two elements that stand for a point.
std::array<Fr, 2> point_elements(const G1Affine& p);

}  // namespace transcript

class Transcript {
 public:
  // domain: what the transcript is for, with everything that fixes the sequence of calls (protocol,
  // version, shape).
  explicit Transcript(std::string_view domain);

  void absorb(const Fr& v);
  // The list's length is bound too: a list and its elements one by one are different.
  void absorb(std::span<const Fr> list);
  // On the curve (not checked). Both x and the sign of y are bound.
  void absorb(const G1Affine& p);
  void absorb_bytes(ByteSpan data);

  // The next challenge, uniform in Fr. It depends on everything absorbed and on the challenges drawn before.
  Fr challenge();

 private:
  void add(const Fr& v);
  void permute();

  Poseidon2State state_{};
  transcript::CallLog calls_;
  unsigned absorbed_ = 0;   // cells filled since the last permutation
  unsigned available_ = 0;  // challenges left in the state; 0 after anything was absorbed
};

}  // namespace pyzkfl
