// Field elements read as the integers they stand for, to compute hints (quotients, bits, roots) in a circuit.
//
// An element stands for the integer of least magnitude in its class, in (-r/2, r/2]. Every function is
// total: a value outside the range that a gadget was promised gives some hint, and a constraint of the
// gadget refuses it. Variable time.
#pragma once

#include "fields/fr.h"

namespace pyzkfl {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

struct SignedValue {
  bool negative = false;
  Limbs magnitude{};

  static SignedValue of(const Fr& v);
  Fr to_field() const;
};

// Bit i of the canonical integer in [0, r); i < 256.
inline bool bit_of(const Limbs& v, unsigned i) { return (v[i / 64] >> (i % 64) & 1) != 0; }

// floor(v / 2^shift), towards minus infinity; shift < 256.
SignedValue floor_shift(const SignedValue& v, unsigned shift);

// The low 127 bits of the magnitude, with the sign: exact for |v| < 2^127.
Int128 to_int128(const Fr& v);
Fr from_int128(Int128 v);

// floor(v / m), towards minus infinity; 0 for m = 0.
Int128 floor_divide(Int128 v, Int128 m);

// floor(sqrt(v)); 0 for negative v.
Int128 integer_sqrt(Int128 v);

}  // namespace pyzkfl
