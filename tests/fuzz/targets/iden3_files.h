// Good files of iden3's four formats, in a folder that goes at the end.
#pragma once

#include "../../cpp/formats/chain_files.h"
#include "file_in_memory.h"

namespace pyzkfl::fuzz {

struct Iden3Files {
  Folder folder;
  Witness witness = test::write_chain_files(folder);

  Bytes content(const std::string& name) const { return content_of(folder.at(name)); }

  static const Iden3Files& shared() {
    static const Iden3Files files;
    return files;
  }
};

}  // namespace pyzkfl::fuzz
