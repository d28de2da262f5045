// Artefacts that are too large to be Python's bytes: read where they lie, written piece by piece.
#pragma once

#include "base/bytes.h"
#include "base/errors.h"
#include "registry.h"

namespace pyzkfl::bindings {

// What a bytes object or a mapped file holds. Made and destroyed with the GIL; the span is good without it.
class BytesView {
 public:
  explicit BytesView(const py::buffer& in) : info_(in.request()) {
    if (info_.ndim != 1 || info_.itemsize != 1 || (info_.size > 1 && info_.strides[0] != 1))
      throw ParameterError("expected bytes, or memory that holds them");
  }
  ByteSpan span() const { return {static_cast<const uint8_t*>(info_.ptr), static_cast<size_t>(info_.size)}; }

 private:
  const py::buffer_info info_;
};

// Gives each piece to a Python function as bytes; called without the GIL. `write` must outlive it.
inline ByteSink sink_of(const py::function& write) {
  return [&write](ByteSpan piece) {
    const py::gil_scoped_acquire acquire;
    write(py::bytes(reinterpret_cast<const char*>(piece.data()), piece.size()));
  };
}

}  // namespace pyzkfl::bindings
