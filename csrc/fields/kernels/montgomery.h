// The scalar arithmetic that Field is made of, by the best kernel at hand.
//
// Which one is a flag that is set once, when the program starts: a branch that is always predicted costs
// nothing beside a multiplication, while a call through a pointer costs a third of one and hides the operands
// from the compiler. (Operations over vectors of elements, where a call is cheap, go through kernel_table.h.)
// Before the flag is set, while static objects are made, the portable kernel runs; the results are the same.
#pragma once

#include <type_traits>

#include "fields/kernels/montgomery_portable.h"
#include "fields/kernels/montgomery_x86.h"

namespace pyzkfl::kernel {

// Whether the processor runs the functions of namespace adx, and the environment allows it (base/cpu.h).
extern bool adx_selected;

// Whether products of the tower are summed before they are reduced (fp2_product.h).
inline bool lazy_selected() {
#ifdef PYZKFL_X86_KERNELS
  return !adx_selected;
#else
  return true;
#endif
}

// The portable kernel out of line, where a call no longer matters.
template <class M>
[[gnu::noinline]] Limbs mul_out_of_line(const Limbs& a, const Limbs& b) {
#ifdef PYZKFL_X86_KERNELS
  return x86::mul<M>(a, b);
#else
  return portable::mul<M>(a, b);
#endif
}
template <class M>
[[gnu::noinline]] Limbs mul_add_out_of_line(const Limbs& a, const Limbs& b, const Limbs& c, const Limbs& d) {
  return portable::mul_add<M>(a, b, c, d);
}

// Contracts of all that follow: montgomery_portable.h. They return limb by limb, never by copying an array: a
// copy through a vector register of limbs just written one by one stalls for as long as half a
// multiplication.

template <class M>
[[gnu::always_inline]] constexpr Limbs add(const Limbs& a, const Limbs& b) {
#ifdef PYZKFL_X86_KERNELS
  if (!std::is_constant_evaluated()) return x86::add<M>(a, b);
#endif
  return portable::add<M>(a, b);
}

// a + b as integers; the caller knows that this is below 2^256.
[[gnu::always_inline]] constexpr Limbs add_integers(const Limbs& a, const Limbs& b) {
#ifdef PYZKFL_X86_KERNELS
  if (!std::is_constant_evaluated()) return x86::add_integers(a, b);
#endif
  return portable::add_integers(a, b);
}

template <class M>
[[gnu::always_inline]] constexpr Limbs sub(const Limbs& a, const Limbs& b) {
#ifdef PYZKFL_X86_KERNELS
  if (!std::is_constant_evaluated()) return x86::sub<M>(a, b);
#endif
  return portable::sub<M>(a, b);
}

template <class M>
[[gnu::always_inline]] constexpr Limbs mul(const Limbs& a, const Limbs& b) {
#ifdef PYZKFL_X86_KERNELS
  if (!std::is_constant_evaluated()) {
    if (adx_selected) [[likely]] return adx::mul<M>(a, b);
    const Limbs product = mul_out_of_line<M>(a, b);
    return {product[0], product[1], product[2], product[3]};
  }
#endif
  return portable::mul<M>(a, b);
}

template <class M>
[[gnu::always_inline]] constexpr Limbs mul_add(const Limbs& a, const Limbs& b, const Limbs& c,
                                               const Limbs& d) {
#ifdef PYZKFL_X86_KERNELS
  if (!std::is_constant_evaluated()) {
    if (adx_selected) [[likely]] return adx::mul_add<M>(a, b, c, d);
    const Limbs sum = mul_add_out_of_line<M>(a, b, c, d);
    return {sum[0], sum[1], sum[2], sum[3]};
  }
#endif
  return portable::mul_add<M>(a, b, c, d);
}

template <class M>
[[gnu::always_inline]] constexpr Limbs square(const Limbs& a) {
  return mul<M>(a, a);
}

}  // namespace pyzkfl::kernel
