// OpenSSL's failures as our errors (see evp.h).
#include "base/evp.h"

#include <openssl/err.h>

#include <string>

namespace pyzkfl::evp {

void fail(const char* what) {
  std::string message = std::string("OpenSSL failed to ") + what;
  // Reason strings are constants of the library; the data attached to an error is not quoted.
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  if (reason != nullptr) message += std::string(": ") + reason;
  ERR_clear_error();
  throw SystemError(message);
}

}  // namespace pyzkfl::evp
