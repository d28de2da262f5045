// .ptau files: read, checked, used for a key.
#include "formats/ptau/phase1_records.h"
#include "formats/ptau/ptau_file.h"
#include "formats/zkey/setup.h"
#include "iden3_files.h"
#include "target.h"

using namespace pyzkfl;
using namespace pyzkfl::formats;

std::vector<Bytes> fuzz::seeds() {
  const Iden3Files& files = Iden3Files::shared();
  return {files.content("new"), files.content("raw"), files.content("ptau")};
}

void fuzz::run(ByteSpan input) {
  const Iden3Files& files = Iden3Files::shared();
  const FileInMemory file(input);
  (void)refused([&] {
    const PtauFile powers(file.path());
    if (powers.ceremony_log_n() <= 12) (void)problem_with_ptau(powers);  // above, its first challenge takes long
  });
  (void)refused([&] { setup_zkey(files.folder.at("r1cs"), file.path(), files.folder.at("made"), "next"); });
}
