// Powers modulo N^2, by the vector kernel or by GMP (see square_ring.h).
#include "he/square_ring.h"

#include <gmp.h>

#include <algorithm>
#include <array>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "he/kernels/square_ring_ifma.h"
#include "he/modular.h"

namespace pyzkfl::he {
namespace {

constexpr size_t lanes = ifma::lanes;
constexpr uint64_t digit_mask = (uint64_t{1} << 52) - 1;

uint64_t* words_of(LaneVector* v) { return v->word; }
const uint64_t* words_of(const LaneVector* v) { return v->word; }

}  // namespace

SquareRing::SquareRing(WordSpan n, CpuKernel kernel) : n_(n.begin(), n.end()), n2_(2 * n.size()) {
  const size_t w = n_.size();
  if (w == 0 || w > 64 || n_[w - 1] == 0 || n_[0] % 2 == 0) throw ParameterError("a modulus must be odd and full");
  modular::multiply(n2_, n_, n_);
  n2_0_ = modular::minus_inverse(n2_[0]);
  // R modulo N^2 and R^2 modulo N^2, R = 2^(128 w).
  one_.resize(2 * w);
  enter_.resize(2 * w);
  Words power_of_two(4 * w + 1);
  power_of_two[2 * w] = 1;
  modular::remainder(one_, power_of_two, n2_);
  std::ranges::fill(power_of_two, 0);
  power_of_two[4 * w] = 1;
  modular::remainder(enter_, power_of_two, n2_);

  const size_t bits = 64 * w;
  limbs_ = ((bits + 8 + 51) / 52 + 3) / 4 * 4;  // R / N at least 2^8
  lanes_ = kernel >= CpuKernel::ifma && best_kernel() >= CpuKernel::ifma && ifma::square_kernel() != nullptr &&
           limbs_ <= ifma::most_limbs;
  if (!lanes_) return;
  n0_ = modular::minus_inverse(n_[0]) & digit_mask;
  n_lanes_.resize(2 * limbs_);
  Words digits(lanes * 2 * w);
  for (size_t i = 0; i < lanes; ++i) std::ranges::copy(n_, digits.begin() + static_cast<long>(2 * w * i));
  to_lanes(n_lanes_.data(), digits);
  // 1 and R in Montgomery form: R and R^2 modulo N^2, R = 2^(52 limbs).
  const auto constant = [&](size_t exponent, SecretVector<LaneVector>& out) {
    Words integer(std::max(exponent / 64 + 1, 2 * w)), pair(2 * w);
    integer[exponent / 64] = uint64_t{1} << exponent % 64;
    split(pair, integer);
    for (size_t i = 0; i < lanes; ++i) std::ranges::copy(pair, digits.begin() + static_cast<long>(2 * w * i));
    out.resize(2 * limbs_);
    to_lanes(out.data(), digits);
  };
  constant(52 * limbs_, one_lanes_);
  constant(104 * limbs_, enter_lanes_);
}

void SquareRing::split(std::span<uint64_t> digits, WordSpan integer) const {
  const size_t w = words();
  Words reduced(2 * w);
  modular::remainder(reduced, integer, n2_);
  modular::divide(digits.subspan(w, w), digits.first(w), reduced, n_);
}

void SquareRing::join(std::span<uint64_t> integer, WordSpan digits) const {
  const size_t w = words();
  modular::multiply(integer, digits.subspan(w, w), n_);
  const uint64_t carry = mpn_add_n(integer.data(), integer.data(), digits.data(), static_cast<mp_size_t>(w));
  uint64_t up = carry;
  for (size_t i = w; i < 2 * w; ++i) {
    integer[i] += up;
    up = static_cast<uint64_t>(integer[i] < up);
  }
}

void SquareRing::to_lanes(LaneVector* out, WordSpan values, size_t digits) const {
  const size_t w = words(), count = values.size() / (digits * w);
  for (size_t lane = 0; lane < lanes; ++lane) {
    for (size_t digit = 0; digit < digits; ++digit) {
      for (size_t i = 0; i < limbs_; ++i) {
        const size_t word = 52 * i / 64, shift = 52 * i % 64;
        uint64_t limb = 0;
        if (lane < count && word < w) {
          const uint64_t* from = values.data() + (digits * lane + digit) * w;
          limb = from[word] >> shift;
          if (shift > 12 && word + 1 < w) limb |= from[word + 1] << (64 - shift);
        }
        out[digit * limbs_ + i].word[lane] = limb & digit_mask;
      }
    }
  }
}

void SquareRing::from_lanes(std::span<uint64_t> values, const LaneVector* in, size_t digits) const {
  const size_t w = words(), count = values.size() / (digits * w);
  Words low(w + 1), high(w + 1);
  const auto gather = [&](Words& to, const LaneVector* limbs, size_t lane) {
    std::ranges::fill(to, 0);
    for (size_t i = 0; i < limbs_; ++i) {
      const size_t word = 52 * i / 64, shift = 52 * i % 64;
      const uint64_t limb = limbs[i].word[lane];
      if (word <= w) to[word] |= limb << shift;
      if (shift > 12 && word + 1 <= w) to[word + 1] |= limb >> (64 - shift);
    }
  };
  for (size_t lane = 0; lane < count; ++lane) {
    gather(low, in, lane);
    // Digits are below 3 N; what is taken off the first is added to the second.
    const uint64_t over = modular::subtract_if_possible(low, n_) + modular::subtract_if_possible(low, n_);
    const auto to = values.subspan(digits * w * lane, digits * w);
    std::copy_n(low.begin(), w, to.begin());
    if (digits == 1) continue;
    gather(high, in + limbs_, lane);
    uint64_t carry = over;
    for (uint64_t& word : high) {
      word += carry;
      carry = static_cast<uint64_t>(word < carry);
    }
    for (int i = 0; i < 3; ++i) (void)modular::subtract_if_possible(high, n_);
    std::copy_n(high.begin(), w, to.begin() + static_cast<long>(w));
  }
}

void SquareRing::power(std::span<uint64_t> out, WordSpan in, WordSpan exponent, size_t bits) const {
  power_all(out, in, exponent, bits, 2);
}

void SquareRing::power_modulo_n(std::span<uint64_t> out, WordSpan in, WordSpan exponent, size_t bits) const {
  power_all(out, in, exponent, bits, 1);
}

void SquareRing::power_all(std::span<uint64_t> out, WordSpan in, WordSpan exponent, size_t bits,
                           size_t digits) const {
  const size_t each = digits * words(), count = in.size() / each;
  if (in.size() != out.size() || in.size() % each != 0) throw ParameterError("powers: sizes differ");
  if (bits == 0 || 64 * exponent.size() < bits) throw ParameterError("powers: the exponent has no bits");
  if (lanes_) {
    parallel_for((count + lanes - 1) / lanes, 1, [&](size_t begin, size_t end) {
      for (size_t group = begin; group < end; ++group) {
        const size_t from = group * lanes * each, size = std::min(lanes * each, in.size() - from);
        power_lanes(out.subspan(from, size), in.subspan(from, size), exponent, bits, digits);
      }
    });
  } else {
    parallel_for(count, 1, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        power_portable(out.subspan(i * each, each), in.subspan(i * each, each), exponent, bits);
      }
    });
  }
}

