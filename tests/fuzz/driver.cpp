// In place of libFuzzer where there is no clang: the corpus, then changes to it for a while, without coverage to guide
// them. Takes the same arguments, as far as scripts/fuzz.py gives them: -max_total_time=, -seed=, -artifact_prefix=,
// folders and files.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

extern "C" int LLVMFuzzerInitialize(int*, char***);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t);

namespace {

using Input = std::vector<uint8_t>;

Input current;
std::string prefix;

// What made the process end is kept.
void keep_input(int signal_number) {
  const std::string path = prefix + "crash-" + std::to_string(getpid());
  if (std::FILE* file = std::fopen(path.c_str(), "wb")) {
    std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
    std::fprintf(stderr, "fuzzing: the input is in %s\n", path.c_str());
  }
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

Input changed(const std::vector<Input>& corpus, std::mt19937_64& random) {
  static constexpr uint64_t values[] = {0, 1, 0x7f, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, ~0ull >> 1, ~0ull};
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  Input bytes = corpus[below(corpus.size())];
  for (size_t changes = 1 + below(4); changes > 0; --changes) {
    if (bytes.empty()) bytes.push_back(static_cast<uint8_t>(random()));
    const size_t at = below(2) == 0 ? below(std::min<size_t>(bytes.size(), 128)) : below(bytes.size());
    switch (below(7)) {
      case 0:
        bytes[at] ^= static_cast<uint8_t>(1u << below(8));
        break;
      case 1:
        bytes[at] = static_cast<uint8_t>(random());
        break;
      case 2: {
        const uint64_t value = values[below(std::size(values))];
        std::memcpy(&bytes[at], &value, std::min<size_t>(bytes.size() - at, size_t{1} << below(4)));
        break;
      }
      case 3:
        bytes.resize(at);
        break;
      case 4:
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), static_cast<uint8_t>(random()));
        break;
      default: {  // a piece of another input, over or between what is there
        const Input& other = corpus[below(corpus.size())];
        if (other.empty()) break;
        const size_t from = below(other.size()), size = below(std::min<size_t>(other.size() - from, 256) + 1);
        if (below(2) == 0) bytes.resize(std::max(bytes.size(), at + size));
        else bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), size, 0);
        std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(from), size,
                    bytes.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
  }
  if (bytes.size() > 1 << 20) bytes.resize(1 << 20);
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  LLVMFuzzerInitialize(&argc, &argv);
  double seconds = 0;
  uint64_t seed = 1;
  std::vector<Input> corpus;
  const auto take = [&](const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  };
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto value = [&](const char* name) -> const char* {
      return argument.rfind(name, 0) == 0 ? argument.c_str() + std::strlen(name) : nullptr;
    };
    if (const char* v = value("-max_total_time=")) {
      seconds = std::atof(v);
    } else if (const char* w = value("-seed=")) {
      seed = std::strtoull(w, nullptr, 10);
    } else if (const char* p = value("-artifact_prefix=")) {
      prefix = p;
    } else if (argument[0] == '-') {
      continue;
    } else if (std::filesystem::is_directory(argument)) {
      for (const auto& entry : std::filesystem::directory_iterator(argument)) take(entry.path());
    } else {
      take(argument);
    }
  }
  if (corpus.empty()) corpus.emplace_back();
  // A few bytes that ask for a lot of memory do not get it: the process ends, and that is a finding.
  const rlimit memory{2ull << 30, 2ull << 30};
  setrlimit(RLIMIT_AS, &memory);
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(number, keep_input);

  uint64_t runs = 0;
  const auto run = [&](Input input) {
    current = std::move(input);
    LLVMFuzzerTestOneInput(current.data(), current.size());
    ++runs;
  };
  for (const Input& input : corpus) run(input);
  std::mt19937_64 random(seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) run(changed(corpus, random));
  std::fprintf(stderr, "stat::number_of_executed_units: %llu\n", static_cast<unsigned long long>(runs));
  return 0;
}
