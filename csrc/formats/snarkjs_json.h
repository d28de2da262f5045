// snarkjs's JSON files: verification_key.json, proof.json, public.json, for circuits without committed wires.
//
// Numbers are decimal strings, points projective with a third coordinate "1" (["1", "0"] in G2), elements of
// Fp2 are [c0, c1]. With them `snarkjs groth16 verify` checks our proofs, and tools around it make verifiers
// for other chains.
#pragma once

#include <span>
#include <string>

#include "groth16/keys.h"
#include "groth16/plain_verifier.h"
#include "groth16/proof.h"

namespace pyzkfl::formats {

// Throws ParameterError for a key with committed wires: snarkjs has no equation for them.
std::string verification_key_json(const groth16::VerifyingKey& key);

std::string verification_key_json(const groth16::PlainVerifyingKey& key);

std::string proof_json(const groth16::Proof& proof);

std::string public_json(std::span<const Fr> inputs);

// The decimal digits of a canonical integer of four little-endian limbs.
std::string decimal(const Limbs& value);

}  // namespace pyzkfl::formats
