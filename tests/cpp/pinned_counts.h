// Counts that are pinned in a file of tests/vectors: a change that is meant is written with PYZKFL_WRITE_COUNTS=1, and
// reviewed as a diff of the file.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

// Fails, line by line, unless the file holds the text.
inline void check_pinned(const std::string& file_name, const std::string& text) {
  const std::string path = std::string(PYZKFL_VECTORS) + "/" + file_name;
  if (std::getenv("PYZKFL_WRITE_COUNTS") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  REQUIRE(file.good());
  std::istringstream now(text);
  std::string pinned, line;
  while (std::getline(now, line)) {
    if (!std::getline(file, pinned)) pinned.clear();
    CHECK(pinned == line);
  }
  CHECK_FALSE(std::getline(file, pinned));
}
