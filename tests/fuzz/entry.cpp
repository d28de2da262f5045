// The entry points that libFuzzer knows, and the plain driver too: an input, and the start.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "target.h"

using namespace pyzkfl;

// Where PYZKFL_WRITE_SEEDS names a folder, the honest inputs are written there, and that is all.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* folder = std::getenv("PYZKFL_WRITE_SEEDS");
  if (folder == nullptr) return 0;
  std::filesystem::create_directories(folder);
  size_t number = 0;
  for (const Bytes& seed : fuzz::seeds()) {
    char name[16];
    std::snprintf(name, sizeof name, "%03zu", number++);
    std::ofstream(std::filesystem::path(folder) / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
  }
  std::exit(number > 0 ? 0 : 1);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::run({data, size});
  return 0;
}
