// See mapped_file.h.
#include "formats/container/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/errors.h"

namespace pyzkfl::formats {
namespace {

[[noreturn]] void fail(const std::string& path, int error) {
  throw SystemError("cannot read " + path + ": " + std::strerror(error));
}

struct Closing {
  int fd;
  ~Closing() { ::close(fd); }
};

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  if (path.find('\0') != std::string::npos) throw ParameterError("a path with a zero byte in it");
  // O_NONBLOCK: opening a pipe must not wait for a writer before we can refuse it.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) fail(path, errno);
  const Closing closing{fd};
  struct stat status;
  if (::fstat(fd, &status) != 0) fail(path, errno);
  if (!S_ISREG(status.st_mode)) throw ParameterError(path + " is not a regular file");
  size_ = static_cast<size_t>(status.st_size);
  if (size_ == 0) return;  // nothing to map
  void* const data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) fail(path, errno);
  data_ = static_cast<const uint8_t*>(data);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<uint8_t*>(data_), size_);
}

}  // namespace pyzkfl::formats
