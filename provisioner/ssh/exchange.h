#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"
#include "ports/hosts.h"
#include "ssh/remote_command.h"
#include "ssh/resolve.h"
#include "ssh/script_output.h"
#include "ssh/session.h"

namespace slipway::ssh {

/// One script for one host, and what it reads.
struct Request {
  HostAccess host;
  std::string script;
  std::string input{};    ///< What the script reads; or, where `file` is open,
  FileDescriptor file{};  ///< its first `file_size` bytes.
  uint64_t file_size = 0;
  std::string file_name{};  ///< For errors.
  std::function<void(std::string_view line)> on_line{};
  std::function<void(uint64_t sent, uint64_t total)> on_progress{};
  std::vector<SocketAddress> addresses{};  ///< Of the host, or of its jump host; filled in by the loop.
};

using Completion = std::function<void(Result<ScriptOutcome>)>;

/// A request on its way: one channel, one round trip. Answers its completion exactly once. One thread (the loop's).
class Exchange {
 public:
  Exchange(Request request, Deadline deadline, Completion completion);

  const Request& request() const { return request_; }
  Instant deadline() const { return deadline_; }
  std::string label() const;

  void give_channel(Channel* channel) { channel_ = channel; }
  Channel* channel() const { return channel_; }

  enum class Motion { none, some, session_broken };
  /// Does what can be done without waiting. REQUIRES: it has a channel and is not answered.
  Motion advance(Session& session);

  bool answered() const { return answered_; }
  void answer(Result<ScriptOutcome> result);

  /// True the first time: a request that never reached a command may move to a fresh connection once.
  bool may_move();

 private:
  Motion start_command(Session& session);
  Motion read(Session& session);
  Motion write(Session& session);
  bool next_chunk();
  void finish(Session& session);
  Error never_ran(int status) const;

  Request request_;
  Instant deadline_;
  Completion completion_;
  RemoteCommand command_;
  ScriptOutput output_;
  std::string error_output_;
  Channel* channel_ = nullptr;
  bool running_ = false;
  bool end_sent_ = false;
  bool answered_ = false;
  bool moved_ = false;
  std::string chunk_;
  size_t chunk_taken_ = 0;
  bool preamble_queued_ = false;
  uint64_t input_queued_ = 0;
  uint64_t input_size_ = 0;
  uint64_t progress_told_ = 0;
};

}  // namespace slipway::ssh