void SquareRing::power_portable(std::span<uint64_t> out, WordSpan in, WordSpan exponent, size_t bits) const {
  const bool pair = in.size() == 2 * words();
  const WordSpan modulus = pair ? WordSpan(n2_) : WordSpan(n_);
  const auto size = static_cast<mp_size_t>(modulus.size());
  Words base(in.begin(), in.end()), result(in.size());
  if (pair) join(base, in);
  Words scratch(static_cast<size_t>(mpn_sec_powm_itch(size, bits, size)));
  mpn_sec_powm(result.data(), base.data(), size, exponent.data(), bits, modulus.data(), size, scratch.data());
  if (pair) {
    split(out, result);
  } else {
    std::ranges::copy(result, out.begin());
  }
}

void SquareRing::power_lanes(std::span<uint64_t> out, WordSpan in, WordSpan exponent, size_t bits,
                             size_t digits) const {
  const ifma::SquareKernel& kernel = *ifma::square_kernel();
  SecretVector<LaneVector> value(digits * limbs_), unit(digits * limbs_),
      table((size_t{1} << ifma::power_window_bits) * digits * limbs_);
  const uint64_t* n = words_of(n_lanes_.data());
  for (size_t lane = 0; lane < lanes; ++lane) unit[0].word[lane] = 1;
  to_lanes(value.data(), in, digits);
  uint64_t* v = words_of(value.data());
  // The first digits of 1 and R in Montgomery form are those modulo N.
  kernel.multiply(v, v, words_of(enter_lanes_.data()), n, n0_, limbs_, digits);
  kernel.power(v, v, exponent.data(), bits, words_of(one_lanes_.data()), words_of(table.data()), n, n0_, limbs_,
               digits);
  kernel.multiply(v, v, words_of(unit.data()), n, n0_, limbs_, digits);
  from_lanes(out, value.data(), digits);
}

