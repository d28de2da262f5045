// The engine's commitment key from a public .ptau file.
#pragma once

#include "formats/ptau/ptau_file.h"
#include "kzg/column_key.h"

namespace pyzkfl::formats {

// The first 2^log_n + 1 powers of tau. Every point that is taken is checked, and that they are powers of one tau; not
// the contributions: that is problem_with_ptau's (ceremony.h). Throws ParameterError if the file has too few powers (it
// serves columns as long as its circuits, from four rows on) or one without contributions, DecodeError for points that
// are none.
ColumnKey column_key_from_ptau(const PtauFile& file, unsigned log_n);

}  // namespace pyzkfl::formats
