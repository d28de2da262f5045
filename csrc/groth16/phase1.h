// The first phase of a setup: powers of tau, for every circuit of at most 2^log_n rows (docs/protocol.md,
// section 4; Bowe, Gabizon, Miers 2017; verification as in Kohlweiss, Maller, Siim, Volkhov 2021).
//
// A state is public and holds no secret. Each member multiplies secrets of its own into it; one honest member
// is enough. Who verifies the end needs the records of all contributions and the last state. Who contributes
// verifies the state before (problem_with, Start::allowed).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "groth16/contribution.h"
#include "kzg/point_arrays.h"

namespace pyzkfl::groth16 {

struct Phase1 {
  unsigned log_n = 0;
  Digest ceremony{};           // what the ceremony is for
  uint32_t contributions = 0;  // how many went into this state
  Digest chain{};              // digest of their records' chain; `ceremony` while there are none

  std::vector<G1Affine> tau_1;    // tau^i, i < 2n - 1
  std::vector<G1Affine> alpha_1;  // alpha tau^i, i < n
  std::vector<G1Affine> beta_1;   // beta tau^i, i < n
  std::vector<G2Affine> tau_2;    // tau^i, i < n
  G2Affine beta_2;

  // The state without contributions, all secrets being one. `context` says what for; 1 <= log_n <= 28.
  static Phase1 initial(unsigned log_n, ByteSpan context);

  // Header, log_n (u8), ceremony, contributions (u32), chain, then the arrays in the order above,
  // uncompressed.
  Bytes to_bytes() const;
  // The same bytes piece by piece: never more than a few megabytes of them are in memory.
  void stream(const ByteSink& out) const;
  // How many bytes a state for 2^log_n rows has; 1 <= log_n <= 28.
  static uint64_t size_bytes(unsigned log_n);
  // Throws DecodeError or UnsupportedVersion. SubgroupCheck::skipped is for bytes that the caller wrote
  // itself.
  static Phase1 from_bytes(ByteSpan data, SubgroupCheck check = SubgroupCheck::done);
  // SHA-256 of the arrays' bytes.
  Digest state_digest() const;

  size_t domain_size() const { return size_t{1} << log_n; }
  bool operator==(const Phase1&) const = default;
};

struct Phase1Contributed {
  Phase1 state;
  Contribution record;
};

// A new state with fresh secrets multiplied in, and the record that shows it. `before` must have been
// verified, with the subgroup check when it was decoded: see contribution.h. The secrets come from the
// system's generator and are wiped. The multiplications of the arrays take variable time: contribute on a
// machine of your own. Throws ParameterError for a bad name or context; `before` is not changed, also when
// `progress` interrupts.
Phase1Contributed contribute(const Phase1& before, std::string_view name, ByteSpan context,
                             const Progress& progress = {});

// What is wrong with the ceremony for `context` that these records and this state are the end of; nothing if
// it is right. Wrong with probability at most 2^-120 over our own randomness. The state's points must have
// been decoded with the subgroup check.
[[nodiscard]] std::optional<std::string> problem_with(const Phase1& state, ByteSpan context,
                                                      std::span<const Contribution> records,
                                                      const Progress& progress = {},
                                                      Start start = Start::refused);

// The arrays of powers alone, wherever they come from.
struct PowersView {
  std::span<const G1Affine> tau_1, alpha_1, beta_1;  // 2n - 1, n, n points
  std::span<const G2Affine> tau_2;                   // n points
  G2Affine beta_2;
};

// What is wrong with them; nothing if they are powers of one tau, times alpha and beta, in both groups. Wrong
// with probability at most 2^-120 over our own randomness. Points must be of order r, tau_1 and tau_2 begin
// with the generators.
[[nodiscard]] std::optional<std::string> problem_with_powers(const PowersView& powers,
                                                             const Progress& progress = {});

}  // namespace pyzkfl::groth16
