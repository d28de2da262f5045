// The constants of the Frobenius map on the tower: xi^(k (p^power - 1) / 6), the factor that w^k takes.
#pragma once

#include "fields/fp2.h"

namespace pyzkfl {

// For any power, and k from 0 to 5. (v = w^2, so v^j takes the factor of w^(2j).) Also what maps the twist of
// G2 to itself: x takes the factor with k = 2, y the one with k = 3.
const Fp2& frobenius_factor(unsigned power, unsigned k);

}  // namespace pyzkfl
