// One function a forgery, all over the same state: an honest run that may be bent anywhere and carried on
// from there.
#include "training/forgery.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/errors.h"
#include "training/sigmoid_knots.h"

namespace pyzkfl {
namespace {

constexpr int64_t low_mask = (int64_t{1} << LogisticSpec::segment_low_bits) - 1;

Fr fr(int64_t v) { return Fr::from_i64(v); }

class LogisticForger {
 public:
  LogisticForger(const LogisticSpec& spec, std::span<const uint8_t, 32> context, const LogisticBatch& in,
         const Fr& blinder_x, const Fr& blinder_d)
      : spec_(spec),
        context_(context),
        x_(in.features.begin(), in.features.end()),
        y_(in.labels.begin(), in.labels.end()),
        batch_{in.weights, x_, y_, in.rows},
        blinder_x_(blinder_x),
        blinder_d_(blinder_d),
        rows_(static_cast<size_t>(in.rows)),
        step_(logistic_trace(spec, in)) {}

  LogisticAssignment forge(Forgery forgery);

 private:
  // The values of step_ as an assignment; remainders of logits are made to fit.
  LogisticAssignment assign() const {
    return assignment_of(spec_, context_, batch_, step_, blinder_x_, blinder_d_);
  }
  void retrain() { step_ = logistic_trace_unchecked(spec_, batch_); }

  void need(bool holds, const char* what) const {
    if (!holds) throw ParameterError(std::string("this forgery needs a batch with ") + what);
  }
  // A real row whose argument lies inside the sigmoid's table, not at its ends.
  size_t unsaturated_row() const {
    for (size_t i = 0; i < rows_; ++i) {
      if (step_.t[i] > 0 && step_.t[i] < LogisticSpec::argument_max) return i;
    }
    need(false, "a row whose sigmoid is not saturated");
    return 0;
  }
  // R 2^k + rem of the honest step.
  int64_t scaled(size_t j) const {
    return (int64_t{1} << (spec_.parameters().eta_shift - 1)) - spec_.parameters().eta * step_.gradient[j];
  }
  // Makes the remainders whatever the equation of the update says, in range or not.
  void remainders_follow() {
    for (size_t j = 0; j < spec_.dimension(); ++j) {
      step_.raw_remainder[j] = scaled(j) - step_.raw[j] * (int64_t{1} << spec_.parameters().eta_shift);
    }
  }
  bool raw_fits(int64_t r) const {
    const int64_t limit = int64_t{1} << (spec_.raw_bits() - 1);
    return r >= -limit && r < limit;
  }
  int64_t fitting_update(int64_t d) const {
    const int64_t limit = int64_t{1} << (spec_.update_bits() - 1);
    return std::clamp(d, -limit, limit - 1);
  }
  void zero_row(size_t i) {
    std::fill_n(x_.begin() + static_cast<std::ptrdiff_t>(i * spec_.features()), spec_.features(), 0);
    y_[i] = 0;
  }

  LogisticAssignment bend_rows(Forgery forgery);
  LogisticAssignment bend_logit(Forgery forgery);
  LogisticAssignment bend_sigmoid(Forgery forgery);
  LogisticAssignment bend_update(Forgery forgery);
  LogisticAssignment half_units();
  LogisticAssignment bend_clip(Forgery forgery);

