// Rows of members in memory or in a file (see member_rows.h).
#include "secagg/standing/member_rows.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/aes_ctr.h"

namespace pyzkfl::secagg::standing {
namespace {

constexpr size_t kCipherBlock = 16;

// All of it, through interruptions and short transfers; 0 or the error.
template <class Transfer, class Byte>
int transfer_all(const Transfer& transfer, int fd, std::span<Byte> bytes, uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t done = transfer(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    if (done == 0) return EIO;  // the file ends here: somebody cut it
    bytes = bytes.subspan(static_cast<size_t>(done));
    at += static_cast<uint64_t>(done);
  }
  return 0;
}

}  // namespace

MemberRows::MemberRows(size_t members, size_t row_bytes, const std::string& path, SecretBytes key)
    : row_bytes_(row_bytes), path_(path), key_(std::move(key)), present_(members), labels_(members) {
  if (path.empty()) {
    rows_.resize(members);
    return;
  }
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) fail("open", errno);
}

MemberRows::MemberRows(MemberRows&& other) noexcept
    : row_bytes_(other.row_bytes_),
      path_(std::move(other.path_)),
      key_(std::move(other.key_)),
      fd_(std::exchange(other.fd_, -1)),
      unsynced_(other.unsynced_),
      released_(other.released_),
      present_(std::move(other.present_)),
      labels_(std::move(other.labels_)),
      rows_(std::move(other.rows_)) {}

MemberRows::~MemberRows() {
  if (fd_ >= 0) ::close(fd_);
}

void MemberRows::fail(const char* what, int error) const {
  throw SystemError(std::string("masking: cannot ") + what + " " + path_ + ": " + std::strerror(error));
}

// The stream of a row starts at a counter that its label gives, so that no two rows share one.
void MemberRows::crypt(const Digest& label, size_t at, std::span<uint8_t> bytes) const {
  std::array<uint8_t, 16> counter{};
  std::copy_n(label.begin(), 12, counter.begin());
  counter[0] &= 0x7f;
  AesCtr256 cipher(key_.span().first<32>(), counter);
  cipher.seek(at / kCipherBlock);
  SecretBytes stream(bytes.size());
  cipher.keystream(stream.span());
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] ^= stream.span()[i];
}

void MemberRows::put(size_t member, const Digest& label, ByteSpan row) {
  if (row.size() != row_bytes_) throw ParameterError("masking: a row of another size than its table's");
  if (!in_file()) {
    rows_[member].assign(row.begin(), row.end());
  } else {
    present_[member] = 0;
    Bytes written(label.begin(), label.end());
    written.insert(written.end(), row.begin(), row.end());
    if (key_.size() != 0) crypt(label, 0, std::span(written).subspan(label.size()));
    unsynced_ = true;
    const int error = transfer_all(::pwrite, fd_, std::span<const uint8_t>(written), place_of(member));
    if (error != 0) fail("write", error);
  }
  mark(member, label);
}

void MemberRows::get(size_t member, size_t at, std::span<uint8_t> out) const {
  if (!has(member) || at + out.size() > row_bytes_) throw ParameterError("masking: no such row");
  if (!in_file()) {
    std::copy_n(rows_[member].begin() + static_cast<std::ptrdiff_t>(at), out.size(), out.begin());
    return;
  }
  if (const int error = transfer_all(::pread, fd_, out, place_of(member) + sizeof(Digest) + at)) fail("read", error);
  if (key_.size() != 0) crypt(labels_[member], at, out);
}

bool MemberRows::claim(size_t member, const Digest& label) {
  struct stat found {};
  if (!in_file() || ::fstat(fd_, &found) != 0) return false;
  if (place_of(member + 1) > static_cast<uint64_t>(found.st_size)) return false;
  Digest there{};
  if (transfer_all(::pread, fd_, std::span<uint8_t>(there), place_of(member)) != 0 || there != label) return false;
  mark(member, label);
  return true;
}

void MemberRows::release() {
  released_ = true;
  for (Bytes& row : rows_) row = {};
}

void MemberRows::mark(size_t member, const Digest& label) {
  labels_[member] = label;
  present_[member] = 1;
}

void MemberRows::clear() {
  std::ranges::fill(present_, uint8_t{0});
  for (Bytes& row : rows_) row = {};
}

void MemberRows::sync() const {
  if (!unsynced_) return;
  if (::fdatasync(fd_) != 0) fail("sync", errno);
  unsynced_ = false;
}

}  // namespace pyzkfl::secagg::standing
