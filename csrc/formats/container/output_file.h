// A file that appears whole or not at all: written under a temporary name in the same folder, synced,
// renamed.
//
// A regular file of that name is replaced, as snarkjs does; whoever has the old one open or mapped keeps it,
// so input and output may be the same path. Anything else of that name (a folder, a device) is refused.
//
// What takes long begins with check_output: a name that cannot be written, or was not meant, is to be known before.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace pyzkfl::formats {

class OutputFile {
 public:
  // Who may read the file: everyone whom the umask lets, or its owner alone (for secrets).
  enum class Readers { all, owner };

  // Creates the temporary file. Throws SystemError naming path and reason, ParameterError for a name that is
  // taken by something that is no regular file, or holds a zero byte.
  explicit OutputFile(const std::string& path, Readers readers = Readers::all);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  // Removes the temporary file unless commit() has returned.
  ~OutputFile();

  // Appends. Throws SystemError (no space, say).
  void write(ByteSpan data);
  // Overwrites bytes that were written before.
  void write_at(uint64_t offset, ByteSpan data);
  uint64_t position() const { return position_; }
  // Gives the file its name.
  void commit();
  // Syncs what was written, so that commit() only renames.
  void sync();

 private:
  void put(ByteSpan data, uint64_t offset);

  std::string path_, temporary_;
  int fd_ = -1;
  uint64_t position_ = 0;
};

// Throws what writing `path` would: makes the temporary file, and removes it.
void check_output(const std::string& path);
// Throws ParameterError if an output is one of the inputs, under any name: for files of different kinds, of which one
// cannot take the other's place.
void check_not_input(const std::string& output, std::span<const std::string> inputs);

// The whole of a small file.
void write_file(const std::string& path, ByteSpan content);

// Small files that belong together: all are written and synced before the first gets its name.
void write_files(std::span<const std::pair<std::string, ByteSpan>> files);

}  // namespace pyzkfl::formats
