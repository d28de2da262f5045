// The values of a circuit's wires, as a witness calculator writes them: .wtns (snarkjs, version 2).
//
// Section 1: prime, number of values (u32). Section 2: the values, 32 bytes each, canonical. The file holds
// secrets: the mapping is read once, into memory that is wiped.
#pragma once

#include <span>
#include <string>

#include "r1cs/witness.h"

namespace pyzkfl::formats {

// Reads and checks the file: every value below r, the first one 1. Memory: 32 bytes a value, as the file.
// Throws DecodeError, UnsupportedVersion, SystemError.
Witness read_wtns(const std::string& path);

// Writes values (all wires) as such a file, replacing it.
void write_wtns(const std::string& path, std::span<const Fr> values);

}  // namespace pyzkfl::formats
