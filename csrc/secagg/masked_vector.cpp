// Masks and packed vectors (see masked_vector.h).
#include "secagg/masked_vector.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "base/aes_ctr.h"
#include "base/cpu.h"
#include "base/errors.h"
#include "base/thread_pool.h"
#include "secagg/config.h"
#include "secagg/kernels/key_stream_vaes.h"

namespace pyzkfl::secagg {
namespace {

static_assert(std::endian::native == std::endian::little, "lanes and key streams are little-endian");

constexpr size_t kBlinderStreamBytes = 64;
// A block of key stream: with as much of the vector and the cipher's zeros it stays in a first-level cache of
// 32 KiB.
constexpr size_t kBlockBytes = 8192;
// Blocks that one thread masks with every term before it goes on: 128 KiB of the vector, in the second-level
// cache.
constexpr size_t kBlocksPerStretch = 16;
// Coordinates between byte boundaries that threads may work on separately: 64 coordinates fill b words
// exactly.
constexpr size_t kPackGroup = 64;

uint64_t low_bits(unsigned bits) { return bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

// The kernel for this processor, or null: then OpenSSL makes the stream.
const vaes::KeyStream* wide_key_stream() {
  static const vaes::KeyStream* const kernel = wide_aes_selected() ? vaes::key_stream() : nullptr;
  return kernel;
}

// lanes += (or -=) the key stream, for the blocks [begin, end) of this vector, by the vector kernel.
template <class Lane>
void add_mask_blocks_wide(const vaes::KeyStream& kernel, std::span<Lane> lanes, std::span<const MaskTerm> terms,
                          size_t begin, size_t end) {
  constexpr size_t per_block = kBlockBytes / sizeof(Lane);
  SecretBytes round_keys(terms.size() * vaes::round_key_bytes);
  for (size_t t = 0; t < terms.size(); ++t) {
    kernel.expand(round_keys.span().data() + t * vaes::round_key_bytes, terms[t].key.span().data());
  }
  for (size_t stretch = begin; stretch < end; stretch += kBlocksPerStretch) {
    const size_t first = stretch * per_block;
    const size_t last = std::min(lanes.size(), std::min(end, stretch + kBlocksPerStretch) * per_block);
    const std::span<Lane> out = lanes.subspan(first, last - first);
    for (size_t t = 0; t < terms.size(); ++t) {
      kernel.add(out.data(), out.size_bytes(), sizeof(Lane), terms[t].negative,
                 round_keys.span().data() + t * vaes::round_key_bytes,
                 (kBlinderStreamBytes + stretch * kBlockBytes) / 16);
    }
  }
}

// lanes += (or -=) the key stream, for the blocks [begin, end) of this vector.
template <class Lane>
void add_mask_blocks(std::span<Lane> lanes, std::span<const MaskTerm> terms, size_t begin, size_t end) {
  if (const vaes::KeyStream* kernel = wide_key_stream()) {
    add_mask_blocks_wide<Lane>(*kernel, lanes, terms, begin, end);
    return;
  }
  constexpr size_t per_block = kBlockBytes / sizeof(Lane);
  alignas(64) std::array<Lane, per_block> stream;
  const std::span<uint8_t> stream_bytes(reinterpret_cast<uint8_t*>(stream.data()), kBlockBytes);
  std::vector<AesCtr256> ciphers;
  ciphers.reserve(terms.size());
  for (const MaskTerm& term : terms) ciphers.emplace_back(term.key.span().first<32>());

  for (size_t stretch = begin; stretch < end; stretch += kBlocksPerStretch) {
    const size_t stretch_end = std::min(end, stretch + kBlocksPerStretch);
    for (size_t t = 0; t < terms.size(); ++t) {
      ciphers[t].seek((kBlinderStreamBytes + stretch * kBlockBytes) / 16);
      for (size_t block = stretch; block < stretch_end; ++block) {
        const size_t first = block * per_block;
        const std::span<Lane> out = lanes.subspan(first, std::min(per_block, lanes.size() - first));
        ciphers[t].keystream(stream_bytes.first(out.size_bytes()));
        if (terms[t].negative) {
          for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<Lane>(out[i] - stream[i]);
        } else {
          for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<Lane>(out[i] + stream[i]);
        }
      }
    }
  }
  wipe(stream_bytes);
}

Fr blinder_mask(const MaskTerm& term) {
  std::array<uint8_t, kBlinderStreamBytes> stream;
  AesCtr256(term.key.span().first<32>()).keystream(stream);
  const Fr mask = Fr::from_bytes_wide_be(stream);
  wipe(stream);
  return term.negative ? -mask : mask;
}

// Writes the lanes modulo 2^bits, `bits` bits each. Both ends are byte boundaries, or the end of the vector.
template <class Lane>
void pack_lanes(std::span<uint8_t> out, std::span<const Lane> lanes, unsigned bits) {
  const uint64_t mask = low_bits(bits);
  uint8_t* to = out.data();
  uint64_t word = 0;    // bits not yet written, the lowest first
  unsigned filled = 0;  // how many: always below 64
  for (const Lane lane : lanes) {
    const uint64_t value = lane & mask;
    word |= value << filled;
    if (filled + bits >= 64) {
      std::memcpy(to, &word, 8);
      to += 8;
      const unsigned used = 64 - filled;  // bits of value that went out; 1 to 64
      word = used == 64 ? 0 : value >> used;
      filled = filled + bits - 64;
    } else {
      filled += bits;
    }
  }
  if (filled != 0) std::memcpy(to, &word, (filled + 7) / 8);
}

// lanes += the packed values.
template <class Lane>
void add_packed_lanes(std::span<Lane> lanes, ByteSpan in, unsigned bits) {
  const uint64_t mask = low_bits(bits);
  const uint8_t* from = in.data();
  size_t left = in.size();
  uint64_t word = 0;
  unsigned filled = 0;
  for (Lane& lane : lanes) {
    uint64_t value = word;
    if (filled < bits) {
      uint64_t next = 0;
      const size_t n = std::min<size_t>(left, 8);
      std::memcpy(&next, from, n);
      from += n;
      left -= n;
      value |= filled == 0 ? next : next << filled;
      const unsigned used = bits - filled;  // bits taken from `next`; 1 to 64
      word = used == 64 ? 0 : next >> used;
      filled = 64 - used;
    } else {
      word >>= bits;  // bits <= filled < 64
      filled -= bits;
    }
    lane = static_cast<Lane>(lane + (value & mask));
  }
}

}  // namespace

void check_magnitudes(std::span<const int64_t> values, uint64_t max_abs) {
  uint64_t bad = 0;
  for (const int64_t v : values) {
    bad |= static_cast<uint64_t>(static_cast<uint64_t>(v) + max_abs > 2 * max_abs);
  }
  if (bad != 0) throw ParameterError("masking: a coordinate is larger in magnitude than the agreed max_abs");
}

MaskedVector::MaskedVector(uint64_t length, unsigned bits) : bits_(bits) {
  if (bits < 2 || bits > 64) throw ParameterError("a masked coordinate has 2 to 64 bits");
  if (bits <= 16) {
    lanes_ = std::vector<uint16_t>(length);
  } else if (bits <= 32) {
    lanes_ = std::vector<uint32_t>(length);
  } else {
    lanes_ = std::vector<uint64_t>(length);
  }
}

MaskedVector::~MaskedVector() {
  std::visit(
      [](auto& lanes) { wipe({reinterpret_cast<uint8_t*>(lanes.data()), lanes.size() * sizeof(lanes[0])}); },
      lanes_);
  wipe_object(blinder_);
}

MaskedVector MaskedVector::clone() const {
  MaskedVector copy(0, bits_);
  copy.lanes_ = lanes_;
  copy.blinder_ = blinder_;
  return copy;
}

uint64_t MaskedVector::mask_bytes() const {
  return std::visit([](const auto& lanes) { return uint64_t{lanes.size()} * sizeof(lanes[0]); }, lanes_);
}

void MaskedVector::add_values(std::span<const int64_t> values, const Fr& blinder) {
  std::visit(
      [&](auto& lanes) {
        using Lane = typename std::decay_t<decltype(lanes)>::value_type;
        if (values.size() != lanes.size()) {
          throw ParameterError("the vector has " + std::to_string(values.size()) + " coordinates, " +
                               std::to_string(lanes.size()) + " are agreed on");
        }
        for (size_t i = 0; i < values.size(); ++i) {
          lanes[i] = static_cast<Lane>(lanes[i] + static_cast<uint64_t>(values[i]));
        }
      },
      lanes_);
  blinder_ += blinder;
}

void MaskedVector::add(const MaskedVector& other) {
  if (lanes_.index() != other.lanes_.index()) throw ParameterError("masked vectors of different widths");
  std::visit(
      [&](auto& lanes) {
        const auto& addend = std::get<std::decay_t<decltype(lanes)>>(other.lanes_);
        if (addend.size() != lanes.size()) throw ParameterError("masked vectors of different lengths");
        using Lane = typename std::decay_t<decltype(lanes)>::value_type;
        for (size_t i = 0; i < lanes.size(); ++i) lanes[i] = static_cast<Lane>(lanes[i] + addend[i]);
      },
      lanes_);
  blinder_ += other.blinder_;
}

void MaskedVector::add_masks(std::span<const MaskTerm> terms) {
  std::visit(
      [&](auto& lanes) {
        using Lane = typename std::decay_t<decltype(lanes)>::value_type;
        const std::span<Lane> all(lanes);
        const size_t blocks = (all.size_bytes() + kBlockBytes - 1) / kBlockBytes;
        parallel_for(blocks, kBlocksPerStretch,
                     [&](size_t begin, size_t end) { add_mask_blocks<Lane>(all, terms, begin, end); });
      },
      lanes_);
  for (const MaskTerm& term : terms) blinder_ += blinder_mask(term);
}

void MaskedVector::add_packed(ByteSpan packed, std::span<const uint8_t, 32> blinder) {
  std::visit(
      [&](auto& lanes) {
        using Lane = typename std::decay_t<decltype(lanes)>::value_type;
        const std::span<Lane> all(lanes);
        if (packed.size() != packed_bytes(all.size(), bits_)) throw DecodeError("masked vector: wrong size");
        const unsigned used = static_cast<unsigned>(all.size() * bits_ % 8);
        if (used != 0 && (packed.back() >> used) != 0) {
          throw DecodeError("masked vector: nonzero padding bits");
        }
        const Fr addend = Fr::from_bytes_le(blinder);
        const size_t groups = (all.size() + kPackGroup - 1) / kPackGroup;
        parallel_for(groups, 256, [&](size_t begin, size_t end) {
          const size_t first = begin * kPackGroup;
          const size_t count = std::min(all.size(), end * kPackGroup) - first;
          add_packed_lanes<Lane>(all.subspan(first, count),
                                 packed.subspan(first * bits_ / 8, packed_bytes(count, bits_)), bits_);
        });
        blinder_ += addend;
      },
      lanes_);
}

void MaskedVector::pack(std::span<uint8_t> packed) const {
  std::visit(
      [&](const auto& lanes) {
        using Lane = typename std::decay_t<decltype(lanes)>::value_type;
        const std::span<const Lane> all(lanes);
        if (packed.size() != packed_bytes(all.size(), bits_)) {
          throw ParameterError("masked vector: wrong size");
        }
        const size_t groups = (all.size() + kPackGroup - 1) / kPackGroup;
        parallel_for(groups, 256, [&](size_t begin, size_t end) {
          const size_t first = begin * kPackGroup;
          const size_t count = std::min(all.size(), end * kPackGroup) - first;
          pack_lanes<Lane>(packed.subspan(first * bits_ / 8, packed_bytes(count, bits_)),
                           all.subspan(first, count), bits_);
        });
      },
      lanes_);
}

void MaskedVector::lift(std::span<int64_t> values) const {
  std::visit(
      [&](const auto& lanes) {
        if (values.size() != lanes.size()) throw ParameterError("masked vector: wrong size");
        const unsigned shift = 64 - bits_;
        for (size_t i = 0; i < values.size(); ++i) {
          values[i] = static_cast<int64_t>(static_cast<uint64_t>(lanes[i]) << shift) >> shift;
        }
      },
      lanes_);
}

}  // namespace pyzkfl::secagg
