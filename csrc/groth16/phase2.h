// The second phase of a setup: the keys of one circuit (docs/protocol.md, section 4; Bowe, Gabizon, Miers
// 2017; verification as in Kohlweiss, Maller, Siim, Volkhov 2021).
//
// A state is the key with delta and the sigmas so far, one at the start. Each member multiplies secrets of
// its own in; one honest member is enough. Who verifies needs the verified first phase, the circuit, the
// records and the last state.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "groth16/contribution.h"
#include "groth16/key_elements.h"
#include "groth16/keys.h"
#include "groth16/phase1.h"
#include "r1cs/constraint_system.h"

namespace pyzkfl::groth16 {

struct Phase2 {
  Digest ceremony{};           // first phase, circuit, and what the ceremony is for
  uint32_t contributions = 0;  // how many went into this state
  Digest chain{};              // digest of their records' chain; `ceremony` while there are none
  KeyElements key;

  // The first phase brought to the circuit: its evaluation domain's Lagrange basis by transforms over group
  // elements (the slow part), then each wire's elements. Deterministic. Throws ParameterError if the circuit
  // has more rows than the first phase is for, or its commitments would not bind (check_groups).
  static Phase2 initial(const Phase1& phase1, const ConstraintSystem& cs, ByteSpan context,
                        const Progress& progress = {});

  // Header, ceremony, contributions (u32), chain, then write_elements.
  Bytes to_bytes() const;
  // The same bytes piece by piece: never more than a few megabytes of them are in memory.
  void stream(const ByteSink& out) const;
  // How many bytes the state of this circuit has.
  static uint64_t size_bytes(const ConstraintSystem& cs);
  // Throws DecodeError or UnsupportedVersion. SubgroupCheck::skipped is for bytes that the caller wrote
  // itself.
  static Phase2 from_bytes(ByteSpan data, SubgroupCheck check = SubgroupCheck::done);
  // SHA-256 of the key's bytes.
  Digest state_digest() const;
  // Where the chain of records begins, and the points that contributions multiply: delta and, for each group,
  // sigma times the blinder's point.
  static Digest ceremony_of(const Phase1& phase1, const ConstraintSystem& cs, ByteSpan context);
  std::vector<G1Affine> leading_points() const;

  // The finished key. Throws DecodeError while delta or a sigma is one. Verify the ceremony first.
  ProvingKey finalize() const { return ProvingKey(key); }

  bool operator==(const Phase2&) const = default;
};

struct Phase2Contributed {
  Phase2 state;
  Contribution record;
};

// A new state with fresh secrets multiplied in, and the record that shows it; otherwise as phase 1's.
// `before` must have been verified, with the subgroup check when it was decoded: see contribution.h.
Phase2Contributed contribute(const Phase2& before, std::string_view name, ByteSpan context,
                             const Progress& progress = {});

// What is wrong with the ceremony that these records and this state are the end of; nothing if it is right.
// `phase1` must have been verified, the state's points decoded with the subgroup check. Every element of the
// key is checked, the prover's too, by random linear combinations of the circuit's polynomials: no transform
// over group elements.
[[nodiscard]] std::optional<std::string> problem_with(const Phase2& state, const Phase1& phase1,
                                                      const ConstraintSystem& cs, ByteSpan context,
                                                      std::span<const Contribution> records,
                                                      const Progress& progress = {},
                                                      Start start = Start::refused);

}  // namespace pyzkfl::groth16
