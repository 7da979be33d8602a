#include "state/sealing.h"

#include <sodium.h>

#include "base/digest.h"
#include "base/text.h"
#include "state/passphrase.h"

namespace slipway {
namespace {

static_assert(crypto_secretbox_KEYBYTES == 32);
constexpr size_t box_overhead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
constexpr std::string_view protected_mark = "slipway-key argon2id ";

const unsigned char* bytes_of(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// Nonce and secretbox.
std::string boxed(const std::string& plain, const std::string& key) {
  std::string sealed = random_bytes(crypto_secretbox_NONCEBYTES);
  sealed.resize(box_overhead + plain.size());
  auto* const data = reinterpret_cast<unsigned char*>(sealed.data());
  crypto_secretbox_easy(data + crypto_secretbox_NONCEBYTES, bytes_of(plain), plain.size(), data, bytes_of(key));
  return sealed;
}

/// REQUIRES: `sealed` is at least box_overhead long.
bool unboxed(const std::string& sealed, const std::string& key, std::string& plain) {
  plain.assign(sealed.size() - box_overhead, '\0');
  return crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(plain.data()),
                                    bytes_of(sealed) + crypto_secretbox_NONCEBYTES,
                                    sealed.size() - crypto_secretbox_NONCEBYTES, bytes_of(sealed), bytes_of(key)) == 0;
}

std::optional<uint64_t> number(const std::string& text) {
  if (text.empty() || text.size() > 12 || text.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoull(text);
}

/// The lines of a protected key file.
Result<std::string> unprotected(const std::string& text, const std::string& key_file, const AskPassphrase& ask) {
  const std::vector<std::string> words = split(trim(text), ' ');
  const std::optional<uint64_t> operations = words.size() == 6 ? number(words[2]) : std::nullopt;
  const std::optional<uint64_t> memory = words.size() == 6 ? number(words[3]) : std::nullopt;
  const Result<std::string> salt = words.size() == 6 ? base64_decode(words[4]) : Result<std::string>(std::string());
  const Result<std::string> box = words.size() == 6 ? base64_decode(words[5]) : Result<std::string>(std::string());
  if (!operations || !memory || !salt || !box || box->size() < box_overhead)
    return key_lost(key_file, "a damaged key file");
  if (!ask)
    return fail(ErrorKind::unauthorised, "the key file is protected by a passphrase, and nobody was asked for it",
                {.where = key_file});
  const Result<Secret> passphrase = ask("the key file " + key_file);
  if (!passphrase) return passphrase.error();
  Result<std::string> key = key_from_passphrase(*passphrase, *salt, {*operations, *memory});
  if (!key) return std::move(key).error().while_doing("opening " + key_file);
  const WipedAtEnd wiped{*key};
  std::string lines;
  if (unboxed(*box, *key, lines)) return lines;
  return fail(ErrorKind::unauthorised, "the passphrase does not open the key file",
              {.found = "another passphrase, or a damaged file",
               .expected = "the passphrase that was given to slipway state rekey",
               .advice = "try again; if it is lost, take the key from an export with slipway state import",
               .where = key_file});
}

}  // namespace

bool key_is_protected(const std::string& key_file_text) { return key_file_text.starts_with(protected_mark); }

Error key_lost(const std::string& key_file, std::string found) {
  return fail(ErrorKind::unauthorised, "the state's secrets cannot be opened",
              {.found = std::move(found),
               .expected = "the key file that was made with this state",
               .advice = "put that key file back from a copy, or take it from an export: slipway state import SPEC "
                         "--file EXPORT. Without either, slipway state recover SPEC reads what it can off the machines",
               .where = key_file});
}

Sealer::~Sealer() {
  for (std::string& key : keys_) sodium_memzero(key.data(), key.size());
}

std::string Sealer::lines() const {
  std::string text;
  for (const std::string& key : keys_) text += base64_encode(key) + "\n";
  return text;
}

Result<void> Sealer::read_lines(const std::string& text) {
  for (const std::string& line : split(trim(text), '\n')) {
    Result<std::string> bytes = base64_decode(trim(line));
    if (!bytes || bytes->size() != crypto_secretbox_KEYBYTES)
      return key_lost(key_file_, "a file that holds no key of 32 bytes in base64");
    keys_.push_back(*std::move(bytes));
  }
  return {};
}

Result<Sealer> Sealer::open(FileLayer& files, const std::string& key_file, const AskPassphrase& ask) {
  Result<std::string> text = files.read(key_file);
  if (!text) return std::move(text).error();
  const WipedAtEnd wiped_file{*text};
  if (key_is_protected(*text)) {
    Result<std::string> lines = unprotected(*text, key_file, ask);
    if (!lines) return std::move(lines).error();
    sodium_memzero(text->data(), text->size());
    *text = *std::move(lines);
  }
  Sealer sealer;
  sealer.key_file_ = key_file;
  if (Result<void> read = sealer.read_lines(*text); !read) return std::move(read).error();
  return sealer;
}

Result<Sealer> Sealer::make(FileLayer& files, const std::string& key_file) {
  Sealer sealer;
  sealer.keys_.push_back(random_bytes(crypto_secretbox_KEYBYTES));
  sealer.key_file_ = key_file;
  if (Result<void> made = files.make_directories(folder_of(key_file)); !made) return std::move(made).error();
  if (Result<void> written = sealer.save(files, {}); !written)
    return std::move(written).error().while_doing("making the key of the state's secrets");
  return sealer;
}

Sealer Sealer::with_fresh_key() const {
  Sealer sealer(*this);
  sealer.keys_.insert(sealer.keys_.begin(), random_bytes(crypto_secretbox_KEYBYTES));
  return sealer;
}

Sealer Sealer::with_first_key_only() const {
  Sealer sealer;
  sealer.keys_ = {keys_.front()};
  sealer.key_file_ = key_file_;
  return sealer;
}

Result<void> Sealer::save(FileLayer& files, const Secret& passphrase) const {
  std::string text = lines();
  const WipedAtEnd wiped{text};
  if (passphrase.empty()) return write_durably(files, key_file_, text);
  const PassphraseCost cost;
  const std::string salt = random_bytes(16);
  Result<std::string> key = key_from_passphrase(passphrase, salt, cost);
  if (!key) return std::move(key).error();
  const WipedAtEnd wiped_key{*key};
  return write_durably(files, key_file_,
                       std::string(protected_mark) + std::to_string(cost.operations) + " " +
                           std::to_string(cost.memory_bytes) + " " + base64_encode(salt) + " " +
                           base64_encode(boxed(text, *key)) + "\n");
}

std::string Sealer::seal(const std::string& name, const Secret& value) const {
  std::string plain = name + '\0' + value.reveal();
  const WipedAtEnd wiped{plain};
  return base64_encode(boxed(plain, keys_.front()));
}

Result<Secret> Sealer::unseal(const std::string& name, const std::string& sealed) const {
  const auto damaged = [&](std::string found) {
    return fail(ErrorKind::corrupt, "a sealed secret is damaged",
                {.found = std::move(found),
                 .expected = "the sealed text of '" + name + "'",
                 .advice = "restore STATE.json from STATE.json.1 or a copy"});
  };
  const Result<std::string> bytes = base64_decode(sealed);
  if (!bytes || bytes->size() < box_overhead + name.size() + 1) return damaged("text that is too short or no base64");
  std::string plain;
  const WipedAtEnd wiped{plain};
  for (const std::string& key : keys_) {
    if (!unboxed(*bytes, key, plain)) continue;
    if (!plain.starts_with(name) || plain[name.size()] != '\0') return damaged("the sealed text of another secret");
    return Secret(plain.substr(name.size() + 1));
  }
  return key_lost(key_file_, "a key that does not open the secret '" + name + "'");
}

}  // namespace slipway
