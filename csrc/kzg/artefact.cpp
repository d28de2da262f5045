// See artefact.h.
#include "kzg/artefact.h"

#include <algorithm>
#include <array>
#include <string>

namespace pyzkfl {
namespace {

constexpr std::array<uint8_t, 4> magic = {'P', 'Z', 'K', 'F'};

// Null for a kind that is not one of ours.
const char* name_of(uint8_t kind) {
  switch (static_cast<ArtefactKind>(kind)) {
    case ArtefactKind::commitment_key: return "a commitment key";
    case ArtefactKind::proving_key: return "a proving key";
    case ArtefactKind::verifying_key: return "a verifying key";
    case ArtefactKind::phase1: return "a state of the setup's first phase";
    case ArtefactKind::phase2: return "a state of the setup's second phase";
    case ArtefactKind::contribution: return "a record of a contribution";
    case ArtefactKind::column_key: return "a column key";
  }
  return nullptr;
}

}  // namespace

void write_artefact_header(Writer& out, ArtefactKind kind) {
  out.bytes(magic).u8(artefact_version).u8(static_cast<uint8_t>(kind)).u8(artefact_suite);
}

void read_artefact_header(Reader& in, ArtefactKind kind) {
  const ByteSpan found = in.bytes(magic.size());
  if (!std::equal(found.begin(), found.end(), magic.begin())) in.fail("this is no artefact of pyzkfl");
  const uint8_t version = in.u8();
  const uint8_t found_kind = in.u8();
  const uint8_t suite = in.u8();
  if (version != artefact_version)
    throw UnsupportedVersion("the artefact has format version " + std::to_string(version) +
                             ", this release reads version " + std::to_string(artefact_version));
  if (suite != artefact_suite)
    throw UnsupportedVersion("the artefact is of proof suite " + std::to_string(suite) +
                             ", this release reads suite " + std::to_string(artefact_suite));
  if (found_kind == static_cast<uint8_t>(kind)) return;
  const char* found_name = name_of(found_kind);
  if (found_name == nullptr)
    throw UnsupportedVersion("the artefact is of kind " + std::to_string(found_kind) +
                             ", which this reader does not know");
  in.fail(std::string("this is ") + found_name + ", not " + name_of(static_cast<uint8_t>(kind)));
}

}  // namespace pyzkfl
