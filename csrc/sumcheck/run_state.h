// What the phases of a reduction (prover.h) share: the program with its values, the transcript so far, the challenges
// and the claims' values.
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "base/progress.h"
#include "base/thread_pool.h"
#include "curves/large_array.h"
#include "r1cs/witness.h"
#include "sumcheck/claims.h"
#include "sumcheck/columns.h"
#include "sumcheck/program.h"
#include "sumcheck/vector_steps.h"
#include "transcript/transcript.h"

namespace pyzkfl::sumcheck {

using SecretElements = std::vector<Fr, WipingAllocator<Fr>>;

// The memory of the two phases that need much, one after the other: to the system, fresh pages cost more than the
// arithmetic on them. Wiped at the end.
class Workspace {
 public:
  // What the program's lookups and its claims need, whichever is more.
  Workspace(const Program& program, const ClaimTable& claims);

  // Gives everything back, to be taken again. What is taken holds anything.
  void restart() { used_ = 0; }
  std::span<Fr> take(size_t n);

 private:
  SecretArray<Fr> memory_;
  size_t used_ = 0;
};

// What the cells of a claim are weighed with: cell i + j low.size() with low[i] high[j].
struct ClaimWeights {
  std::vector<Fr> low, high;
};

struct RunState {
  const Program& program;
  const ClaimTable& claims;
  const ProgramValues& values;
  Transcript transcript;
  SecretElements messages{};
  std::vector<Fr> tau{}, kappa{}, zeta{}, rho{};  // the points of T1, T3, T4, T5
  SecretElements claim_values{};
  std::vector<Fr> square_sums{};
  Workspace workspace{program, claims};

  // Absorbs a list of the proof.
  void send(std::span<const Fr> list) {
    transcript.absorb(list);
    messages.insert(messages.end(), list.begin(), list.end());
  }
  Fr coordinate(const Coordinate& c) const;
  // `low` over at least as many variables (of those there are), and more where a window would be cut.
  ClaimWeights weights(const Claim& claim, unsigned low_variables, const Fr& scale) const;
  // What its first cell is weighed with.
  Fr first_weight(const Claim& claim) const;
  // Evaluates and sends the claims that first occur in a phase.
  void send_claims(ClaimTable::Phase phase);
};

// One round of a sumcheck: sends all coefficients but c_1 and replaces `value`, which is s(0) + s(1), by s at the
// challenge, which is returned.
template <size_t n>
Fr send_round(RunState& run, const std::array<Fr, n>& coefficients, Fr& value) {
  std::array<Fr, n - 1> sent;
  sent[0] = coefficients[0];
  for (size_t i = 2; i < n; ++i) sent[i - 1] = coefficients[i];
  run.send(sent);
  const Fr challenge = run.transcript.challenge();
  value = coefficients[n - 1];
  for (size_t i = n - 1; i-- > 0;) value = value * challenge + coefficients[i];
  return challenge;
}

struct Nothing {};

// The sums of what body(block, sums, memory) adds, over blocks 0 .. count - 1, on the pool. `memory` is a Memory that
// lives for a few blocks on one thread.
template <class Memory = Nothing, class Body>
RoundSums sum_rounds(size_t count, size_t min_chunk, const Body& body) {
  RoundSums total{};
  std::mutex lock;
  parallel_for(count, min_chunk, [&](size_t begin, size_t end) {
    RoundSums part{};
    Memory memory;
    for (size_t block = begin; block < end; ++block) body(block, part, memory);
    const std::lock_guard<std::mutex> guard(lock);
    total.at_0 += part.at_0;
    total.quadratic += part.quadratic;
  });
  return total;
}

// The cells of a part of a column that are there; those behind them are zero.
inline std::span<const int32_t> present_cells(const ProgramValues& values, uint32_t column, uint64_t offset,
                                              uint64_t count) {
  const Cells& cells = values.columns[column].cells;
  if (offset >= cells.size()) return {};
  return std::span<const int32_t>(cells).subspan(offset, std::min<uint64_t>(count, cells.size() - offset));
}

// T3, T4, T5, T6. Each but the last sends its claims at its end.
void prove_products(RunState& run);
void prove_zeros(RunState& run);
void prove_lookups(RunState& run, const Progress& progress);
// Returns the values v_c and sets the point.
SecretElements prove_claims(RunState& run, std::vector<Fr>& point);

}  // namespace pyzkfl::sumcheck