  const LogisticSpec& spec_;
  std::span<const uint8_t, 32> context_;
  SecretIntegers x_, y_;
  LogisticBatch batch_;  // views of x_ and y_
  Fr blinder_x_, blinder_d_;
  size_t rows_;
  LogisticStep step_;
};

// Relations of features, labels and rows.
LogisticAssignment LogisticForger::bend_rows(Forgery forgery) {
  switch (forgery) {
    case Forgery::feature_out_of_range:
      x_[0] = spec_.feature_limit();
      break;
    case Forgery::label_out_of_range:
      y_[0] = 2;
      break;
    case Forgery::padding_used:
      need(rows_ < spec_.batch(), "a padded row");
      x_[rows_ * spec_.features()] = 1;
      break;
    case Forgery::weighted_row:  // one row counts twice, the last not at all
      need(rows_ >= 3, "three real rows");
      zero_row(rows_ - 2);
      zero_row(rows_ - 1);
      break;
    case Forgery::skipped_row:  // a hole in the real rows, and a padded row counted instead
      need(rows_ >= 3 && rows_ < spec_.batch(), "three real rows and a padded one");
      zero_row(rows_ - 2);
      break;
    default:  // dropped_row: the last real row does not count
      need(rows_ >= 2, "two real rows");
      zero_row(rows_ - 1);
      break;
  }
  retrain();
  LogisticAssignment out = assign();
  const auto count = [&](size_t i, int64_t times) {
    out.real[i - 1] = fr(times);
    step_.z[i] = times * (step_.p[i] - (y_[i] << LogisticSpec::probability_frac));
  };
  if (forgery == Forgery::weighted_row) {
    count(rows_ - 2, 2);
    count(rows_ - 1, 0);
  } else if (forgery == Forgery::skipped_row) {
    count(rows_ - 2, 0);
    count(rows_, 1);
  } else if (forgery == Forgery::dropped_row) {
    count(rows_ - 1, 0);
  } else {
    return out;
  }
  step_from_losses(spec_, batch_, step_);
  const LogisticAssignment::Values real = out.real;
  out = assign();
  out.real = real;
  return out;
}

// Relations between features, weights and the sigmoid's argument.
LogisticAssignment LogisticForger::bend_logit(Forgery forgery) {
  const size_t i = unsaturated_row();
  switch (forgery) {
    case Forgery::false_logit_product: {  // the first product carries row 0 in its lowest slot
      const int64_t change = (step_.u[0] > 0 ? -int64_t{100} : int64_t{100}) << spec_.logit_shift();
      step_.u[0] += change;
      step_from_logits(spec_, batch_, step_);
      LogisticAssignment out = assign();
      out.shifts.push_back({Relation::logit_product, 0, fr(change)});
      return out;
    }
    case Forgery::shifted_logit: {  // another argument, with its honest remainder and excess
      const LogisticAssignment honest = assign();
      step_.t[i] = LogisticSpec::argument_max - step_.t[i];
      step_.p[i] = sigmoid(step_.t[i]);
      step_from_probabilities(spec_, batch_, step_);
      LogisticAssignment out = assign();
      out.excess = honest.excess;
      return out;
    }
    case Forgery::logit_rounded_down:  // the remainder takes one unit of the quotient
      step_.q[i] -= 1;
      step_.t[i] -= 1;
      step_.p[i] = sigmoid(step_.t[i]);
      step_from_probabilities(spec_, batch_, step_);
      return assign();
    case Forgery::saturated_early:
      step_.t[i] = LogisticSpec::argument_max;
      step_.p[i] = sigmoid(step_.t[i]);
      step_from_probabilities(spec_, batch_, step_);
      return assign();
    default: {  // excess_of_no_sign: its "sign bit" is the fraction that fits any argument
      step_.t[i] = LogisticSpec::argument_max - step_.t[i];
      step_.p[i] = sigmoid(step_.t[i]);
      step_from_probabilities(spec_, batch_, step_);
      LogisticAssignment out = assign();
      out.shifts.push_back(
          {Relation::excess_range, i, fr(step_.t[i]) * fr(LogisticSpec::argument_max).inverse_vartime()});
      return out;
    }
  }
}

// Relations of the sigmoid's table, and of the loss.
LogisticAssignment LogisticForger::bend_sigmoid(Forgery forgery) {
  if (forgery == Forgery::not_saturated) {
    for (size_t i = 0; i < rows_; ++i) {
      const int64_t t = step_.q[i] + LogisticSpec::argument_offset;
      if (t <= LogisticSpec::argument_max) continue;
      const int64_t inside = t & LogisticSpec::argument_max;
      const auto segment = static_cast<size_t>(inside >> LogisticSpec::segment_low_bits);
      const int64_t slope =
          (kSigmoidKnots[segment + 1] - kSigmoidKnots[segment]) >> LogisticSpec::segment_low_bits;
      step_.t[i] = t;
      step_.p[i] = kSigmoidKnots[segment] + slope * ((inside & low_mask) + t - inside);
      step_from_probabilities(spec_, batch_, step_);
      return assign();
    }
    need(false, "a row whose sigmoid is saturated at 1");
  }
  if (forgery == Forgery::random_gradient) {
    for (size_t i = 0; i < rows_; ++i) {
      const auto mixed = static_cast<uint64_t>(i + 1) * 0x9e3779b97f4a7c15u;
      step_.z[i] = static_cast<int64_t>(mixed >> 44) - (int64_t{1} << 19);
    }
    step_from_losses(spec_, batch_, step_);
    return assign();
  }
  if (forgery == Forgery::flipped_labels) {  // in the loss only: the committed labels stay
    for (size_t i = 0; i < rows_; ++i) {
      step_.z[i] = step_.p[i] - ((1 - y_[i]) << LogisticSpec::probability_frac);
    }
    step_from_losses(spec_, batch_, step_);
    return assign();
  }
  size_t i = 0;
  while (i < rows_ && (step_.t[i] & low_mask) == 0) ++i;
  need(i < rows_, "a row whose argument lies inside a segment");
  LogisticAssignment::Shift shift{Relation::interpolation, i, Fr()};
  if (forgery == Forgery::false_interpolation) {
    shift.amount = fr(-step_.p[i] / 2);
    step_.p[i] -= step_.p[i] / 2;
  } else {  // false_slope: another segment's slope. The last product of the lookup adds the upper half's
            // difference
    const auto segment = static_cast<size_t>(step_.t[i] >> LogisticSpec::segment_low_bits);
    const auto slope_of = [](size_t k) {
      return (kSigmoidKnots[k + 1] - kSigmoidKnots[k]) >> LogisticSpec::segment_low_bits;
    };
    const int64_t wanted = slope_of(segment) + 1;
    shift = {Relation::segment, i, fr(wanted - slope_of(segment & 15))};
    step_.p[i] = kSigmoidKnots[segment] + wanted * (step_.t[i] & low_mask);
  }
  step_from_probabilities(spec_, batch_, step_);
  LogisticAssignment out = assign();
  out.shifts.push_back(shift);
  return out;
}

// Relations between gradient and raw update.
LogisticAssignment LogisticForger::bend_update(Forgery forgery) {
  switch (forgery) {
    case Forgery::false_gradient_product: {  // the first product carries feature 0 in its lowest slot
      const int64_t change = step_.gradient[0] > 0 ? -step_.gradient[0] / 2 - 1 : -step_.gradient[0] / 2 + 1;
      step_.gradient[0] += change;
      step_from_gradient(spec_, spec_.parameters().eta, step_);
      LogisticAssignment out = assign();
      out.shifts.push_back({Relation::gradient_product, 0, fr(change)});
      return out;
    }
    case Forgery::remainder_off_by_one:
      step_.raw_remainder[0] ^= 1;
      return assign();
    case Forgery::reversed_update:  // uphill, with remainders that are in range
      for (int64_t& r : step_.raw) r = raw_fits(-r) ? -r : r;
      step_from_raw(spec_, step_);
      return assign();
    case Forgery::other_learning_rate: {
      const LogisticStep honest = step_;
      for (const int64_t eta : {2 * spec_.parameters().eta, int64_t{0}}) {
        step_ = honest;
        const int64_t most = *std::max_element(honest.raw.begin(), honest.raw.end());
        const int64_t least = *std::min_element(honest.raw.begin(), honest.raw.end());
        if (eta != 0 && !(raw_fits(2 * most + 2) && raw_fits(2 * least - 2))) continue;
        step_from_gradient(spec_, eta, step_);
        break;
      }
      remainders_follow();
      return assign();
    }
    default: {  // rounded_down: one unit less, and a remainder of more than one unit
      size_t j = 0;
      while (j < step_.raw.size() && !raw_fits(step_.raw[j] - 1)) ++j;
      need(j < step_.raw.size(), "an update that can be smaller");
      step_.raw[j] -= 1;
      step_from_raw(spec_, step_);
      remainders_follow();
      return assign();
    }
  }
}

// Four raw updates less one half each, remainders more by half a unit: the sum of squares is an integer
// again, all remainders are in range, and four coordinates of the update come out one less. Only the range of
// R itself refuses.
LogisticAssignment LogisticForger::half_units() {
  const int64_t half = int64_t{1} << (spec_.parameters().eta_shift - 1);
  need(spec_.clip_target() % 2 == 0 && step_.divisor == spec_.clip_target(), "no clipping, and an even c");
  std::vector<size_t> chosen;
  for (size_t j = 0; j < spec_.dimension() && chosen.size() < 4; ++j) {
    if (step_.raw_remainder[j] < half) chosen.push_back(j);
  }
  need(chosen.size() == 4, "four remainders below one half");
  for (const size_t j : chosen) {
    step_.norm_squared -= step_.raw[j];  // (R - 1/2)^2 = R^2 - R + 1/4
    step_.raw_remainder[j] += half;
    step_.update[j] -= 1;
  }
  step_.norm_squared += 1;
  step_.root = isqrt(step_.norm_squared);
  need(step_.root + 1 <= spec_.clip_target(), "no clipping");
  LogisticAssignment out = assign();
  for (const size_t j : chosen) out.raw[j] -= fr(2).inverse_vartime();
  return out;
}

// Relations of norm and clipping.
LogisticAssignment LogisticForger::bend_clip(Forgery forgery) {
  const int64_t c = spec_.clip_target();
  const Fr honest_divisor = fr(step_.divisor);
  const int64_t norm_squared = step_.norm_squared;
  const auto shifted = [&](Relation relation, size_t index, const Fr& amount) {
    for (int64_t& d : step_.update) d = fitting_update(d);
    LogisticAssignment out = assign();
    out.shifts.push_back({relation, index, amount});
    return out;
  };
  switch (forgery) {
    case Forgery::false_square:
      step_.root = 0;
      step_from_root(spec_, step_);
      return shifted(Relation::norm_square, 0, fr(-norm_squared));
    case Forgery::false_root_square:
      step_.root = 0;
      step_from_root(spec_, step_);
      return shifted(Relation::root_square, 0, fr(norm_squared));
    case Forgery::false_root:
      need(step_.root > 0, "an update that is not zero");
      step_.root = 0;
      step_from_root(spec_, step_);
      return assign();
    case Forgery::false_comparison:
    case Forgery::false_maximum: {  // the smaller of the two
      const bool clips = step_.root + 1 >= c;
      need(step_.root + 1 != c, "a norm off the bound");
      const int64_t divisor = clips ? c : step_.root + 1;
      const Fr amount = fr(divisor) - honest_divisor;
      step_.divisor = divisor;
      step_from_divisor(spec_, step_);
      if (forgery == Forgery::false_maximum) return shifted(Relation::clip_maximum, 0, amount);
      return shifted(Relation::clip_difference, 0, clips ? Fr::zero() : Fr::one());
    }
    case Forgery::false_clip_product: {
      LogisticAssignment out = assign();
      for (size_t j = 0; j < spec_.dimension(); ++j) {
        out.update[j] = fr(fitting_update(-step_.update[j]));
        out.shifts.push_back(
            {Relation::clip_product, j, (fr(step_.update[j]) - out.update[j]) * honest_divisor});
      }
      return out;
    }
    case Forgery::scaled_update:
      for (int64_t& d : step_.update) d = fitting_update(10 * d);
      return assign();
    case Forgery::no_update:
      for (int64_t& d : step_.update) d = 0;
      return assign();
    default: {  // update_by_field_division: any remainder divides, modulo r
      const int64_t remainder = step_.raw[0] * c - step_.update[0] * step_.divisor;
      need(step_.divisor > 1, "a divisor above one");
      LogisticAssignment out = assign();
      out.update[0] =
          fr(step_.raw[0] * c - (remainder > 0 ? remainder - 1 : 1)) * honest_divisor.inverse_vartime();
      return out;
    }
  }
}

LogisticAssignment LogisticForger::forge(Forgery forgery) {
  switch (forgery) {
    case Forgery::feature_out_of_range:
    case Forgery::label_out_of_range:
    case Forgery::weighted_row:
    case Forgery::skipped_row:
    case Forgery::dropped_row:
    case Forgery::padding_used:
      return bend_rows(forgery);
    case Forgery::false_logit_product:
    case Forgery::shifted_logit:
    case Forgery::logit_rounded_down:
    case Forgery::excess_of_no_sign:
    case Forgery::saturated_early:
      return bend_logit(forgery);
    case Forgery::not_saturated:
    case Forgery::false_slope:
    case Forgery::false_interpolation:
    case Forgery::random_gradient:
    case Forgery::flipped_labels:
      return bend_sigmoid(forgery);
    case Forgery::false_gradient_product:
    case Forgery::remainder_off_by_one:
    case Forgery::reversed_update:
    case Forgery::other_learning_rate:
    case Forgery::rounded_down:
      return bend_update(forgery);
    case Forgery::half_units:
      return half_units();
    default:
      return bend_clip(forgery);
  }
}

constexpr std::array kForgeries = {
    ForgeryInfo{Forgery::feature_out_of_range, "feature_out_of_range", Relation::feature_range,
                "a feature one above its range"},
    ForgeryInfo{Forgery::label_out_of_range, "label_out_of_range", Relation::label_boolean, "a label of 2"},
    ForgeryInfo{Forgery::weighted_row, "weighted_row", Relation::row_boolean, "a row that counts twice"},
    ForgeryInfo{Forgery::skipped_row, "skipped_row", Relation::row_order,
                "a real row left out for a padded one"},
    ForgeryInfo{Forgery::dropped_row, "dropped_row", Relation::row_count, "fewer rows than registered"},
    ForgeryInfo{Forgery::padding_used, "padding_used", Relation::row_padding, "data in a padded row"},
    ForgeryInfo{Forgery::false_logit_product, "false_logit_product", Relation::logit_product,
                "a false product of weight and feature"},
    ForgeryInfo{Forgery::shifted_logit, "shifted_logit", Relation::logit_sum,
                "a sigmoid argument that is not the logit"},
    ForgeryInfo{Forgery::logit_rounded_down, "logit_rounded_down", Relation::logit_remainder,
                "a logit rounded the wrong way, its remainder out of range"},
    ForgeryInfo{Forgery::not_saturated, "not_saturated", Relation::argument_range,
                "a saturated value not saturated: a digit out of range"},
    ForgeryInfo{Forgery::excess_of_no_sign, "excess_of_no_sign", Relation::excess_range,
                "a saturation whose sign is neither of the two"},
    ForgeryInfo{Forgery::saturated_early, "saturated_early", Relation::clamp_ends, "a flipped clamp"},
    ForgeryInfo{Forgery::false_slope, "false_slope", Relation::segment, "the slope of no segment"},
    ForgeryInfo{Forgery::false_interpolation, "false_interpolation", Relation::interpolation,
                "a false value between two knots"},
    ForgeryInfo{Forgery::random_gradient, "random_gradient", Relation::loss, "a random loss gradient"},
    ForgeryInfo{Forgery::flipped_labels, "flipped_labels", Relation::loss,
                "labels swapped after their commitment"},
    ForgeryInfo{Forgery::false_gradient_product, "false_gradient_product", Relation::gradient_product,
                "a false product of loss and feature"},
    ForgeryInfo{Forgery::remainder_off_by_one, "remainder_off_by_one", Relation::update_sum,
                "a remainder off by one"},
    ForgeryInfo{Forgery::reversed_update, "reversed_update", Relation::update_sum, "the step uphill"},
    ForgeryInfo{Forgery::other_learning_rate, "other_learning_rate", Relation::update_remainder,
                "another learning rate"},
    ForgeryInfo{Forgery::rounded_down, "rounded_down", Relation::update_remainder,
                "an update one unit less, its remainder out of range"},
    ForgeryInfo{Forgery::half_units, "half_units", Relation::update_quotient,
                "updates rounded the wrong way through half units"},
    ForgeryInfo{Forgery::false_square, "false_square", Relation::norm_square, "a false square in the norm"},
    ForgeryInfo{Forgery::false_root_square, "false_root_square", Relation::root_square,
                "a false square of the norm"},
    ForgeryInfo{Forgery::false_root, "false_root", Relation::root_rest, "a norm said to be zero"},
    ForgeryInfo{Forgery::false_comparison, "false_comparison", Relation::clip_difference,
                "a false comparison of norm and bound"},
    ForgeryInfo{Forgery::false_maximum, "false_maximum", Relation::clip_maximum,
                "clipping by the wrong divisor"},
    ForgeryInfo{Forgery::false_clip_product, "false_clip_product", Relation::clip_product,
                "an update with the wrong sign"},
    ForgeryInfo{Forgery::scaled_update, "scaled_update", Relation::clip_remainder, "an update scaled by 10"},
    ForgeryInfo{Forgery::no_update, "no_update", Relation::clip_remainder, "no training: W' = W"},
    ForgeryInfo{Forgery::update_by_field_division, "update_by_field_division", Relation::update_range,
                "an update that divides modulo r only"},
};

}  // namespace

std::span<const ForgeryInfo> forgeries() { return kForgeries; }

const ForgeryInfo& find_forgery(std::string_view name) {
  for (const ForgeryInfo& info : kForgeries) {
    if (name == info.name) return info;
  }
  throw ParameterError("no forgery is called '" + std::string(name) + "'");
}

LogisticAssignment forged_assignment(const LogisticSpec& spec, std::span<const uint8_t, 32> context,
                                     const LogisticBatch& in, const Fr& blinder_x, const Fr& blinder_d,
                                     Forgery forgery) {
  return LogisticForger(spec, context, in, blinder_x, blinder_d).forge(forgery);
}

}  // namespace pyzkfl
