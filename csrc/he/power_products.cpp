// See power_products.h.
#include "he/power_products.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "he/kernels/square_ring_ifma.h"
#include "he/square_ring.h"

namespace pyzkfl::he {
namespace {

constexpr size_t at_once = ifma::lanes;  // windows

// `bits` bits of a little-endian number from bit `at` up.
size_t window_of(WordSpan number, size_t at, size_t bits) {
  const size_t word = at / 64, shift = at % 64;
  if (word >= number.size()) return 0;
  uint64_t digit = number[word] >> shift;
  if (shift + bits > 64 && word + 1 < number.size()) digit |= number[word + 1] << (64 - shift);
  return digit & ((uint64_t{1} << bits) - 1);
}

// With windows of `window` bits, eight at once: how many passes over the elements it takes.
size_t passes_of(size_t bits, size_t window) { return (bits + window * at_once - 1) / (window * at_once); }

size_t best_window(size_t bits, size_t count) {
  size_t best = 1, least = SIZE_MAX;
  for (size_t window = 1; window <= 10; ++window) {
    const size_t cost = passes_of(bits, window) * (count + (size_t{2} << window));
    if (cost < least) {
      least = cost;
      best = window;
    }
  }
  return best;
}

}  // namespace

Integer product_of_powers(std::span<const Integer> bases, std::span<const Integer> exponents, const Integer& m) {
  size_t bits = 0;
  for (const Integer& e : exponents) bits = std::max(bits, e.bits());
  // Pippenger: a window's digits sort bases into buckets, whose sums of suffixes give each its weight.
  const size_t window = bases.size() > 300 ? 7 : bases.size() > 30 ? 4 : 2, buckets = size_t{1} << window;
  Integer out(1), scratch;
  const auto multiply = [&](Integer& to, const Integer& by) {
    mpz_mul(scratch.get(), to.get(), by.get());
    mpz_tdiv_r(to.get(), scratch.get(), m.get());
  };
  for (size_t at = (bits + window - 1) / window; at-- > 0;) {
    for (size_t i = 0; i < window; ++i) multiply(out, Integer(out));
    std::vector<Integer> bucket(buckets, Integer(1));
    for (size_t i = 0; i < bases.size(); ++i) {
      size_t digit = 0;
      for (size_t k = 0; k < window; ++k)
        digit |= static_cast<size_t>(mpz_tstbit(exponents[i].get(), at * window + k)) << k;
      if (digit != 0) multiply(bucket[digit], bases[i]);
    }
    Integer suffix(1), sum(1);
    for (size_t digit = buckets; digit-- > 1;) {
      multiply(suffix, bucket[digit]);
      multiply(sum, suffix);
    }
    multiply(out, sum);
  }
  return out;
}

std::vector<uint64_t> SquareRing::product_of_powers(WordSpan elements, WordSpan weights, size_t weight_words) const {
  return weighted_product(elements, weights, weight_words, 2);
}

std::vector<uint64_t> SquareRing::product_of_powers_modulo_n(WordSpan elements, WordSpan weights,
                                                             size_t weight_words) const {
  return weighted_product(elements, weights, weight_words, 1);
}

std::vector<uint64_t> SquareRing::weighted_product(WordSpan elements, WordSpan weights, size_t weight_words,
                                                   size_t digits) const {
  const size_t each = digits * words(), count = elements.size() / each, bits = 64 * weight_words;
  if (elements.size() % each != 0 || weights.size() != count * weight_words) {
    throw ParameterError("products of powers: sizes differ");
  }
  const Integer modulus = Integer::from_words(digits == 2 ? n2_ : n_);
  Integer out(1);
  if (!lanes_) {
    std::vector<Integer> bases, exponents;
    for (size_t i = 0; i < count; ++i) {
      bases.push_back(Integer::from_words(elements.subspan(i * each, each)));
      exponents.push_back(Integer::from_words(weights.subspan(i * weight_words, weight_words)));
    }
    out = he::product_of_powers(bases, exponents, modulus);
  } else if (count > 0) {
    const size_t window = best_window(bits, count);
    const Words products = window_products(elements, weights, weight_words, window, digits);
    Words product(each);
    for (size_t at = products.size() / each; at-- > 0;) {
      const WordSpan value = WordSpan(products).subspan(at * each, each);
      mpz_powm_ui(out.get(), out.get(), 1UL << window, modulus.get());
      if (digits == 2) join(product, value);
      out = out * Integer::from_words(digits == 2 ? product : value) % modulus;
    }
  }
  std::vector<uint64_t> result(each);
  out.to_words(result);
  return result;
}

// A lane is a window: each element is multiplied into one bucket of each lane, the one of the window's digit. Buckets
// lie one after the other in memory, lane by lane, so that an element touches few lines of it.
Words SquareRing::window_products(WordSpan elements, WordSpan weights, size_t weight_words, size_t window,
                                  size_t digits) const {
  const ifma::SquareKernel& kernel = *ifma::square_kernel();
  const size_t w = digits * words(), each = digits * limbs_, count = elements.size() / w;
  const size_t buckets = size_t{1} << window;
  const uint64_t* n = n_lanes_.data()->word;
  const auto multiply = [&](LaneVector* out, const LaneVector* a, const LaneVector* b) {
    kernel.multiply(out->word, a->word, b->word, n, n0_, limbs_, digits);
  };
  // Elements in Montgomery form, limb by limb.
  std::vector<uint64_t> entered(count * each);
  parallel_for((count + at_once - 1) / at_once, 4, [&](size_t begin, size_t end) {
    std::vector<uint64_t> pairs(at_once * w), quotient(words() + 1);
    std::vector<LaneVector> values(each);
    for (size_t group = begin; group < end; ++group) {
      const size_t here = std::min(at_once, count - group * at_once);
      const WordSpan from = elements.subspan(group * at_once * w, here * w);
      for (size_t lane = 0; lane < here && digits == 2; ++lane) {
        uint64_t* to = pairs.data() + lane * w;
        mpn_tdiv_qr(quotient.data(), to, 0, from.data() + lane * w, static_cast<mp_size_t>(w), n_.data(),
                    static_cast<mp_size_t>(words()));
        std::copy_n(quotient.begin(), words(), to + words());  // an element is below N^2
      }
      to_lanes(values.data(), digits == 2 ? WordSpan(pairs).first(here * w) : from, digits);
      multiply(values.data(), values.data(), enter_lanes_.data());
      for (size_t lane = 0; lane < here; ++lane) {
        uint64_t* to = entered.data() + (group * at_once + lane) * each;
        for (size_t i = 0; i < each; ++i) to[i] = values[i].word[lane];
      }
    }
  });
  const size_t passes = passes_of(64 * weight_words, window);
  Words out(passes * at_once * w);
  parallel_for(passes, 1, [&](size_t begin, size_t end) {
    std::vector<uint64_t> table(at_once * buckets * each);
    std::vector<LaneVector> value(each), element(each), unit(each);
    const auto entry = [&](size_t lane, size_t digit) { return table.data() + (lane * buckets + digit) * each; };
    std::array<size_t, at_once> places{};  // the bucket of each lane
    const auto load = [&] {
      for (size_t lane = 0; lane < at_once; ++lane) {
        const uint64_t* from = entry(lane, places[lane]);
        for (size_t i = 0; i < each; ++i) value[i].word[lane] = from[i];
      }
    };
    for (size_t pass = begin; pass < end; ++pass) {
      for (size_t lane = 0; lane < at_once; ++lane) {
        for (size_t digit = 0; digit < buckets; ++digit) {
          for (size_t i = 0; i < each; ++i) entry(lane, digit)[i] = one_lanes_[i].word[lane];
        }
      }
      for (size_t j = 0; j < count; ++j) {
        const WordSpan weight = weights.subspan(j * weight_words, weight_words);
        for (size_t lane = 0; lane < at_once; ++lane) {
          places[lane] = window_of(weight, (pass * at_once + lane) * window, window);
        }
        load();
        for (size_t i = 0; i < each; ++i) std::ranges::fill(element[i].word, entered[j * each + i]);
        multiply(value.data(), value.data(), element.data());
        for (size_t lane = 0; lane < at_once; ++lane) {
          uint64_t* to = entry(lane, places[lane]);
          for (size_t i = 0; i < each; ++i) to[i] = value[i].word[lane];
        }
      }
      // prod bucket[d]^d: the product of all products from the top. The bucket of 0 is left out.
      std::vector<LaneVector> suffix(one_lanes_.begin(), one_lanes_.begin() + static_cast<long>(each));
      std::vector<LaneVector> product(suffix);
      for (size_t digit = buckets; digit-- > 1;) {
        places.fill(digit);
        load();
        multiply(suffix.data(), suffix.data(), value.data());
        multiply(product.data(), product.data(), suffix.data());
      }
      for (uint64_t& word : unit[0].word) word = 1;
      multiply(product.data(), product.data(), unit.data());
      from_lanes(std::span(out).subspan(pass * at_once * w, at_once * w), product.data(), digits);
    }
  });
  return out;
}

}  // namespace pyzkfl::he
