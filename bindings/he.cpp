// pyzkfl._core.he: homomorphic encryption, Paillier and ring-LWE.
#include "he.h"

PYZKFL_BINDINGS(he) {
  pyzkfl::bindings::add_he_paillier(m);
  pyzkfl::bindings::add_he_rlwe(m);
  pyzkfl::bindings::add_he_shared(m);
}
