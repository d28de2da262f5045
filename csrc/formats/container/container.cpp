// See container.h.
#include "formats/container/container.h"

#include <algorithm>
#include <cstring>

#include "base/errors.h"

namespace pyzkfl::formats {
namespace {

constexpr uint32_t most_sections = 256;  // real files have at most 17; bounds what the table allocates

}  // namespace

Container::Container(const std::string& path, const char* magic, uint32_t newest) : file_(path) {
  Reader in(file_.bytes(), path);
  const ByteSpan letters = in.bytes(4);
  if (std::memcmp(letters.data(), magic, 4) != 0) in.fail(std::string("not a .") + magic + " file");
  const uint32_t version = in.u32();
  if (version == 0 || version > newest)
    throw UnsupportedVersion(path + ": version " + std::to_string(version) + " of ." + magic +
                             " files, which this release does not read");
  const uint32_t count = in.u32();
  if (count > most_sections) in.fail(std::to_string(count) + " sections: more than any such file has");
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t type = in.u32();
    const uint64_t size = in.u64();
    if (has(type)) in.fail("two sections of type " + std::to_string(type));
    if (size > in.remaining())
      in.fail("truncated: section " + std::to_string(type) + " is to have " + std::to_string(size) +
              " bytes, but " + std::to_string(in.remaining()) + " are left");
    sections_.push_back({type, in.bytes(static_cast<size_t>(size))});
  }
  in.done();
}

std::optional<ByteSpan> Container::find(uint32_t type) const {
  for (const Section& section : sections_)
    if (section.type == type) return section.bytes;
  return std::nullopt;
}

ByteSpan Container::section(uint32_t type) const {
  const auto bytes = find(type);
  if (!bytes) throw DecodeError(path() + ": section " + std::to_string(type) + " is missing");
  return *bytes;
}

Reader Container::reader(uint32_t type) const {
  return Reader(section(type), path() + ", section " + std::to_string(type));
}

ByteSpan Container::array(uint32_t type, uint64_t count, uint64_t item_bytes) const {
  const ByteSpan bytes = section(type);
  if (bytes.size() % item_bytes != 0 || bytes.size() / item_bytes != count)
    fail(type, "has " + std::to_string(bytes.size()) + " bytes, but " + std::to_string(count) +
                   " entries of " + std::to_string(item_bytes) + " bytes are due");
  return bytes;
}

void Container::fail(uint32_t type, const std::string& problem) const {
  throw DecodeError(path() + ", section " + std::to_string(type) + ": " + problem);
}

ContainerWriter::ContainerWriter(const std::string& path, const char* magic, uint32_t version,
                                 uint32_t num_sections, OutputFile::Readers readers)
    : file_(path, readers), left_(num_sections) {
  Writer header;
  header.bytes(as_bytes(std::string_view(magic, 4))).u32(version).u32(num_sections);
  file_.write(header.view());
}

void ContainerWriter::begin(uint32_t type) {
  Writer header;
  header.u32(type).u64(0);
  file_.write(header.view());
  begin_ = file_.position();
}

void ContainerWriter::end() {
  Writer size;
  size.u64(file_.position() - begin_);
  file_.write_at(begin_ - 8, size.view());
  --left_;
}

void ContainerWriter::section(uint32_t type, ByteSpan data) {
  begin(type);
  write(data);
  end();
}

void ContainerWriter::commit() {
  if (left_ != 0) throw ParameterError("sections announced and sections written differ");
  file_.commit();
}

}  // namespace pyzkfl::formats
