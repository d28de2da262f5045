// The second phase of a setup in snarkjs's files: contributions to a .zkey, and the check of all of it (Bowe, Gabizon,
// Miers 2017, section 3; Groth16's delta alone has a second phase).
//
// A contribution of secret x takes delta to x delta and divides L and H by x. One honest contributor is enough: whoever
// knows all secrets can forge proofs under the key. Outputs appear whole or not at all and may replace their input, which
// is never changed: after an abort, or a machine that died, one contributes again, with another secret.
#pragma once

#include <optional>
#include <string>

#include "base/progress.h"
#include "formats/hashing/blake2b.h"
#include "formats/hashing/contribution_parameters.h"
#include "formats/zkey/zkey_file.h"

namespace pyzkfl::formats {

// Multiplies a fresh secret of this machine's own into the key, or a public beacon's, and records it; the hash of that
// record, which the contributor publishes. `input` may be the key of `snarkjs groth16 setup`, without contributions.
//
// Checked first, because secrets multiplied into foreign elements could leak: the header, the chain of the records, and
// that they lead to its delta, in both groups. Then each point of L and H, when it is read, before it is multiplied. That
// the key is that of a circuit, problem_with_ceremony tells, before and after. Throws ParameterError for a key that does
// not hold or has no section of contributions, DecodeError for a file that is none.
//
// Memory: two megabytes beside the mapped file. The multiplications take time that depends on the secret, and leave no
// copy of it: contribute on a machine of your own. For a beacon, `parameters` has it, with 2^10 to 2^28 iterations, as
// snarkjs takes them; its secret is everybody's, and only shows that nobody chose the end.
Blake2bDigest contribute_zkey(const std::string& input, const std::string& output,
                              const ContributionParameters& parameters, const Progress& progress = {});

// What is wrong with a finished key; nothing if it is that of the circuit and the powers, and the recorded contributions,
// at least one, are all that happened to it. Checked: each contribution's proof of knowledge, its place in the chain and
// its delta; beacons, recomputed; all single points; the circuit's hash, IC, A, B and coefficients, recomputed; L and H,
// recomputed with delta one, by a random combination each. Wrong with probability at most 2^-120 over our own randomness.
//
// Not checked: the powers beyond what a setup checks (problem_with_ptau does), and who the contributors were: anybody can
// contribute alone under all names, so each contributor looks for the hash of its own record. Throws DecodeError and
// ParameterError for what is wrong with circuit or powers, or is no key at all.
[[nodiscard]] std::optional<std::string> problem_with_ceremony(const std::string& r1cs, const std::string& ptau,
                                                               const ZkeyFile& key, const Progress& progress = {});

}  // namespace pyzkfl::formats
