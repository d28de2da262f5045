// The end of a witness: nothing of it stays in memory.
#include "sumcheck/columns.h"

#include "base/secret.h"

namespace pyzkfl::sumcheck {

// Cells wipe themselves (WipingAllocator).
ProgramValues::~ProgramValues() {
  for (ColumnValues& column : columns) wipe_object(column.blinder);
  wipe_object(mask);
  for (uint64_t& rate : rates) wipe_object(rate);
}

}  // namespace pyzkfl::sumcheck
