// The scalar kernels as types, for code that is compiled once for each kernel and reached through a table.
#pragma once

#include "base/cpu.h"
#include "fields/kernels/montgomery_portable.h"
#include "fields/kernels/montgomery_x86.h"

namespace pyzkfl::kernel {

struct PortableArithmetic {
  static constexpr const char* name = "generic";
  static constexpr CpuKernel needs = CpuKernel::generic;

  template <class M>
  [[gnu::always_inline]] static Limbs mul(const Limbs& a, const Limbs& b) {
    return portable::mul<M>(a, b);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs mul_lazy(const Limbs& a, const Limbs& b) {
    return portable::mul_lazy<M>(a, b);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs mul_add(const Limbs& a, const Limbs& b, const Limbs& c, const Limbs& d) {
    return portable::mul_add<M>(a, b, c, d);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs add(const Limbs& a, const Limbs& b) {
    return portable::add<M>(a, b);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs sub(const Limbs& a, const Limbs& b) {
    return portable::sub<M>(a, b);
  }
  [[gnu::always_inline]] static Limbs add_integers(const Limbs& a, const Limbs& b) {
    return portable::add_integers(a, b);
  }
  [[gnu::always_inline]] static Limbs sub_integers(const Limbs& a, const Limbs& b) {
    return portable::sub_integers(a, b);
  }
  [[gnu::always_inline]] static Limbs subtract_if_not_below(const Limbs& v, const Limbs& bound) {
    return portable::subtract_if_not_below(v, bound);
  }
  [[gnu::always_inline]] static void product(Limbs512& out, const Limbs& a, const Limbs& b) {
    portable::product(out, a, b);
  }
  [[gnu::always_inline]] static void add_products(Limbs512& out, const Limbs512& a, const Limbs512& b) {
    portable::add_products(out, a, b);
  }
  [[gnu::always_inline]] static void sub_products(Limbs512& out, const Limbs512& a, const Limbs512& b) {
    portable::sub_products(out, a, b);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs reduce(const Limbs512& t) {
    return portable::reduce<M>(t);
  }
};

#ifdef PYZKFL_X86_KERNELS
// What "generic" runs on x86-64: the instructions that every such processor has.
struct GenericArithmetic {
  static constexpr const char* name = "generic";
  static constexpr CpuKernel needs = CpuKernel::generic;

  template <class M>
  [[gnu::always_inline]] static Limbs mul(const Limbs& a, const Limbs& b) {
    return x86::mul<M>(a, b);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs mul_lazy(const Limbs& a, const Limbs& b) {
    return x86::mul_lazy<M>(a, b);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs mul_add(const Limbs& a, const Limbs& b, const Limbs& c, const Limbs& d) {
    return portable::mul_add<M>(a, b, c, d);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs add(const Limbs& a, const Limbs& b) {
    return x86::add<M>(a, b);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs sub(const Limbs& a, const Limbs& b) {
    return x86::sub<M>(a, b);
  }
  [[gnu::always_inline]] static Limbs add_integers(const Limbs& a, const Limbs& b) {
    return x86::add_integers(a, b);
  }
  [[gnu::always_inline]] static Limbs sub_integers(const Limbs& a, const Limbs& b) {
    return x86::sub_integers(a, b);
  }
  [[gnu::always_inline]] static Limbs subtract_if_not_below(const Limbs& v, const Limbs& bound) {
    return x86::subtract_if_not_below(v, bound);
  }
  [[gnu::always_inline]] static void product(Limbs512& out, const Limbs& a, const Limbs& b) {
    x86::product(out, a, b);
  }
  [[gnu::always_inline]] static void add_products(Limbs512& out, const Limbs512& a, const Limbs512& b) {
    x86::add_products(out, a, b);
  }
  [[gnu::always_inline]] static void sub_products(Limbs512& out, const Limbs512& a, const Limbs512& b) {
    x86::sub_products(out, a, b);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs reduce(const Limbs512& t) {
    return x86::reduce_halves<M>(x86::reduced_low_half<M>(t), t);
  }
};

struct AdxArithmetic {
  static constexpr const char* name = "adx";
  static constexpr CpuKernel needs = CpuKernel::adx;

  template <class M>
  [[gnu::always_inline]] static Limbs mul(const Limbs& a, const Limbs& b) {
    return adx::mul<M>(a, b);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs mul_lazy(const Limbs& a, const Limbs& b) {
    return adx::mul_lazy<M>(a, b);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs mul_add(const Limbs& a, const Limbs& b, const Limbs& c, const Limbs& d) {
    return adx::mul_add<M>(a, b, c, d);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs add(const Limbs& a, const Limbs& b) {
    return x86::add<M>(a, b);
  }
  template <class M>
  [[gnu::always_inline]] static Limbs sub(const Limbs& a, const Limbs& b) {
    return x86::sub<M>(a, b);
  }
  [[gnu::always_inline]] static Limbs add_integers(const Limbs& a, const Limbs& b) {
    return x86::add_integers(a, b);
  }
  [[gnu::always_inline]] static Limbs sub_integers(const Limbs& a, const Limbs& b) {
    return x86::sub_integers(a, b);
  }
  [[gnu::always_inline]] static Limbs subtract_if_not_below(const Limbs& v, const Limbs& bound) {
    return x86::subtract_if_not_below(v, bound);
  }
};
#else
using GenericArithmetic = PortableArithmetic;
#endif

}  // namespace pyzkfl::kernel
