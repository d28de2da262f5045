// .r1cs and .wtns files.
#include "formats/circuit/r1cs_file.h"
#include "formats/circuit/wtns_file.h"
#include "iden3_files.h"
#include "target.h"

using namespace pyzkfl;
using namespace pyzkfl::formats;

std::vector<Bytes> fuzz::seeds() { return {Iden3Files::shared().content("r1cs"), Iden3Files::shared().content("wtns")}; }

void fuzz::run(ByteSpan input) {
  const FileInMemory file(input);
  (void)refused([&] {
    uint64_t terms = 0;
    const R1csFile circuit(file.path());
    circuit.for_each_term([&](uint32_t row, unsigned matrix, uint32_t wire, const uint8_t*) {
      require(row < circuit.num_constraints() && matrix < 3 && wire < circuit.num_wires(), "a term lies in the circuit");
      ++terms;
    });
    require(terms == circuit.num_terms(), "the terms are as many as said");
  });
  (void)refused([&] {
    const Witness witness = read_wtns(file.path());
    require(witness[0].is_one(), "the first wire is one");
  });
}