void SquareRing::montgomery(std::span<uint64_t> out, WordSpan a, WordSpan b) const {
  const size_t size = n2_.size();
  std::array<uint64_t, 4 * 64 + 1> product{};  // twice N^2, and a word for the carry
  modular::multiply(std::span(product).first(2 * size), a, b);
  const auto length = static_cast<mp_size_t>(size);
  for (size_t i = 0; i < size; ++i) {
    product[i] = mpn_addmul_1(product.data() + i, n2_.data(), length, product[i] * n2_0_);  // the carry, for later
  }
  std::array<uint64_t, 2 * 64 + 1> sum{};
  sum[size] = mpn_add_n(sum.data(), product.data() + size, product.data(), length);
  (void)modular::subtract_if_possible(std::span(sum).first(size + 1), n2_);
  std::copy_n(sum.begin(), size, out.begin());
  wipe_object(product);
  wipe_object(sum);
}

FixedBase::FixedBase(const SquareRing& ring, WordSpan base, size_t exponent_bits)
    : ring_(ring), exponent_bits_(exponent_bits), exponent_words_((exponent_bits + 63) / 64) {
  if (exponent_bits == 0) throw ParameterError("a fixed base needs exponents of at least one bit");
  if (ring_.lanes_) {
    build_lanes(base);
  } else {
    build_portable(base);
  }
}

void FixedBase::build_lanes(WordSpan base) {
  constexpr size_t window = ifma::table_window_bits, entries = size_t{1} << window;
  const ifma::SquareKernel& kernel = *ifma::square_kernel();
  const size_t each = 2 * ring_.limbs_;
  windows_ = (exponent_bits_ + window - 1) / window;
  table_lanes_.resize(windows_ * each * entries / lanes);
  const uint64_t* n = words_of(ring_.n_lanes_.data());
  const auto multiply = [&](LaneVector* out, const LaneVector* a, const LaneVector* b) {
    kernel.multiply(words_of(out), words_of(a), words_of(b), n, ring_.n0_, ring_.limbs_, 2);
  };
  Words all(lanes * base.size());
  for (size_t i = 0; i < lanes; ++i) std::ranges::copy(base, all.begin() + static_cast<long>(i * base.size()));
  // Each lane is a window: 2^(6 w) times the base, w the window.
  SecretVector<LaneVector> running(each), bases(each), entry(each);
  ring_.to_lanes(running.data(), all);
  multiply(running.data(), running.data(), ring_.enter_lanes_.data());
  for (size_t first = 0; first < windows_; first += lanes) {
    const size_t here = std::min(lanes, windows_ - first);
    for (size_t lane = 0; lane < here; ++lane) {
      for (size_t i = 0; i < each; ++i) bases[i].word[lane] = running[i].word[lane];
      for (size_t i = 0; i < window; ++i) {
        kernel.square(words_of(running.data()), words_of(running.data()), n, ring_.n0_, ring_.limbs_);
      }
    }
    entry = ring_.one_lanes_;
    for (size_t e = 0; e < entries; ++e) {
      if (e > 0) multiply(entry.data(), entry.data(), bases.data());
      for (size_t lane = 0; lane < here; ++lane) {
        for (size_t i = 0; i < each; ++i) {
          const size_t at = ((first + lane) * each + i) * entries + e;
          table_lanes_[at / lanes].word[at % lanes] = entry[i].word[lane];
        }
      }
    }
  }
}

void FixedBase::build_portable(WordSpan base) {
  constexpr size_t window = 4, entries = size_t{1} << window;
  const size_t size = 2 * ring_.words();
  windows_ = (exponent_bits_ + window - 1) / window;
  table_.resize(windows_ * entries * size);
  Words running(size);
  ring_.join(running, base);
  ring_.montgomery(running, running, ring_.enter_);
  for (size_t w = 0; w < windows_; ++w) {
    const auto row = std::span(table_).subspan(w * entries * size, entries * size);
    std::ranges::copy(ring_.one_, row.begin());
    for (size_t e = 1; e < entries; ++e) {
      ring_.montgomery(row.subspan(e * size, size), row.subspan((e - 1) * size, size), running);
    }
    for (size_t i = 0; i < window; ++i) ring_.montgomery(running, running, running);
  }
}

