// The symmetric quotient (see symmetric_opening.h).
//
// X^(n-1) F(X) E(1/X) is F times the l binomials r_j + (1 - r_j) X^(2^j): each is a pass
//   out[i] = in[i - 2^j] + r_j (in[i] - in[i - 2^j])
// over the whole array. The passes of small strides run one after the other over a block that stays in the processor's
// second cache, each with the end of the block before as its history. Then the array is a matrix with rows of one
// block, and the passes of large strides run over a few of its columns at a time. So memory is read and written twice,
// whatever l is.
#include "kzg/symmetric_opening.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "fields/kernels/kernel_table.h"

namespace pyzkfl {
namespace {

constexpr unsigned most_log_block = 10;
constexpr size_t most_tile_columns = 16;
constexpr unsigned most_log_n = 28;

// A chain of passes over a stream of blocks.
class SmallPasses {
 public:
  explicit SmallPasses(std::span<const Fr> point)
      : point_(point), block_(size_t{1} << point.size()), history_(block_), memory_(3 * block_) {}

  // The next block of the stream, in place.
  void run(std::span<Fr> block) {
    // Two buffers of a block, with room in front for the history of a pass.
    const size_t room = block_ / 2;
    Fr* from = memory_.data() + room;
    Fr* to = from + block_ + room;
    std::copy(block.begin(), block.end(), from);
    for (size_t j = 0; j < point_.size(); ++j) {
      const size_t stride = size_t{1} << j;
      Fr* const history = history_.data() + stride;  // those of the passes before take stride - 1 places
      std::copy(history, history + stride, from - stride);
      std::copy(from + block_ - stride, from + block_, history);
      kernel_table<Fr>().interpolate({to, block_}, {from - stride, block_}, {from, block_}, point_[j]);
      std::swap(from, to);
    }
    std::copy(from, from + block_, block.begin());
  }

 private:
  std::span<const Fr> point_;
  size_t block_;
  SecretArray<Fr> history_;
  SecretArray<Fr> memory_;
};

// Rows of `width` elements: rows + 2^point.size() - 1 of them from the first `rows`.
class LargePasses {
 public:
  LargePasses(std::span<const Fr> point, size_t rows, size_t width)
      : point_(point), rows_(rows), width_(width), padding_((size_t{1} << point.size()) / 2 * width),
        from_(2 * padding_ + (rows + (size_t{1} << point.size())) * width), to_(from_.size()) {}

  std::span<Fr> input() { return from_.span().subspan(padding_, rows_ * width_); }
  // The rows that come out; the input is lost.
  std::span<const Fr> run() {
    std::fill(from_.data(), from_.data() + padding_, Fr());
    std::fill(to_.data(), to_.data() + padding_, Fr());
    size_t length = rows_ * width_;
    for (size_t j = 0; j < point_.size(); ++j) {
      const size_t stride = width_ << j;
      Fr* const in = from_.data() + padding_;
      std::fill(in + length, in + length + stride, Fr());
      length += stride;
      kernel_table<Fr>().interpolate({to_.data() + padding_, length}, {in - stride, length}, {in, length}, point_[j]);
      std::swap(from_, to_);
    }
    return std::as_const(from_).span().subspan(padding_, length);
  }

 private:
  std::span<const Fr> point_;
  size_t rows_, width_, padding_;
  SecretArray<Fr> from_, to_;
};

}  // namespace

SecretArray<Fr> symmetric_quotient(std::span<const Fr> coefficients, std::span<const Fr> point, const Fr& value) {
  if (point.size() > most_log_n) throw ParameterError("symmetric opening: a point of more than 28 coordinates");
  const auto log_n = static_cast<unsigned>(point.size());
  const size_t n = size_t{1} << log_n;
  if (coefficients.size() > n + 1)
    throw ParameterError("symmetric opening: " + std::to_string(coefficients.size()) +
                         " coefficients, and a point of " + std::to_string(log_n) + " coordinates");

  const unsigned log_block = std::min(log_n, most_log_block);
  const size_t block = size_t{1} << log_block, rows = n / block;
  // product[n - 1 + k] becomes the coefficient of X^k in F(X) E(1/X).
  SecretArray<Fr> product(2 * n);
  const auto load = [&](std::span<Fr> out, size_t b) {
    const size_t begin = std::min(b * block, coefficients.size());
    const auto part = coefficients.subspan(begin, std::min(block, coefficients.size() - begin));
    std::fill(std::copy(part.begin(), part.end(), out.begin()), out.end(), Fr());
  };
  parallel_for(rows + 1, (rows + 1) / (4 * thread_count()) + 1, [&](size_t begin, size_t end) {
    SmallPasses passes(point.first(log_block));
    if (begin > 0) {  // for the histories alone
      SecretArray<Fr> before(block);
      load(before.span(), begin - 1);
      passes.run(before.span());
    }
    for (size_t b = begin; b < end; ++b) {
      const std::span<Fr> own = product.span().subspan(b * block, block);
      load(own, b);
      passes.run(own);
    }
  });
  if (log_n > log_block) {
    const size_t width = std::min(block, most_tile_columns);
    parallel_for(block / width, 1, [&](size_t begin, size_t end) {
      LargePasses passes(point.subspan(log_block), rows + 1, width);
      for (size_t tile = begin; tile < end; ++tile) {
        Fr* const corner = product.data() + tile * width;
        const std::span<Fr> in = passes.input();
        for (size_t row = 0; row <= rows; ++row)
          std::copy(corner + row * block, corner + row * block + width, in.data() + row * width);
        const std::span<const Fr> out = passes.run();
        for (size_t row = 0; row < 2 * rows; ++row)
          std::copy(out.data() + row * width, out.data() + (row + 1) * width, corner + row * block);
      }
    });
  }
  if (product[n - 1] != value)
    throw ParameterError("symmetric opening: the value is not that of the multilinear extension");

  SecretArray<Fr> quotient(n);
  parallel_for(n, 1024, [&](size_t begin, size_t end) {
    for (size_t t = begin; t < std::min(end, n - 1); ++t) quotient[t] = product[n + t] + product[n - 2 - t];
    if (end == n) quotient[n - 1] = product[2 * n - 1];
  });
  return quotient;
}

}  // namespace pyzkfl
