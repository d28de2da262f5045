// What masking costs: for `pyzkfl bench secagg`.
#pragma once

#include <cstdint>

namespace pyzkfl::secagg {

// Seconds to expand `n_bytes` of mask from a 256-bit key and add it to a vector, once, on the pool's threads.
double bench_mask(uint64_t n_bytes);

// Seconds to share two 256-bit secrets among n members, and to get one back from the shares of `threshold` of them,
// weights included.
struct ShamirSeconds {
  double split;
  double combine;
};
ShamirSeconds bench_shamir(unsigned n, unsigned threshold);

// A whole round of n members in this process, `dropouts` of them lost after they dealt their shares, over random
// vectors. Times are those of one client (the mean over clients) and of the server, without transport.
struct RoundSeconds {
  double client_keys;      // advertise and share
  double client_masking;   // masked_input
  double client_unmasking; // sign_survivors and unmask
  double server_receive;   // all messages of all clients
  double server_sum;       // sum()
  uint64_t client_sent_bytes;
  uint64_t client_received_bytes;
  bool exact;              // the sum is the sum
};
RoundSeconds bench_round(unsigned n, unsigned threshold, unsigned dropouts, uint64_t length, uint64_t max_abs);

}  // namespace pyzkfl::secagg
