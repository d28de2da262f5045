// A file mapped read-only into memory, so that gigabytes of key are read only where they are used.
//
// If another program truncates the file while it is mapped, reading behind its new end ends the process with
// SIGBUS, as with every mapped file; one that is replaced by a rename (as our writers do) stays as it was.
#pragma once

#include <string>

#include "base/bytes.h"

namespace pyzkfl::formats {

class MappedFile {
 public:
  // Throws SystemError naming path and reason if it cannot be read, ParameterError if it is no regular file.
  explicit MappedFile(const std::string& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const std::string& path() const { return path_; }
  // Valid as long as this object lives.
  ByteSpan bytes() const { return {data_, size_}; }

 private:
  std::string path_;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// A copy of a small file, for what others may write to meanwhile. Throws as MappedFile does, and DecodeError if the file
// is larger than `most_bytes`.
Bytes read_small_file(const std::string& path, size_t most_bytes);

}  // namespace pyzkfl::formats
