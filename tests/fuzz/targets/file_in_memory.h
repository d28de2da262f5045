// Bytes under a path, without a disk.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "target.h"

namespace pyzkfl::fuzz {

class FileInMemory {
 public:
  explicit FileInMemory(ByteSpan content = {}) : descriptor_(memfd_create("fuzz", 0)) {
    require(descriptor_ >= 0, "memfd_create");
    require(content.empty() || write(descriptor_, content.data(), content.size()) == static_cast<ssize_t>(content.size()),
            "write");
  }
  FileInMemory(const FileInMemory&) = delete;
  FileInMemory& operator=(const FileInMemory&) = delete;
  ~FileInMemory() { close(descriptor_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

// A folder that goes when this does: writers put files in place by renaming them.
struct Folder {
  std::string path;
  Folder() {
    path = (std::filesystem::temp_directory_path() / "pyzkfl-fuzz-XXXXXX").string();
    require(mkdtemp(path.data()) != nullptr, "mkdtemp");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string at(const std::string& name) const { return path + "/" + name; }
};

inline Bytes content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

}  // namespace pyzkfl::fuzz
