// A contribution to a Paillier sum: a packed ciphertext, and one proof that its sender knows what is in it.
//
// Without the proof a member can send what it made from others' ciphertexts of an earlier sum: negated, they cancel all
// of this sum but one vector (Paillier's ciphertexts are malleable). With it, what is sent is bound to a member who
// knew the values, and to the one context that it is for: encryption with a proof of knowledge, bound to everything
// (Bernhard, Pereira, Warinschi, Asiacrypt 2012, section 4), is non-malleable in the random-oracle model.
//
// One proof for all ciphertexts c_j = (1 + m_j n) r_j^n. The prover sends B = (1 + s n) u^n, gets e_j of 128 bits and
// answers z = s + sum e_j m_j modulo n, w = u prod r_j^(e_j) modulo n; (1 + z n) w^n = B prod c_j^(e_j). From enough
// answers to one B the differences of the e_j give a linear system: m_j, and r_j since n is prime to its determinant
// (Guillou, Quisquater, Crypto 88). Challenge: SHA-256 of key, context, member, the whole ciphertext and B.
// w must be invertible: with w = 0 the equation gives B = 0 whatever the e_j, and anything passes.
//
// r_j and u are powers of the sender's x^2 with exponents of half length (paillier.h): that w hides like a uniform one
// is the assumption under which ciphertexts do. Constant time in messages and exponents, but for the exponents' bit
// lengths, which sums of 128 bits more have from public numbers alone.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "he/agreed_sum.h"
#include "he/paillier_vector.h"

namespace pyzkfl::he {

// The ciphertext's encoding, then challenge (32), z, w (of the modulus' length each).
Bytes prove_contribution(const PaillierVector::Key& key, const Packing& packing, std::span<const int64_t> values,
                         const Digest& context, Index member);
// The ciphertext of one whose proof holds for this key, context and member. Throws DecodeError for anything else.
PaillierVector read_contribution(const PaillierVector::Key& key, const Digest& context, Index member, ByteSpan bytes);

// Those of many members, on the pool. Throws Misbehaviour naming a member whose contribution is none.
std::vector<PaillierVector> read_contributions(const PaillierVector::Key& key, const Digest& context,
                                               std::span<const std::pair<Index, ByteSpan>> contributions);
// The ciphertext of a contribution whose proof somebody else has checked.
PaillierVector read_contribution_unchecked(const PaillierVector::Key& key, ByteSpan bytes);

size_t plaintext_proof_bytes(const PaillierPublicKey& key);

}  // namespace pyzkfl::he
