// Files for their owner's eyes: created whole or not at all, mode 0600, never over an existing file.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/secret.h"

namespace pyzkfl {

// Creates `path` with this content and mode 0600, whatever the umask. The content is written and synced under
// a temporary name in the same folder and then linked, so that no other process ever sees a part of it, and a
// file that exists is never replaced. Throws SystemError naming the path and the system's reason; nothing is
// left behind.
void write_private_file(const std::string& path, ByteSpan content);

// Reads a file of at most `max_bytes`. Throws SystemError if it cannot be read, and ParameterError if it is
// not a regular file of this user (or root) that group and others have no access to, or is too large.
SecretBytes read_private_file(const std::string& path, size_t max_bytes);

}  // namespace pyzkfl
