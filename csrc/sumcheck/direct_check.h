// A program's relations checked one index at a time, without any proof: for small programs, for tests, and for naming
// what is wrong with a witness. Costs what the relations cost when they are written out (a matrix product is cubic).
//
// Errors name a relation and an index, never a value.
#pragma once

#include <vector>

#include "fields/fr.h"
#include "sumcheck/columns.h"
#include "sumcheck/program.h"

namespace pyzkfl::sumcheck {

// Throws ParameterError if the values are not of the program's shape: columns, cells that fit in them, blinders only
// where columns have one, rows and rates as many as steps and clips, rows in 1 .. 2^(variables of the selectors of the
// step).
void check_shape(const Program& program, const ProgramValues& values);

// The value of each SquareSum, and N2 of each clip: Q / rate^2, in Fr. Of values that pass check_shape; rates not 0.
std::vector<Fr> square_sums(const Program& program, const ProgramValues& values);
std::vector<Fr> norm_squares(const Program& program, const ProgramValues& values, const std::vector<Fr>& square_sums);

// Throws WitnessInvalid naming the first relation that fails and an index where it does; ParameterError as check_shape
// and Program::check_form do.
void check_values(const Program& program, const ProgramValues& values);

// Counts the lookups and writes the tables' multiplicity cells (a table's multiplicities grow to whole blocks).
// Throws WitnessInvalid naming a block with a cell that is no key, or no row, of its table.
void fill_multiplicities(const Program& program, ProgramValues& values);

}  // namespace pyzkfl::sumcheck
