// See mapped_file.h.
#include "formats/container/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "base/errors.h"

namespace pyzkfl::formats {
namespace {

[[noreturn]] void fail(const std::string& path, int error) {
  throw SystemError("cannot read " + path + ": " + std::strerror(error));
}

// A regular file, open for reading.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : path_(path) {
    if (path.find('\0') != std::string::npos) throw ParameterError("a path with a zero byte in it");
    // O_NONBLOCK: opening a pipe must not wait for a writer before we can refuse it.
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) fail(path, errno);
    try {
      struct stat status;
      if (::fstat(fd_, &status) != 0) fail(path, errno);
      if (!S_ISREG(status.st_mode)) throw ParameterError(path + " is not a regular file");
      size_ = static_cast<size_t>(status.st_size);
    } catch (...) {
      ::close(fd_);
      throw;
    }
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() { ::close(fd_); }

  int fd() const { return fd_; }
  size_t size() const { return size_; }
  // Reads into `out`; less than its size only at the end of the file.
  size_t read(std::span<uint8_t> out) const {
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t n = ::read(fd_, out.data() + done, out.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail(path_, errno);
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

 private:
  const std::string& path_;
  int fd_ = -1;
  size_t size_ = 0;
};

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const OpenFile file(path);
  size_ = file.size();
  if (size_ == 0) return;  // nothing to map
  void* const data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd(), 0);
  if (data == MAP_FAILED) fail(path, errno);
  data_ = static_cast<const uint8_t*>(data);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<uint8_t*>(data_), size_);
}

Bytes read_small_file(const std::string& path, size_t most_bytes) {
  const OpenFile file(path);
  if (file.size() > most_bytes) throw DecodeError(path + " is larger than any file of its kind");
  Bytes content(file.size());
  content.resize(file.read(content));
  return content;
}

}  // namespace pyzkfl::formats
