// What can be said of a .zkey without the circuit and the powers of tau that it was made from.
#pragma once

#include <optional>
#include <string>

#include "base/progress.h"
#include "formats/zkey/zkey_file.h"

namespace pyzkfl::formats {

// What is wrong with the key; nothing if it is fit for use. Checked: all points of all arrays (coordinates,
// curve, subgroup), all coefficients (range), that the second phase was not skipped, that delta, beta and B
// are the same in both groups (B by a random combination), IC as a verifier needs it, and the records of the
// contributions that led to this delta, if the file has any. Whether the key is that of a certain circuit
// needs the circuit and its powers of tau: `snarkjs zkey verify`.
[[nodiscard]] std::optional<std::string> problem_with_zkey(const ZkeyFile& key,
                                                           const Progress& progress = {});

}  // namespace pyzkfl::formats
