// .zkey files: read, checked, proven with, contributed to.
#include "formats/zkey/ceremony.h"
#include "formats/zkey/zkey_check.h"
#include "groth16/plain_prover.h"
#include "iden3_files.h"
#include "target.h"

using namespace pyzkfl;
using namespace pyzkfl::formats;

std::vector<Bytes> fuzz::seeds() {
  const Iden3Files& files = Iden3Files::shared();
  contribute_zkey(files.folder.at("zkey"), files.folder.at("second"), {.name = "bob"});
  return {files.content("zkey"), files.content("second")};
}

void fuzz::run(ByteSpan input) {
  const Iden3Files& files = Iden3Files::shared();
  const FileInMemory file(input);
  (void)refused([&] {
    const ZkeyFile key(file.path());
    (void)problem_with_zkey(key);
    (void)refused([&] {
      (void)groth16::prove_plain(key.view(), key.rows(files.witness), files.witness, {},
                                 groth16::UnfinishedKey::allowed);
    });
    (void)problem_with_ceremony(files.folder.at("r1cs"), files.folder.at("ptau"), key);
  });
  (void)refused([&] { contribute_zkey(file.path(), files.folder.at("made"), {.name = "next"}); });
}
