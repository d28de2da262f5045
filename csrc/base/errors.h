// The error tree of the native core. Each class crosses to Python under the name it has in pyzkfl/errors.py
// (SystemError as SystemFailure). Messages say what was wrong, where, and what to do; they never hold a
// secret.
#pragma once

#include <stdexcept>
#include <string>

namespace pyzkfl {

// Base of every error that pyzkfl throws on purpose.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Bytes that are not the canonical encoding of what they claim to be.
struct DecodeError : Error {
  using Error::Error;
};

// An artefact of a version, kind or suite that this release does not read.
struct UnsupportedVersion : DecodeError {
  using DecodeError::DecodeError;
};

// An argument that cannot be meant: a wrong size, range or combination.
struct ParameterError : Error {
  using Error::Error;
};

// The witness does not satisfy the statement.
struct WitnessInvalid : Error {
  using Error::Error;
};

// A message of the wrong phase, round or party, or one that an honest party must refuse to answer.
struct ProtocolError : Error {
  using Error::Error;
};

// A long computation was cancelled by its progress callback.
struct Interrupted : Error {
  using Error::Error;
};

// The operating system or a cryptographic library failed.
struct SystemError : Error {
  using Error::Error;
};

}  // namespace pyzkfl
