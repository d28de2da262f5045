// A table with a row of bytes for each member that wrote one, in memory or in a file that the caller names.
//
// What members send a server for each other, or to be looked at much later, is most of what a server of thousands would hold.
// In a file it costs no memory. A row bears a label, the digest of what authenticated the message that it came with: a
// server that was restored knows by it whether a row is the one that its state speaks of.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/sha256.h"

namespace pyzkfl::secagg::standing {

class MemberRows {
 public:
  // `path` empty: in memory. Else a file with mode 0600, made if it is not there; rows of before count when they are
  // claimed. `key`: 32 bytes, under which rows in a file are encrypted; empty where they hold no secret. Throws SystemError.
  MemberRows(size_t members, size_t row_bytes, const std::string& path, SecretBytes key = {});
  MemberRows(const MemberRows&) = delete;
  MemberRows& operator=(const MemberRows&) = delete;
  MemberRows(MemberRows&& other) noexcept;
  MemberRows& operator=(MemberRows&&) = delete;
  ~MemberRows();

  bool in_file() const { return fd_ >= 0; }
  size_t members() const { return present_.size(); }
  size_t row_bytes() const { return row_bytes_; }
  bool has(size_t member) const { return present_[member] != 0; }
  const Digest& label(size_t member) const { return labels_[member]; }

  // Replaces the member's row. Throws SystemError where the file cannot be written: the row is then not there.
  void put(size_t member, const Digest& label, ByteSpan row);
  // Bytes of a row that is there, from `at`; with a key a multiple of 16. Throws SystemError.
  void get(size_t member, size_t at, std::span<uint8_t> out) const;
  // Takes up a row that another process put into the file; false if there is none with this label.
  [[nodiscard]] bool claim(size_t member, const Digest& label);

  // Drops the rows but not their labels: nobody reads them any more. A file keeps them, as an older state may need them.
  void release();
  bool released() const { return released_; }
  // For restored tables without rows.
  void mark(size_t member, const Digest& label);
  // No row is there.
  void clear();
  // What was put is on the disk when this returns. Throws SystemError.
  void sync() const;

 private:
  uint64_t place_of(size_t member) const { return uint64_t{member} * (sizeof(Digest) + row_bytes_); }
  void crypt(const Digest& label, size_t at, std::span<uint8_t> bytes) const;
  [[noreturn]] void fail(const char* what, int error) const;

  size_t row_bytes_;
  std::string path_;
  SecretBytes key_;
  int fd_ = -1;
  mutable bool unsynced_ = false;
  bool released_ = false;
  std::vector<uint8_t> present_;
  std::vector<Digest> labels_;
  std::vector<Bytes> rows_;  // in memory
};

}  // namespace pyzkfl::secagg::standing
