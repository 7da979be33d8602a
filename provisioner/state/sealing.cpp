#include "state/sealing.h"

#include <algorithm>
#include <cstdlib>
#include <sodium.h>
#include <vector>

#include "base/digest.h"
#include "base/text.h"

namespace slipway {
namespace {

static_assert(crypto_secretbox_KEYBYTES == 32);

void start_sodium() {
  // Without the system's randomness no key is safe.
  if (sodium_init() < 0) std::abort();
}

struct Wiped {
  std::string& text;
  ~Wiped() { sodium_memzero(text.data(), text.size()); }
};

}  // namespace

Error key_lost(const std::string& key_file, std::string found) {
  return fail(ErrorKind::unauthorised, "the state's secrets cannot be opened",
              {.found = std::move(found),
               .expected = "the key file that was made with this state",
               .advice = "put that key file back from a copy, or take it from an export with slipway state import; "
                         "without it the sealed secrets are lost",
               .where = key_file});
}

Sealer::~Sealer() { sodium_memzero(key_.data(), key_.size()); }

Result<Sealer> Sealer::open(FileLayer& files, const std::string& key_file) {
  start_sodium();
  Result<std::string> text = files.read(key_file);
  if (!text) return std::move(text).error();
  const Wiped wiped_text{*text};
  Result<std::string> bytes = base64_decode(trim(*text));
  if (!bytes || bytes->size() != crypto_secretbox_KEYBYTES)
    return key_lost(key_file, "a file that holds no key of 32 bytes in base64");
  const Wiped wiped_bytes{*bytes};
  Sealer sealer;
  std::copy(bytes->begin(), bytes->end(), sealer.key_.begin());
  sealer.key_file_ = key_file;
  return sealer;
}

Result<Sealer> Sealer::make(FileLayer& files, const std::string& key_file) {
  start_sodium();
  Sealer sealer;
  randombytes_buf(sealer.key_.data(), sealer.key_.size());
  sealer.key_file_ = key_file;
  if (Result<void> made = files.make_directories(folder_of(key_file)); !made) return std::move(made).error();
  std::string bytes(reinterpret_cast<const char*>(sealer.key_.data()), sealer.key_.size());
  const Wiped wiped_bytes{bytes};
  std::string text = base64_encode(bytes) + "\n";
  const Wiped wiped_text{text};
  if (Result<void> written = write_durably(files, key_file, text); !written)
    return std::move(written).error().while_doing("making the key of the state's secrets");
  return sealer;
}

std::string Sealer::seal(const std::string& name, const Secret& value) const {
  std::string plain = name + '\0' + value.reveal();
  const Wiped wiped{plain};
  std::vector<unsigned char> sealed(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + plain.size());
  randombytes_buf(sealed.data(), crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(sealed.data() + crypto_secretbox_NONCEBYTES,
                        reinterpret_cast<const unsigned char*>(plain.data()), plain.size(), sealed.data(), key_.data());
  return base64_encode(std::string_view(reinterpret_cast<const char*>(sealed.data()), sealed.size()));
}

Result<Secret> Sealer::unseal(const std::string& name, const std::string& sealed) const {
  const auto damaged = [&](std::string found) {
    return fail(ErrorKind::corrupt, "a sealed secret is damaged",
                {.found = std::move(found),
                 .expected = "the sealed text of '" + name + "'",
                 .advice = "restore STATE.json from STATE.json.1 or a copy"});
  };
  const Result<std::string> bytes = base64_decode(sealed);
  constexpr size_t overhead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  if (!bytes || bytes->size() < overhead + name.size() + 1) return damaged("text that is too short or no base64");
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes->data());
  std::string plain(bytes->size() - overhead, '\0');
  const Wiped wiped{plain};
  if (crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(plain.data()), data + crypto_secretbox_NONCEBYTES,
                                 bytes->size() - crypto_secretbox_NONCEBYTES, data, key_.data()) != 0)
    return key_lost(key_file_, "a key that does not open the secret '" + name + "'");
  if (!plain.starts_with(name) || plain[name.size()] != '\0') return damaged("the sealed text of another secret");
  return Secret(plain.substr(name.size() + 1));
}

}  // namespace slipway
