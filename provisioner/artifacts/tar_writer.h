#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

/// Writes a tar archive whose bytes depend on nothing but the calls: owner root, time 1970-01-01, no names of users.
/// Errors:  of every call: those of the sink, and of files that cannot be read.
/// Threads: one.
class TarWriter {
 public:
  /// Takes the archive's bytes in order.
  using Sink = std::function<Result<void>(std::string_view bytes)>;

  explicit TarWriter(Sink sink);
  ~TarWriter();
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  /// Paths are relative, e.g. "usr/bin/x".
  Result<void> add_directory(const std::string& path, int mode);
  Result<void> add_link(const std::string& path, const std::string& target);
  Result<void> add_text(const std::string& path, int mode, std::string_view text);
  /// The file's content as it is now, read once.
  Result<void> add_file(const std::string& path, int mode, const std::string& local_path);
  /// Content of `size` bytes that `produce` hands piece by piece to the sink it is given.
  Result<void> add_stream(const std::string& path, int mode, uint64_t size,
                          const std::function<Result<void>(const Sink&)>& produce);
  /// Ends the archive. REQUIRES: nothing is added afterwards.
  Result<void> finish();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace slipway
