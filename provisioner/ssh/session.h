#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ssh/host_trust.h"
#include "ssh/link.h"
#include "ssh/login_key.h"

struct _LIBSSH2_SESSION;
struct _LIBSSH2_CHANNEL;

namespace slipway::ssh {

using Channel = _LIBSSH2_CHANNEL;  ///< Owned by its session.

/// What became of a call that must not wait: `again` asks for the same call once the link has moved.
enum class Progress { done, again, failed };

/// One SSH session over a link: libssh2 behind a door. After `failed`, `last_error` says why. One thread.
class Session {
 public:
  /// REQUIRES: the link outlives the session.
  explicit Session(Link& link);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Agrees on algorithms and keys, asking for the host key types that `trust` can check.
  Progress handshake(const HostTrust& trust);
  std::string host_key() const;  ///< The bytes of the key that the host proved to hold.
  Progress log_in(const std::string& user, const LoginKey& key);
  /// True if the host refused the key, false if the login failed otherwise.
  bool key_was_refused() const;

  /// Opens a channel for a command, or, with a host given, a stream to that address as the other side sees it.
  /// libssh2 opens one channel at a time: REQUIRES: between `again` and the end no other `open` is begun.
  Progress open(const std::string& host, uint16_t port, Channel*& channel);
  /// Starts a command. May be followed by `write` before it is done, which saves a round trip.
  Progress execute(Channel* channel, const std::string& command);
  /// Bytes taken, 0 if none can be taken now, negative on failure. After 0 the same bytes must come first again.
  ssize_t write(Channel* channel, std::string_view bytes);
  Progress send_end(Channel* channel);
  enum class Stream { output, error };
  /// Bytes read, 0 if none are there now, negative on failure.
  ssize_t read(Channel* channel, Stream stream, char* buffer, size_t size);
  bool at_end(Channel* channel) const;  ///< The other side will send no more and all it sent was read.
  Progress wait_closed(Channel* channel);
  /// The command's exit status, 128 + signal if one ended it. REQUIRES: wait_closed is done.
  int exit_status(Channel* channel) const;
  /// Closes and frees the channel; what it still sends is dropped. After `done` or `failed` it is gone.
  Progress retire(Channel* channel);

  Progress keep_alive();
  void say_goodbye();
  std::string last_error() const;
  bool gave_up_waiting() const;  ///< True if the failure is that no answer came within libssh2's own 60 s.
  bool link_ended() const { return link_.ended(); }
  bool roomy() const { return link_.roomy(); }

 private:
  Progress progress(int status) const;

  Link& link_;
  _LIBSSH2_SESSION* handle_;
};

}  // namespace slipway::ssh
