// The scalar arithmetic that Field is made of, by the best kernel at hand.
#pragma once

#include "fields/kernels/montgomery_portable.h"

namespace pyzkfl::kernel {

template <class M>
constexpr Limbs add(const Limbs& a, const Limbs& b) {
  return portable::add<M>(a, b);
}

template <class M>
constexpr Limbs sub(const Limbs& a, const Limbs& b) {
  return portable::sub<M>(a, b);
}

template <class M>
constexpr Limbs mul(const Limbs& a, const Limbs& b) {
  return portable::mul<M>(a, b);
}

template <class M>
constexpr Limbs square(const Limbs& a) {
  return portable::square<M>(a);
}

}  // namespace pyzkfl::kernel
