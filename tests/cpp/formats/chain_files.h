// Good files of iden3's four formats, of a chain circuit of three steps: what tests and fuzzing targets change.
#pragma once

#include <string>

#include "formats/circuit/r1cs_file.h"
#include "formats/circuit/wtns_file.h"
#include "formats/ptau/ceremony.h"
#include "formats/zkey/setup.h"
#include "r1cs/chain_circuit.h"

namespace pyzkfl::test {

// Writes r1cs, wtns, new (a .ptau without contributions), raw (with one), ptau (prepared) and zkey where at(name) says.
template <class Folder>
Witness write_chain_files(const Folder& folder) {
  Builder shape(Builder::Mode::shape);
  chain_circuit(shape, 3);
  const ConstraintSystem cs = shape.take_constraint_system();
  Builder computing(Builder::Mode::witness);
  chain_circuit(computing, 3, Fr::from_u64(5));
  Witness witness = computing.take_witness(cs);
  formats::write_r1cs(folder.at("r1cs"), cs);
  formats::write_wtns(folder.at("wtns"), witness.span());
  formats::new_ptau(folder.at("new"), 3);
  formats::contribute_ptau(folder.at("new"), folder.at("raw"), {.name = "mutations"});
  formats::prepare_ptau(folder.at("raw"), folder.at("ptau"));
  formats::setup_zkey(folder.at("r1cs"), folder.at("ptau"), folder.at("zkey"), "mutations");
  return witness;
}

}  // namespace pyzkfl::test
