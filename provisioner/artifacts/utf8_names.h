#pragma once
#include <locale.h>

namespace slipway {

/// While it lives, this thread reads file names as UTF-8: in the plain "C" locale libarchive drops names with letters
/// beyond ASCII.
class Utf8Names {
 public:
  Utf8Names() : mine_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)), before_(mine_ ? ::uselocale(mine_) : nullptr) {}
  ~Utf8Names() {
    if (!mine_) return;
    ::uselocale(before_);
    ::freelocale(mine_);
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;

 private:
  locale_t mine_, before_;
};

}  // namespace slipway
