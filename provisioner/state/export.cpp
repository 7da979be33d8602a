#include "state/export.h"

#include <cstdlib>
#include <optional>
#include <sodium.h>

#include "base/digest.h"
#include "state/disk.h"
#include "state/lock.h"
#include "state/snapshot.h"
#include "state/store.h"

namespace slipway {
namespace {

constexpr std::string_view magic = "slipway-export ";
constexpr int export_format = 1;
constexpr size_t chunk_size = 65536;
constexpr size_t stream_header_size = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
constexpr size_t chunk_overhead = crypto_secretstream_xchacha20poly1305_ABYTES;

using Stream = crypto_secretstream_xchacha20poly1305_state;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Error no_export(const std::string& path, std::string found) {
  return fail(ErrorKind::corrupt, "not a readable export",
              {.found = std::move(found),
               .expected = "a file that slipway state export wrote, whole",
               .advice = "use another copy of it",
               .where = path});
}

/// The two readable lines, and where the sealed part begins.
struct Envelope {
  ExportLabel label;
  PassphraseCost cost;
  std::string salt;
  std::string_view head, sealed;
};

Result<Envelope> read_envelope(std::string_view bytes, const std::string& path) {
  if (!bytes.starts_with(magic)) return no_export(path, "another kind of file");
  const size_t first = bytes.find('\n');
  const size_t second = first == std::string_view::npos ? first : bytes.find('\n', first + 1);
  if (second == std::string_view::npos) return no_export(path, "a file that ends in its first lines");
  const std::string_view format = bytes.substr(magic.size(), first - magic.size());
  if (format != std::to_string(export_format)) {
    const bool number = !format.empty() && format.find_first_not_of("0123456789") == std::string_view::npos;
    if (!number) return no_export(path, "no format in its first line");
    return fail(ErrorKind::bad_input, "the export was written by a newer Slipway",
                {.found = "format " + std::string(format),
                 .expected = "format " + std::to_string(export_format),
                 .advice = "import it with the version that wrote it",
                 .where = path});
  }
  const Value head = Value::parse(bytes.substr(first + 1, second - first - 1), nullptr, false);
  const auto is_number = [&](const char* key) { return head.contains(key) && head[key].is_number_unsigned(); };
  if (!head.is_object() || !is_number("serial") || !is_number("operations") || !is_number("memory"))
    return no_export(path, "a second line that makes no sense");
  Result<std::string> salt = base64_decode(text_at(head, "salt"));
  if (!salt) return no_export(path, "a salt that cannot be read");
  return Envelope{.label = {.cluster = text_at(head, "cluster"),
                            .lineage = text_at(head, "lineage"),
                            .created = text_at(head, "created"),
                            .serial = head["serial"]},
                  .cost = {.operations = head["operations"], .memory_bytes = head["memory"]},
                  .salt = *std::move(salt),
                  .head = bytes.substr(0, second + 1),
                  .sealed = bytes.substr(second + 1)};
}

/// Every byte goes through base64, so that the content may be of any kind.
std::string content_text(const ExportContent& content) {
  Value files = Value::object();
  for (const auto& [path, text] : content.files) files[path] = base64_encode(text);
  const Value document = {{"state", base64_encode(snapshot_text(content.state))},
                          {"key", base64_encode(content.key)},
                          {"spec_name", base64_encode(content.spec_name)},
                          {"spec", base64_encode(content.spec)},
                          {"files", files}};
  return document.dump(-1, ' ', false, Value::error_handler_t::replace);
}

Result<ExportContent> read_content(const std::string& text, const std::string& path) {
  const Value document = Value::parse(text, nullptr, false);
  if (!document.is_object()) return no_export(path, "a content that is no JSON object");
  std::string unreadable;
  const auto field = [&](const Value& holder, const std::string& name) {
    Result<std::string> bytes = base64_decode(text_at(holder, name.c_str()));
    if (!bytes) unreadable = name;
    return bytes ? *std::move(bytes) : std::string();
  };
  const std::string state = field(document, "state");
  ExportContent content;
  content.key = field(document, "key");
  content.spec_name = field(document, "spec_name");
  content.spec = field(document, "spec");
  const Value files = document.value("files", Value::object());
  if (!files.is_object()) return no_export(path, "files that are no object");
  for (const auto& [name, ignored] : files.items()) content.files[name] = field(files, name);
  if (!unreadable.empty()) return no_export(path, "a field '" + unreadable + "' that is no base64");
  Result<Snapshot> snapshot = read_snapshot(state, path);
  if (!snapshot) return std::move(snapshot).error().while_doing("reading the state inside the export");
  content.state = std::move(snapshot->state);
  return content;
}

}  // namespace

Result<std::string> seal_export(const ExportContent& content, const Secret& passphrase, const PassphraseCost& cost) {
  const std::string salt = random_bytes(16);
  Result<std::string> key = key_from_passphrase(passphrase, salt, cost);
  if (!key) return std::move(key).error();
  const WipedAtEnd wiped_key{*key};
  const Value head = {{"cluster", content.state.cluster}, {"lineage", content.state.lineage},
                      {"serial", content.state.serial},   {"created", content.created},
                      {"operations", cost.operations},    {"memory", cost.memory_bytes},
                      {"salt", base64_encode(salt)}};
  std::string out = std::string(magic) + std::to_string(export_format) + "\n" +
                    head.dump(-1, ' ', false, Value::error_handler_t::replace) + "\n";
  const std::string authenticated = out;
  std::string plain = content_text(content);
  const WipedAtEnd wiped{plain};
  Stream stream;
  std::string stream_header(stream_header_size, '\0');
  crypto_secretstream_xchacha20poly1305_init_push(&stream, bytes_of(stream_header), bytes_of(*key));
  out += stream_header;
  for (size_t at = 0; at == 0 || at < plain.size(); at += chunk_size) {
    const std::string_view chunk = std::string_view(plain).substr(at, chunk_size);
    const bool last = at + chunk_size >= plain.size();
    std::string sealed(chunk.size() + chunk_overhead, '\0');
    crypto_secretstream_xchacha20poly1305_push(&stream, bytes_of(sealed), nullptr, bytes_of(chunk), chunk.size(),
                                               bytes_of(std::string_view(authenticated)), authenticated.size(),
                                               last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
    out += sealed;
  }
  sodium_memzero(&stream, sizeof stream);
  return out;
}

Result<ExportLabel> read_export_label(std::string_view bytes, const std::string& path) {
  Result<Envelope> envelope = read_envelope(bytes, path);
  if (!envelope) return std::move(envelope).error();
  return envelope->label;
}

Result<ExportContent> open_export(std::string_view bytes, const Secret& passphrase, const std::string& path) {
  const Result<Envelope> envelope = read_envelope(bytes, path);
  if (!envelope) return envelope.error();
  std::string_view sealed = envelope->sealed;
  if (sealed.size() < stream_header_size + chunk_overhead) return no_export(path, "a file that was cut short");
  Result<std::string> key = key_from_passphrase(passphrase, envelope->salt, envelope->cost);
  if (!key) return std::move(key).error().while_doing("opening " + path);
  const WipedAtEnd wiped_key{*key};
  Stream stream;
  if (crypto_secretstream_xchacha20poly1305_init_pull(&stream, bytes_of(sealed), bytes_of(*key)) != 0)
    return no_export(path, "a damaged stream header");
  sealed.remove_prefix(stream_header_size);
  std::string plain;
  const WipedAtEnd wiped{plain};
  unsigned char tag = 0;
  bool first = true;
  while (!sealed.empty() && tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
    const std::string_view chunk = sealed.substr(0, chunk_size + chunk_overhead);
    if (chunk.size() < chunk_overhead) return no_export(path, "a file that was cut short");
    std::string opened(chunk.size() - chunk_overhead, '\0');
    const WipedAtEnd wiped_chunk{opened};
    if (crypto_secretstream_xchacha20poly1305_pull(&stream, bytes_of(opened), nullptr, &tag, bytes_of(chunk),
                                                   chunk.size(), bytes_of(envelope->head),
                                                   envelope->head.size()) != 0) {
      if (!first) return no_export(path, "damage after " + std::to_string(plain.size()) + " bytes of its content");
      return fail(ErrorKind::unauthorised, "the export does not open",
                  {.found = "another passphrase, or damage at its beginning",
                   .expected = "the passphrase it was written with at " + envelope->label.created,
                   .advice = "try the passphrase again",
                   .where = path});
    }
    plain += opened;
    sealed.remove_prefix(chunk.size());
    first = false;
  }
  sodium_memzero(&stream, sizeof stream);
  if (tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL) return no_export(path, "a file that was cut short");
  if (!sealed.empty()) return no_export(path, "bytes after its end");
  Result<ExportContent> content = read_content(plain, path);
  if (content) content->created = envelope->label.created;
  return content;
}

Result<Imported> import_state(const ExportContent& content, const ImportOptions& options) {
  const std::shared_ptr<FileLayer> files = real_files();
  if (Result<void> made = files->make_directories(options.directory); !made) return std::move(made).error();
  Result<StateLock> lock = StateLock::acquire(options.directory, "state import", options.wait);
  if (!lock) return std::move(lock).error();
  StateDisk disk(files, options.directory);
  const Result<LoadedState> present = disk.load();
  if (!present) return Error(present.error()).while_doing("looking at the state that lies here already");
  const State& here = present->state;
  if (present->exists && here.lineage != content.state.lineage)
    return fail(ErrorKind::bad_input, "another state lies here already",
                {.found = "cluster '" + here.cluster + "', lineage " + here.lineage,
                 .expected = "no state, or one of lineage " + content.state.lineage,
                 .advice = "name another folder with --state-dir, or move this one away",
                 .where = options.directory});
  const std::string key_file = options.key_file.empty() ? key_file_of(content.state.lineage) : options.key_file;
  if (Result<void> made = files->make_directories(folder_of(key_file)); !made) return std::move(made).error();
  const bool newer_here = present->exists && here.serial >= content.state.serial;
  const Result<std::string> key_here = files->read(key_file);
  if (!key_here && key_here.error().kind != ErrorKind::not_found) return key_here.error();
  if (key_here && *key_here != content.key) {
    if (newer_here)
      return fail(ErrorKind::bad_input, "the state here is newer than the export, and has a key file of its own",
                  {.found = "change " + std::to_string(here.serial) + " here, " + std::to_string(content.state.serial) +
                            " in the export",
                   .expected = "an older state here, or no key file",
                   .advice = "if that key file is the wrong one, move it away and import again",
                   .where = key_file});
    // A key may be the last one of its kind: it is never written over.
    if (Result<void> kept = files->rename(key_file, key_file + ".before-import"); !kept) return std::move(kept).error();
  }
  // The key first: a state whose key is not there yet would look like one whose key is lost.
  if (Result<void> written = write_durably(*files, key_file, content.key); !written)
    return std::move(written).error().while_doing("putting the key back");
  if (newer_here) return Imported::key_only;
  if (present->exists)
    if (Result<void> ready = disk.take_up(*present); !ready) return std::move(ready).error();
  if (Result<void> written = disk.create(content.state); !written) return std::move(written).error();
  return Imported::state_and_key;
}

}  // namespace slipway
