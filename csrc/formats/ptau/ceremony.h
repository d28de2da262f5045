// The first phase of a setup in snarkjs's files: new, contribute, prepare, verify.
//
// One honest contributor is enough; whoever knows every contributor's secrets can forge proofs under every
// key made from the powers. Outputs appear whole or not at all and may replace their input.
#pragma once

#include <optional>
#include <string>

#include "base/progress.h"
#include "formats/hashing/blake2b.h"
#include "formats/hashing/contribution_parameters.h"
#include "formats/ptau/ptau_file.h"

namespace pyzkfl::formats {

// 2^log_n powers of one, without contributions. 1 <= log_n <= 28.
void new_ptau(const std::string& output, unsigned log_n);

// Multiplies fresh secrets of this machine's own, or a public beacon's, into `input` and records them; the hash of the
// response, which the contributor publishes. The input is verified first: secrets multiplied into foreign elements could
// be used for a forgery. Bases of a prepared input are left out. The multiplications of the arrays take time that depends
// on the secrets: contribute on a machine of your own. For a beacon, `parameters` has it, with 2^10 to 2^28 iterations, as
// snarkjs takes them. Throws ParameterError for a file that was cut down or does not verify.
Blake2bDigest contribute_ptau(const std::string& input, const std::string& output,
                              const ContributionParameters& parameters, const Progress& progress = {});

// Adds the Lagrange bases that circuits' setups start from. Throws ParameterError above 2^27 powers.
void prepare_ptau(const std::string& input, const std::string& output, const Progress& progress = {});

// Whether a file without contributions is right too: one contributes to such a file, and uses none.
enum class Contributions { needed, none_allowed };

// What is wrong with the file; nothing if it is right. Checked: every point; that the powers are powers of
// one tau, times alpha and beta; each contribution's proofs of knowledge and its place in the chain; the
// hashes of the last one; the bases of a prepared file. Wrong with probability at most 2^-119 over our own
// randomness. Throws DecodeError for a file that is none.
[[nodiscard]] std::optional<std::string> problem_with_ptau(
    const PtauFile& file, Contributions contributions = Contributions::needed, const Progress& progress = {});

}  // namespace pyzkfl::formats
