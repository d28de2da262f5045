// Extensions by running over the variables.
#include "wrap/closed_forms.h"

namespace pyzkfl::wrap {

Factor equality(Builder& b, std::span<const LC> p, std::span<const LC> x) {
  Factor out = Factor::of(Fr::one());
  for (size_t j = 0; j < p.size(); ++j) {
    out = times(b, out, equal_factor(b, {p[j]}, {x[j]}, "equality"), "equality");
  }
  return out;
}

// [index <= last] = [high < high'] or [high = high' and low <= low'], from the lowest variable up.
Factor below_constant(Builder& b, uint64_t count, std::span<const Factor> point) {
  if (count == 0) return Factor::of(Fr::zero());
  const uint64_t last = count - 1;
  if (point.size() < 64 && last >> point.size() != 0) return Factor::of(Fr::one());
  Factor out = Factor::of(Fr::one());
  for (size_t j = 0; j < point.size(); ++j) {
    const Factor& x = point[j];
    if ((last >> j & 1) != 0) {
      // (1 - x) + x out = 1 - x (1 - out)
      Factor above = times(b, x, {1 - out.value, out.constant}, "below a constant");
      out = {1 - above.value, above.constant};
    } else {
      out = times(b, bit_factor(x, false), out, "below a constant");
    }
  }
  return out;
}

Factor up_to_bits(Builder& b, std::span<const LC> last, std::span<const Factor> point) {
  Factor out = Factor::of(Fr::one());
  for (size_t j = 0; j < point.size(); ++j) {
    // last (1 - x) + (1 - last - x + 2 last x) out
    const Factor& x = point[j];
    const Factor both = times(b, {last[j]}, x, "up to the rows");
    const Factor equal{1 - last[j] - x.value + both.value * 2};
    const Factor low = times(b, equal, out, "up to the rows");
    out = {last[j] - both.value + low.value};
  }
  return out;
}

LC index_value(std::span<const LC> point) {
  LC out;
  for (size_t j = 0; j < point.size(); ++j) out.add_shifted(point[j], static_cast<unsigned>(j));
  return out;
}

const Factor& AlignedParts::at(unsigned log_size, uint64_t offset, unsigned top) {
  const auto key = std::pair(top, std::pair(log_size, offset));
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  if (log_size >= top) return known_.emplace(key, Factor::of(Fr::one())).first->second;
  const uint64_t bit = uint64_t{1} << log_size;
  const Factor above = at(log_size + 1, offset & ~bit, top);
  const Factor here = bit_factor({point_[log_size]}, (offset & bit) != 0);
  return known_.emplace(key, times(b_, above, here, "aligned part")).first->second;
}

}  // namespace pyzkfl::wrap