void FixedBase::power_times(std::span<uint64_t> out, WordSpan exponents, WordSpan messages) const {
  const size_t w = ring_.words(), count = messages.size() / w;
  if (messages.size() % w != 0 || out.size() != 2 * messages.size() || exponents.size() != count * exponent_words_) {
    throw ParameterError("powers of a fixed base: sizes differ");
  }
  if (ring_.lanes_) {
    parallel_for((count + lanes - 1) / lanes, 4, [&](size_t begin, size_t end) {
      // Four vectors at once, so that a window's table is fetched once for 32 values.
      for (size_t group = begin; group < end; group += 4) {
        lanes_range(out, exponents, messages, group * lanes, std::min({(group + 4) * lanes, end * lanes, count}));
      }
    });
  } else {
    parallel_for(count, 1, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        portable_one(out.subspan(2 * w * i, 2 * w), exponents.subspan(i * exponent_words_, exponent_words_),
                     messages.subspan(w * i, w));
      }
    });
  }
}

void FixedBase::lanes_range(std::span<uint64_t> out, WordSpan exponents, WordSpan messages, size_t begin,
                            size_t end) const {
  constexpr size_t window = ifma::table_window_bits, entries = size_t{1} << window;
  const ifma::SquareKernel& kernel = *ifma::square_kernel();
  const size_t w = ring_.words(), limbs = ring_.limbs_, each = 2 * limbs;
  const size_t groups = (end - begin + lanes - 1) / lanes;
  const uint64_t* n = words_of(ring_.n_lanes_.data());
  SecretVector<LaneVector> values(groups * each), factor(each);
  SecretVector<uint64_t> digits(lanes);
  for (size_t at = 0; at < windows_; ++at) {
    const uint64_t* table = words_of(table_lanes_.data() + at * each * entries / lanes);
    const size_t bit = at * window, word = bit / 64, shift = bit % 64;
    for (size_t g = 0; g < groups; ++g) {
      for (size_t lane = 0; lane < lanes; ++lane) {
        const size_t i = begin + g * lanes + lane;
        uint64_t digit = 0;
        if (i < end) {
          const uint64_t* e = exponents.data() + i * exponent_words_;
          digit = e[word] >> shift;
          if (shift + window > 64 && word + 1 < exponent_words_) digit |= e[word + 1] << (64 - shift);
        }
        digits[lane] = digit & (entries - 1);
      }
      uint64_t* value = words_of(values.data() + g * each);
      kernel.look_up(at == 0 ? value : words_of(factor.data()), table, digits.data(), limbs);
      if (at > 0) kernel.multiply(value, value, words_of(factor.data()), n, ring_.n0_, limbs, 2);
    }
  }
  // The product with 1 + m N, not in Montgomery form, takes the power out of it as well.
  Words pairs(lanes * 2 * w);
  for (size_t g = 0; g < groups; ++g) {
    const size_t from = begin + g * lanes, here = std::min(lanes, end - from);
    for (size_t lane = 0; lane < here; ++lane) {
      const auto pair = std::span(pairs).subspan(2 * w * lane, 2 * w);
      std::ranges::fill(pair.first(w), 0);
      pair[0] = 1;
      std::ranges::copy(messages.subspan((from + lane) * w, w), pair.subspan(w).begin());
    }
    ring_.to_lanes(factor.data(), pairs);
    uint64_t* value = words_of(values.data() + g * each);
    kernel.multiply(value, value, words_of(factor.data()), n, ring_.n0_, limbs, 2);
    ring_.from_lanes(out.subspan(2 * w * from, 2 * w * here), values.data() + g * each);
  }
}

void FixedBase::portable_one(std::span<uint64_t> out, WordSpan exponent, WordSpan message) const {
  constexpr size_t window = 4, entries = size_t{1} << window;
  const size_t w = ring_.words(), size = 2 * w;
  Words value(size), factor(size), digits(size);
  for (size_t at = 0; at < windows_; ++at) {
    const size_t digit = exponent[at * window / 64] >> at * window % 64 & (entries - 1);
    mpn_sec_tabselect(factor.data(), table_.data() + at * entries * size, static_cast<mp_size_t>(size), entries,
                      static_cast<mp_size_t>(digit));
    if (at == 0) {
      value = factor;
    } else {
      ring_.montgomery(value, value, factor);
    }
  }
  digits[0] = 1;
  std::ranges::copy(message, digits.begin() + static_cast<long>(w));
  ring_.join(factor, digits);
  ring_.montgomery(value, value, factor);
  ring_.split(out, value);
}

}  // namespace pyzkfl::he
