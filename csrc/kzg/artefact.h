// The first seven bytes of every file of keys and setup: magic "PZKF", version, kind, suite.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace pyzkfl {

// Kinds of the native core have the top bit set; the others belong to pyzkfl/encoding.py.
enum class ArtefactKind : uint8_t {
  commitment_key = 0x80,
  proving_key = 0x81,
  verifying_key = 0x82,
  phase1 = 0x83,
  phase2 = 0x84,
  contribution = 0x85,
  column_key = 0x86,
};

inline constexpr uint8_t artefact_version = 1;
inline constexpr uint8_t artefact_suite = 1;  // BN254 with SHA-256

void write_artefact_header(Writer& out, ArtefactKind kind);

// Throws DecodeError for another magic or another of these kinds, UnsupportedVersion for a version, suite or
// kind that this release does not know.
void read_artefact_header(Reader& in, ArtefactKind kind);

}  // namespace pyzkfl
