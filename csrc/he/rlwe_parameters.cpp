// See rlwe_parameters.h.
#include "he/rlwe_parameters.h"

#include <array>
#include <string>

#include "base/errors.h"
#include "he/ring.h"
#include "he/sampling.h"

namespace pyzkfl::he {
namespace {

using Wide = unsigned __int128;

struct RingChoice {
  unsigned log_n, primes;
};
constexpr std::array<RingChoice, 3> rings = {{{11, 1}, {12, 2}, {13, 4}}};

// The least b with v < 2^b.
unsigned width(Wide v) {
  unsigned bits = 0;
  for (; v != 0; v >>= 1) ++bits;
  return bits;
}

}  // namespace

RlweParameters::RlweParameters(const Packing& packing_, unsigned members_)
    : packing(packing_), members(members_), log_n(0), primes(0), slots(0), noise_bits(0), smudge_bits(0) {
  if (members < 1 || members > 255) throw ParameterError("a key is shared by 2 to 255 members, or held by one");
  size_t best = SIZE_MAX;
  for (const RingChoice& ring : rings) {
    const Wide fresh = Wide{error_bound} * ((Wide{2} * members << ring.log_n) + 1) + 1;
    const Wide sum = fresh * packing.summands;  // below 2^5 2^23 2^32
    unsigned smudge = 0, noise = width(sum);
    if (shared()) {
      smudge = width(sum) + smudge_security_bits;
      noise = width((Wide{members} << smudge) + sum);
    }
    // q is above 2^(50 primes - 1/1000): one bit for that, one for the half.
    const unsigned room = prime_bits * ring.primes;
    if (room < noise + 2 || smudge > 120) continue;
    const unsigned plaintext = room - noise - 2 < 126 ? room - noise - 2 : 126;
    const unsigned fitting = plaintext / packing.slot_bits;
    if (fitting == 0) continue;
    const size_t cost = 1000 * ring.primes / fitting;  // bits a value
    if (cost >= best) continue;
    best = cost;
    log_n = ring.log_n;
    primes = ring.primes;
    slots = fitting;
    noise_bits = noise;
    smudge_bits = smudge;
  }
  if (slots == 0) {
    throw ParameterError("ring-LWE: no ring has room for slots of " + std::to_string(packing.slot_bits) +
                         " bits and its noise; lower max_abs or summands");
  }
}

void write_parameters(Writer& out, const RlweParameters& parameters) {
  out.u64(parameters.packing.max_abs).u32(parameters.packing.summands).u16(static_cast<uint16_t>(parameters.members));
}

RlweParameters read_parameters(Reader& in) {
  const uint64_t max_abs = in.u64();
  const uint32_t summands = in.u32();
  const unsigned members = in.u16();
  try {
    return RlweParameters(Packing(max_abs, summands), members);
  } catch (const ParameterError& e) {
    in.fail(std::string("its parameters are none: ") + e.what());
  }
}

}  // namespace pyzkfl::he
