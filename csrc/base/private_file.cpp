// Private files over POSIX (see private_file.h).
#include "base/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/errors.h"
#include "base/random.h"

namespace pyzkfl {
namespace {

[[noreturn]] void fail(const char* what, const std::string& path, int error) {
  throw SystemError(std::string("cannot ") + what + " " + path + ": " + std::strerror(error));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  // Closes now; the error, or 0.
  int close() {
    const int fd = fd_;
    fd_ = -1;
    return ::close(fd) == 0 ? 0 : errno;
  }

 private:
  int fd_;
};

// Removes a temporary name when the scope ends, however it ends.
struct Unlink {
  const std::string& path;
  ~Unlink() { ::unlink(path.c_str()); }
};

std::string random_suffix() {
  static constexpr char kHex[] = "0123456789abcdef";
  std::array<uint8_t, 8> bytes;
  random_bytes(bytes);
  std::string out;
  for (const uint8_t byte : bytes) {
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

void write_private_file(const std::string& path, ByteSpan content) {
  const std::string temporary = path + ".new." + random_suffix();
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() < 0) fail("create", path, errno);
  const Unlink cleanup{temporary};
  if (::fchmod(file.get(), 0600) != 0) fail("protect", path, errno);  // the umask may have taken our own bits
  while (!content.empty()) {
    const ssize_t n = ::write(file.get(), content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write", path, errno);
    content = content.subspan(static_cast<size_t>(n));
  }
  if (::fsync(file.get()) != 0) fail("write", path, errno);
  if (const int error = file.close(); error != 0) fail("write", path, error);
  if (::link(temporary.c_str(), path.c_str()) != 0) fail("create", path, errno);
  const Descriptor folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) ::fsync(folder.get());  // so that the name survives a power cut; best effort
}

SecretBytes read_private_file(const std::string& path, size_t max_bytes) {
  // O_NONBLOCK: opening a pipe must not wait for a writer before we can refuse it.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) fail("open", path, errno);
  struct stat status;
  if (::fstat(file.get(), &status) != 0) fail("open", path, errno);
  if (!S_ISREG(status.st_mode)) throw ParameterError(path + " is not a regular file");
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    throw ParameterError(path + " belongs to another user");
  }
  if ((status.st_mode & 077) != 0) {
    throw ParameterError(path + " can be read or changed by others; run chmod 600 on it");
  }
  if (static_cast<uint64_t>(status.st_size) > max_bytes) throw ParameterError(path + " is too large");
  SecretBytes content(static_cast<size_t>(status.st_size));
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = ::read(file.get(), content.span().data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("read", path, errno);
    if (n == 0) fail("read", path, EIO);  // it shrank under our hands
    done += static_cast<size_t>(n);
  }
  return content;
}

}  // namespace pyzkfl
