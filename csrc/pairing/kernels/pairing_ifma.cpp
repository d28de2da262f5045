// The IFMA kernel of the pairing (see pairing_ifma.h).
#include "pairing/kernels/pairing_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "pairing/kernels/ifma_miller.h"

namespace pyzkfl::ifma {
namespace {

// Where Fp12 keeps the coefficient of w^k, in bytes: c0.c0, c1.c0, c0.c1, c1.c1, c0.c2, c1.c2.
constexpr size_t coefficient_at[6] = {0, 192, 64, 256, 128, 320};

void load(Fp12Lanes& out, const void* from) {
  Fp2Rows rows = {};
  const unsigned char* bytes = static_cast<const unsigned char*>(from);
  for (size_t k = 0; k < 6; ++k) {
    __builtin_memcpy(rows.c0[k], bytes + coefficient_at[k], 32);
    __builtin_memcpy(rows.c1[k], bytes + coefficient_at[k] + 32, 32);
  }
  set(out, from_rows(rows));
}

// From radix 2^260 to words.
PYZKFL_INLINE Words words_of(const Lanes& v) {
  constexpr Limbs52 two_256 = to_limbs52(power_of_two(256), 1);
  return packed_canonical(mul_uncarried(v, splatted(two_256)));
}

void store(void* to, const Operand& f) {
  Lanes c0, c1;
  for (int j = 0; j < 5; ++j) c0.l[j] = f.l[j], c1.l[j] = f.l[5 + j];
  Fp2Rows rows;
  store_consecutive(rows.c0, words_of(c0));
  store_consecutive(rows.c1, words_of(c1));
  unsigned char* bytes = static_cast<unsigned char*>(to);
  for (size_t k = 0; k < 6; ++k) {
    __builtin_memcpy(bytes + coefficient_at[k], rows.c0[k], 32);
    __builtin_memcpy(bytes + coefficient_at[k] + 32, rows.c1[k], 32);
  }
}

void set_one(Fp12Lanes& f) {
  const Lanes one = splatted(one_260), none = zero();
  Fp2Lanes v;
  for (int j = 0; j < 5; ++j) v.l[j] = _mm512_maskz_mov_epi64(0x01, one.l[j]), v.l[5 + j] = none.l[j];
  set(f, v);
}

void add_all(Fp12Lanes& f, const MillerInput& in, size_t which) {
  for (size_t i = 0; i < in.running_count; ++i) {
    Running& r = running(in.running_states[i]);
    add_step(r, r.points[which]);
    mul_by_line(f, r.line, add_line);
  }
  for (size_t i = 0; i < in.prepared_count; ++i) multiply_by_next_line(f, prepared(in.prepared_states[i]));
}

void miller_loop(void* out, const MillerInput& in) {
  for (size_t i = 0; i < in.running_count; ++i) start(running(in.running_states[i]), in.running[i]);
  for (size_t i = 0; i < in.prepared_count; ++i) {
    start(prepared(in.prepared_states[i]), in.prepared[i], in.line_count);
  }
  Fp12Lanes f;
  set_one(f);
  for (size_t k = 0; k < in.digit_count; ++k) {
    if (k > 0) square(f, f);
    for (size_t i = 0; i < in.running_count; ++i) {
      Running& r = running(in.running_states[i]);
      double_step(r);
      mul_by_line(f, r.point, double_line);
    }
    for (size_t i = 0; i < in.prepared_count; ++i) multiply_by_next_line(f, prepared(in.prepared_states[i]));
    if (in.digits[k] != 0) add_all(f, in, in.digits[k] > 0 ? 0 : 1);
  }
  add_all(f, in, 2);
  add_all(f, in, 3);
  store(out, f.plain);
}

// f^x in the cyclotomic subgroup. out is not f.
void power_x(Fp12Lanes& out, const Fp12Lanes& f, const HardPartInput& in) {
  Fp12Lanes odd[4], square_of_f;  // f, f^3, f^5, f^7
  cyclotomic_square(square_of_f, f);
  odd[0] = f;
  for (int i = 1; i < 4; ++i) mul(odd[i], odd[i - 1].plain, square_of_f);
  out = odd[in.digits[in.digit_count - 1] / 2];
  for (size_t i = in.digit_count - 1; i-- > 0;) {
    cyclotomic_square(out, out);
    const int d = in.digits[i];
    if (d > 0) mul(out, odd[d / 2].plain, out);
    if (d < 0) {
      Operand inverse;
      conjugate(inverse, odd[-d / 2].plain);
      mul(out, inverse, out);
    }
  }
}

// f^(p^power), as a factor, by the factors that coefficients take.
void frobenius(Operand& out, const Operand& f, unsigned power, const Operand& factors) {
  Fp2Lanes v = components(f);
  if (power % 2 == 1) {
    for (int j = 0; j < 5; ++j) v.l[5 + j] = _mm512_sub_epi64(splat(p52.times[2].l[j]), v.l[5 + j]);
  }
  Operand conjugated;
  set(conjugated, v);
  constexpr Term same = {{{0, 1, 2, 3, 4, 5, 6, 7}}, {{0, 1, 2, 3, 4, 5, 6, 7}}};
  set(out, product(conjugated, factors, factors, same));
}

void hard_part(void* out, const void* from, const HardPartInput& in) {
  Fp12Lanes g, x2, x6, xx6, cube12, l;
  Operand inverse, image, factors;
  load(g, from);
  power_x(l, g, in);
  cyclotomic_square(x2, l);  // 2x
  cyclotomic_square(l, x2);
  mul(x6, x2.plain, l);  // 6x
  power_x(xx6, x6, in);  // 6x^2
  power_x(l, xx6, in);
  cyclotomic_square(cube12, l);  // 12x^3
  Fp12Lanes l0, l1, l2, l3;
  mul(l2, cube12.plain, xx6);
  mul(l2, x6.plain, l2);
  conjugate(inverse, x2.plain);
  mul(l1, inverse, l2);
  mul(l0, xx6.plain, l2);
  mul(l0, g.plain, l0);
  conjugate(inverse, g.plain);
  mul(l3, inverse, l1);
  const Operand* powers[3] = {&l1.plain, &l2.plain, &l3.plain};
  for (unsigned power = 1; power <= 3; ++power) {
    set(factors, from_rows(in.frobenius[power - 1]));
    frobenius(image, *powers[power - 1], power, factors);
    mul(l0, image, l0);
  }
  store(out, l0.plain);
}

constexpr PairingKernel kernel = {miller_loop, hard_part};

}  // namespace

const PairingKernel* pairing_kernel() { return &kernel; }

}  // namespace pyzkfl::ifma

#else

namespace pyzkfl::ifma {

const PairingKernel* pairing_kernel() { return nullptr; }

}  // namespace pyzkfl::ifma

#endif
