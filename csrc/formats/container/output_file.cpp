// See output_file.h.
#include "formats/container/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "base/errors.h"
#include "base/random.h"

namespace pyzkfl::formats {
namespace {

[[noreturn]] void fail_output(const std::string& path, int error) {
  throw SystemError("cannot write " + path + ": " + std::strerror(error));
}

std::string temporary_name(const std::string& path) {
  std::array<uint8_t, 8> bytes;
  random_bytes(bytes);
  std::array<char, 17> hex{};
  for (size_t i = 0; i < bytes.size(); ++i) std::snprintf(&hex[2 * i], 3, "%02x", bytes[i]);
  return path + ".new." + hex.data();
}

void sync_folder_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;  // best effort: the file itself is safe
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

OutputFile::OutputFile(const std::string& path, Readers readers)
    : path_(path), temporary_(temporary_name(path)) {
  if (path.find('\0') != std::string::npos) throw ParameterError("a path with a zero byte in it");
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    throw ParameterError(path + " exists and is not a regular file");
  fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
               readers == Readers::owner ? 0600 : 0666);
  if (fd_ < 0) fail_output(path, errno);
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void OutputFile::put(ByteSpan data, uint64_t offset) {
  while (!data.empty()) {
    const ssize_t n = ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_output(path_, errno);
    data = data.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
}

void OutputFile::write(ByteSpan data) {
  put(data, position_);
  position_ += data.size();
}

void OutputFile::write_at(uint64_t offset, ByteSpan data) { put(data, offset); }

void OutputFile::sync() {
  if (::fsync(fd_) != 0) fail_output(path_, errno);
}

void OutputFile::commit() {
  sync();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_output(path_, errno);
  ::close(fd_);
  fd_ = -1;
  sync_folder_of(path_);
}

void check_output(const std::string& path) { const OutputFile made(path); }

void check_not_input(const std::string& output, std::span<const std::string> inputs) {
  struct stat of_output, of_input;
  const bool exists = ::stat(output.c_str(), &of_output) == 0;
  for (const std::string& input : inputs) {
    const bool same = exists && ::stat(input.c_str(), &of_input) == 0 &&
                      of_output.st_dev == of_input.st_dev && of_output.st_ino == of_input.st_ino;
    if (same || input == output)
      throw ParameterError("the output " + output + " is the input " + input + ", which it would replace");
  }
}

void write_file(const std::string& path, ByteSpan content) {
  OutputFile file(path);
  file.write(content);
  file.commit();
}

void write_files(std::span<const std::pair<std::string, ByteSpan>> files) {
  std::vector<std::unique_ptr<OutputFile>> open;
  for (const auto& [path, content] : files) {
    open.push_back(std::make_unique<OutputFile>(path));
    open.back()->write(content);
    open.back()->sync();
  }
  for (const auto& file : open) file->commit();
}

}  // namespace pyzkfl::formats
