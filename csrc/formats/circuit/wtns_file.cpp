// See wtns_file.h.
#include "formats/circuit/wtns_file.h"

#include "base/thread_pool.h"
#include "formats/container/container.h"
#include "formats/container/elements.h"

namespace pyzkfl::formats {
namespace {

enum WtnsSection : uint32_t { size_section = 1, values_section = 2 };
constexpr size_t values_a_thread = 4096;

}  // namespace

Witness read_wtns(const std::string& path) {
  const Container file(path, "wtns", 2);
  Reader in = file.reader(size_section);
  read_scalar_prime(in);
  const uint32_t count = in.u32();
  in.done();
  const ByteSpan bytes = file.array(values_section, count, 32);
  if (count == 0) file.fail(values_section, "holds no values");
  Witness::Values values(count);
  parallel_for(count, values_a_thread, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const Limbs value = load_limbs(bytes.data() + 32 * i);
      if (!limbs::less(value, Fr::modulus))
        file.fail(values_section, "value " + std::to_string(i) + " is not below r");
      values[i] = Fr::from_canonical(value);
    }
  });
  if (!values[0].is_one()) file.fail(values_section, "value 0, the constant wire, is not 1");
  return Witness(std::move(values));
}

void write_wtns(const std::string& path, std::span<const Fr> values) {
  if (values.size() > UINT32_MAX) throw ParameterError("a .wtns file holds fewer than 2^32 values");
  ContainerWriter out(path, "wtns", 2, 2, OutputFile::Readers::owner);
  Writer head;
  write_scalar_prime(head);
  head.u32(static_cast<uint32_t>(values.size()));
  out.section(size_section, head.view());
  out.begin(values_section);
  std::vector<Limbs, WipingAllocator<Limbs>> batch;
  for (size_t begin = 0; begin < values.size(); begin += batch.size()) {
    batch.resize(std::min(values_a_thread, values.size() - begin));
    for (size_t i = 0; i < batch.size(); ++i) batch[i] = values[begin + i].to_canonical();
    out.write(raw_bytes(std::span<const Limbs>(batch)));
  }
  out.end();
  out.commit();
}

}  // namespace pyzkfl::formats
