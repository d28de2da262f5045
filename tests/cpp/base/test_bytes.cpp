// The strict reader and the writer.
#include <doctest/doctest.h>

#include "base/bytes.h"

using namespace pyzkfl;

TEST_CASE("what the writer wrote the reader reads back, least significant byte first") {
  Writer writer;
  const Bytes tail = {9, 8, 7};
  writer.u8(0xab).u16(0x1234).u32(0xdeadbeef).u64(0x0123456789abcdef).bytes(tail);
  CHECK(writer.view().size() == 18);
  CHECK(writer.view()[1] == 0x34);
  CHECK(writer.view()[2] == 0x12);

  Reader reader(writer.view());
  CHECK(reader.u8() == 0xab);
  CHECK(reader.u16() == 0x1234);
  CHECK(reader.u32() == 0xdeadbeef);
  CHECK(reader.u64() == 0x0123456789abcdef);
  CHECK(reader.remaining() == 3);
  CHECK(reader.bytes<3>()[2] == 7);
  CHECK_NOTHROW(reader.done());
}

TEST_CASE("a reader refuses to read past the end, wherever the end is") {
  const Bytes data = {1, 2, 3, 4, 5, 6, 7};
  for (size_t length = 0; length < data.size(); ++length) {
    const ByteSpan part = ByteSpan(data).first(length);
    CHECK_THROWS_AS(Reader(part).u64(), DecodeError);
    CHECK_THROWS_AS(Reader(part).bytes(length + 1), DecodeError);
    if (length < 4) CHECK_THROWS_AS(Reader(part).u32(), DecodeError);
    if (length < 2) CHECK_THROWS_AS(Reader(part).u16(), DecodeError);
    if (length < 1) CHECK_THROWS_AS(Reader(part).u8(), DecodeError);
  }
}

TEST_CASE("a length near the largest integer does not wrap around") {
  const Bytes data(16);
  Reader reader(data);
  reader.u64();
  CHECK_THROWS_AS(reader.bytes(SIZE_MAX), DecodeError);
  CHECK_THROWS_AS(reader.bytes(SIZE_MAX - 7), DecodeError);
  CHECK(reader.remaining() == 8);
}

TEST_CASE("trailing bytes are refused, and the error names the artefact") {
  const Bytes data = {1, 2};
  Reader reader(data, "a proof");
  reader.u8();
  CHECK_THROWS_WITH_AS(reader.done(), "a proof: 1 trailing bytes", DecodeError);
  reader.u8();
  CHECK_NOTHROW(reader.done());
}

TEST_CASE("an empty input is done at once") {
  Reader reader({});
  CHECK(reader.remaining() == 0);
  CHECK_NOTHROW(reader.done());
  CHECK(reader.bytes(0).empty());
}

TEST_CASE("every error of ours is an Error, and an unsupported version is a decoding error") {
  CHECK_THROWS_AS(throw UnsupportedVersion("v"), DecodeError);
  CHECK_THROWS_AS(throw DecodeError("d"), Error);
  CHECK_THROWS_AS(throw SystemError("s"), Error);
  CHECK_THROWS_AS(throw Interrupted("i"), Error);
}
