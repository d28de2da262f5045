// An integer of GMP that is wiped when it goes.
//
// For setting up keys, for what is public, and for putting decryptions together; GMP's mpz functions take time that
// depends on values, so nothing that runs once a message with a secret uses them (modular.h, square_ring.h). What GMP
// itself allocates and frees in between is not wiped.
#pragma once

#include <gmp.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/secret.h"

namespace pyzkfl::he {

class Integer {
 public:
  Integer() { mpz_init(v_); }
  explicit Integer(uint64_t v) { mpz_init_set_ui(v_, v); }
  Integer(const Integer& other) { mpz_init_set(v_, other.v_); }
  Integer(Integer&& other) noexcept : Integer() { mpz_swap(v_, other.v_); }
  Integer& operator=(Integer other) noexcept {
    mpz_swap(v_, other.v_);
    return *this;
  }
  ~Integer() {
    wipe({reinterpret_cast<uint8_t*>(v_->_mp_d), static_cast<size_t>(v_->_mp_alloc) * sizeof(mp_limb_t)});
    mpz_clear(v_);
  }

  static Integer from_words(std::span<const uint64_t> words) {
    Integer out;
    mpz_import(out.v_, words.size(), -1, 8, 0, 0, words.data());
    return out;
  }
  static Integer from_bytes(ByteSpan little_endian) {
    Integer out;
    mpz_import(out.v_, little_endian.size(), -1, 1, 0, 0, little_endian.data());
    return out;
  }
  // Uniform below 2^bits.
  static Integer random_bits(size_t bits);
  // Uniform below `bound`, by rejection.
  static Integer random_below(const Integer& bound);

  // The magnitude, filled up with zeros; throws ParameterError if it does not fit.
  void to_words(std::span<uint64_t> words) const;
  SecretVector<uint64_t> words(size_t count) const {
    SecretVector<uint64_t> out(count);
    to_words(out);
    return out;
  }
  Bytes to_bytes(size_t count) const;

  size_t bits() const { return mpz_sgn(v_) == 0 ? 0 : mpz_sizeinbase(v_, 2); }
  int sign() const { return mpz_sgn(v_); }

  mpz_ptr get() { return v_; }
  mpz_srcptr get() const { return v_; }

  friend Integer operator+(const Integer& a, const Integer& b) { return made(mpz_add, a, b); }
  friend Integer operator-(const Integer& a, const Integer& b) { return made(mpz_sub, a, b); }
  friend Integer operator*(const Integer& a, const Integer& b) { return made(mpz_mul, a, b); }
  // Division rounds down, and the remainder is not negative.
  friend Integer operator/(const Integer& a, const Integer& b) { return made(mpz_fdiv_q, a, b); }
  friend Integer operator%(const Integer& a, const Integer& b) { return made(mpz_mod, a, b); }
  friend bool operator==(const Integer& a, const Integer& b) { return mpz_cmp(a.v_, b.v_) == 0; }
  friend bool operator<(const Integer& a, const Integer& b) { return mpz_cmp(a.v_, b.v_) < 0; }

 private:
  static Integer made(void (*operation)(mpz_ptr, mpz_srcptr, mpz_srcptr), const Integer& a, const Integer& b) {
    Integer out;
    operation(out.v_, a.v_, b.v_);
    return out;
  }

  mpz_t v_;
};

// base^exponent modulo m, in time that depends on all of them. A negative exponent takes an invertible base.
Integer power_vartime(const Integer& base, const Integer& exponent, const Integer& m);
Integer gcd(const Integer& a, const Integer& b);
// 1 / a modulo m; throws ParameterError if there is none.
Integer inverse(const Integer& a, const Integer& m);

}  // namespace pyzkfl::he
