// iden3's binary container, the outside of .r1cs, .wtns, .zkey and .ptau files (iden3/binfileutils): four
// letters, version (u32), number of sections (u32), then for each section its type (u32), its size (u64) and
// its bytes. Integers are little-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "formats/container/mapped_file.h"
#include "formats/container/output_file.h"

namespace pyzkfl::formats {

class Container {
 public:
  // Maps the file and reads its table of sections. `magic`: the four letters. Throws DecodeError for other
  // letters, a truncated or overlong file, a section that is longer than the file, or two of one type;
  // UnsupportedVersion for a version above `newest`. Sections of a type that nobody asks for are ignored, as
  // the formats say.
  Container(const std::string& path, const char* magic, uint32_t newest);

  const std::string& path() const { return file_.path(); }
  // The bytes of the whole file.
  ByteSpan file() const { return file_.bytes(); }
  bool has(uint32_t type) const { return find(type).has_value(); }
  // The bytes of a section; throws DecodeError if it is missing. Valid as long as this object lives.
  ByteSpan section(uint32_t type) const;
  // A reader of a section whose errors name it.
  Reader reader(uint32_t type) const;
  // The section's bytes, which must be `count` times `item_bytes`; throws DecodeError.
  ByteSpan array(uint32_t type, uint64_t count, uint64_t item_bytes) const;
  // Throws DecodeError naming file and section.
  [[noreturn]] void fail(uint32_t type, const std::string& problem) const;

 private:
  struct Section {
    uint32_t type;
    ByteSpan bytes;
  };

  std::optional<ByteSpan> find(uint32_t type) const;

  MappedFile file_;
  std::vector<Section> sections_;
};

// Writes a container section by section; its size is filled in when a section ends.
class ContainerWriter {
 public:
  ContainerWriter(const std::string& path, const char* magic, uint32_t version, uint32_t num_sections,
                  OutputFile::Readers readers = OutputFile::Readers::all);

  void begin(uint32_t type);
  void write(ByteSpan data) { file_.write(data); }
  void end();
  // A whole section.
  void section(uint32_t type, ByteSpan data);
  // Gives the file its name; all announced sections must have been written.
  void commit();

 private:
  OutputFile file_;
  uint64_t begin_ = 0;
  uint32_t left_;
};

}  // namespace pyzkfl::formats
