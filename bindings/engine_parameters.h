// Parameters of networks as Python has them: a dict with the fields of NetworkParameters.
#pragma once

#include <pybind11/pybind11.h>

#include "training/network_spec.h"

namespace pyzkfl::bindings {

// Throws ParameterError for a field that is missing, unknown or of another type. `eta`, `eta_shift` and `saturation` may be
// missing where `with_rate` is false.
NetworkParameters network_parameters(const pybind11::dict& in, bool with_rate);
pybind11::dict to_dict(const NetworkParameters& p);

}  // namespace pyzkfl::bindings
