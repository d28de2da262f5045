// Shares of a Paillier decryption and the proof that they are powers to the right exponent (paillier_threshold.h).
#pragma once

#include <span>
#include <vector>

#include "he/paillier_threshold.h"

namespace pyzkfl::he {

// u_j = c_j mod n, of words() words each.
std::vector<uint64_t> residues_modulo_n(const PaillierPublicKey& key, WordSpan ciphertexts);

// u_j^(2 exponent) modulo n for every residue. Constant time in the exponent.
std::vector<uint64_t> share_powers(const PaillierThresholdKey& key, WordSpan exponent, WordSpan residues);

// challenge = H(everything, X^r, v^r), response = r + challenge exponent. r has 384 bits more than the exponent: 256
// for the challenge, 128 to hide.
struct ShareProof {
  Digest challenge;
  Integer response;
};

ShareProof prove_share(const PaillierThresholdKey& key, Index index, WordSpan exponent, const Digest& request,
                       WordSpan residues, WordSpan shares);
[[nodiscard]] bool verify_share(const PaillierThresholdKey& key, Index index, const Digest& request,
                                WordSpan residues, WordSpan shares, const ShareProof& proof);

// challenge (32), length of the response (u16), response.
void write_share_proof(Writer& out, const ShareProof& proof);
ShareProof read_share_proof(Reader& in);

}  // namespace pyzkfl::he
