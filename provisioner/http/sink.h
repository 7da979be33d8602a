#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "http/message.h"

namespace slipway {

/// Where the pieces of an answer's body go. A body with a status outside 2xx always goes to HttpResponse::body.
class Sink {
 public:
  virtual ~Sink() = default;
  /// May the server compress the body? Compressed bytes cannot be resumed, and hold back the lines of a stream.
  virtual bool takes_compressed() const { return false; }
  /// Takes one piece; false ends the transfer, with failure() or, where that is empty, as a success.
  virtual bool take(HttpResponse& answer, std::string_view piece) = 0;
  /// The answer is complete.
  virtual Result<void> finish(HttpResponse& /*answer*/) { return {}; }
  const std::optional<Error>& failure() const { return failure_; }

 protected:
  bool refuse(Error error);
  std::optional<Error> failure_;
};

/// Into HttpResponse::body, up to a limit.
class BodySink : public Sink {
 public:
  explicit BodySink(const HttpRequest& request) : request_(request) {}
  bool takes_compressed() const override { return true; }
  bool take(HttpResponse& answer, std::string_view piece) override;

 protected:
  Error too_large() const;
  const HttpRequest& request_;
};

/// Line by line to the request's `on_line`.
class LineSink final : public BodySink {
 public:
  using BodySink::BodySink;
  bool takes_compressed() const override { return false; }
  bool take(HttpResponse& answer, std::string_view piece) override;
  Result<void> finish(HttpResponse& answer) override;

 private:
  bool hand_over(std::string_view line) const;
  std::string pending_;
};

/// Into a file, after the bytes that are there already where the server agrees to send the rest only.
class FileSink final : public BodySink {
 public:
  /// REQUIRES: open() before the transfer starts.
  FileSink(const HttpRequest& request, std::string path) : BodySink(request), path_(std::move(path)) {}
  Result<void> open();
  bool takes_compressed() const override { return false; }
  /// The bytes that are there when the transfer starts.
  uint64_t offset() const { return offset_; }
  /// The whole body is asked for: the next piece goes to the start.
  void start_over() { offset_ = 0; }
  /// True after a failure in which the server sent another part than asked for.
  bool wrong_part() const { return wrong_part_; }
  bool take(HttpResponse& answer, std::string_view piece) override;
  Result<void> finish(HttpResponse& answer) override;

 private:
  bool position(const HttpResponse& answer);
  std::string path_;
  FileDescriptor file_;
  uint64_t offset_ = 0;
  bool positioned_ = false;
  bool wrong_part_ = false;
};

}  // namespace slipway
