// See artefact.h.
#include "he/artefact.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/errors.h"

namespace pyzkfl::he {
namespace {

constexpr std::array<uint8_t, 4> magic = {'P', 'Z', 'K', 'F'};
constexpr uint8_t version = 1;

const char* name_of(uint8_t kind) {
  switch (static_cast<Kind>(kind)) {
    case Kind::public_key: return "a public key";
    case Kind::secret_key: return "a secret key";
    case Kind::ciphertext: return "a ciphertext";
    case Kind::key_share: return "a key share";
    case Kind::decryption_share: return "a decryption share";
    case Kind::key_commitment: return "a commitment to a key part";
    case Kind::key_part: return "a key part";
    case Kind::dealt_share: return "a dealt share";
    case Kind::threshold_key: return "a threshold key";
    case Kind::holder_state: return "a holder's state";
  }
  return nullptr;
}

const char* name_of(Suite suite) { return suite == Suite::paillier ? "Paillier" : "ring-LWE"; }

}  // namespace

void write_header(Writer& out, Kind kind, Suite suite) {
  out.bytes(magic).u8(version).u8(static_cast<uint8_t>(kind)).u8(static_cast<uint8_t>(suite));
}

void read_header(Reader& in, Kind kind, Suite suite) {
  const ByteSpan found = in.bytes(magic.size());
  if (!std::equal(found.begin(), found.end(), magic.begin())) in.fail("this is no artefact of pyzkfl");
  const uint8_t found_version = in.u8(), found_kind = in.u8(), found_suite = in.u8();
  if (found_version != version) {
    throw UnsupportedVersion("the artefact has format version " + std::to_string(found_version) +
                             ", this release reads version " + std::to_string(version));
  }
  if (found_kind != static_cast<uint8_t>(kind)) {
    const char* other = name_of(found_kind);
    if (other == nullptr)
      throw UnsupportedVersion("kind " + std::to_string(found_kind) + " is none of homomorphic encryption");
    in.fail(std::string("this is ") + other + ", not " + name_of(static_cast<uint8_t>(kind)));
  }
  if (found_suite == static_cast<uint8_t>(suite)) return;
  if (found_suite == static_cast<uint8_t>(Suite::paillier) || found_suite == static_cast<uint8_t>(Suite::ring_lwe)) {
    in.fail(std::string("this is of ") + name_of(static_cast<Suite>(found_suite)) + ", not of " + name_of(suite));
  }
  throw UnsupportedVersion("the artefact is of suite " + std::to_string(found_suite) +
                           ", which this release does not read");
}

}  // namespace pyzkfl::he
