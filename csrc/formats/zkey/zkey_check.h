// What can be said of a .zkey without the circuit and the powers of tau that it was made from.
#pragma once

#include <optional>
#include <string>

#include "base/progress.h"
#include "formats/zkey/phase2_records.h"
#include "formats/zkey/zkey_file.h"

namespace pyzkfl::formats {

// What is wrong with the key, as far as the key itself tells. Checked: all points of all arrays (coordinates,
// curve, subgroup), all coefficients (range), that no phase was skipped, that gamma is the generator, that
// delta, beta and B are the same in both groups (B by a random combination), IC as a verifier needs it, and the
// records of the contributions that led to this delta, at least one. Not checked, because only the circuit and its
// powers of tau can tell: that A, L and H are what they should be.
[[nodiscard]] std::optional<std::string> problem_with_zkey(const ZkeyFile& key,
                                                           const Progress& progress = {});

// The part of it that is cheap, whatever is in the file: no phase was skipped, gamma is the generator, delta and beta are
// the same in both groups, there are contributions, and their beacons can be verified. Reads the contributions, whose
// chain is still to be checked (Phase2Records::problem_with). Throws DecodeError.
[[nodiscard]] std::optional<std::string> problem_with_head(const ZkeyFile& key, Phase2Records& contributions,
                                                           const Progress& progress = {});

}  // namespace pyzkfl::formats
