#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"
#include "ssh/resolve.h"

namespace slipway::ssh {

/// Bytes on their way, taken from the front.
class ByteQueue {
 public:
  void push(std::string_view bytes) { bytes_.append(bytes); }
  std::string_view view() const { return std::string_view(bytes_).substr(taken_); }
  size_t size() const { return bytes_.size() - taken_; }
  bool empty() const { return size() == 0; }
  void pop(size_t count);

 private:
  std::string bytes_;
  size_t taken_ = 0;
};

/// The byte stream below one SSH session.
///
/// libssh2 cannot switch to another channel's packet while the socket has taken only a part of the first one; it
/// answers such a switch with an error. So a Link takes every packet as a whole into a queue, and several channels may
/// write in turn. Who writes much asks `roomy()` first, which bounds the queue.
/// One thread (the loop's).
class Link {
 public:
  virtual ~Link() = default;

  /// Goes on with the connecting: true once bytes can flow. Errors: unavailable, and those of the jump host.
  virtual Result<bool> establish(Instant now) = 0;
  /// Moves what can be moved without waiting; true if any byte moved.
  virtual bool move() = 0;
  /// The socket below all of it.
  virtual int descriptor() const = 0;
  /// What the poll must wait for; 0: nothing.
  virtual short events() const = 0;
  /// Makes the next `move` read without being told to: an end that came in this instant is seen before more is sent.
  virtual void look() {}
  virtual void signalled(short events) = 0;
  /// When `establish` has work although nothing arrived.
  virtual Instant wake_at() const = 0;
  /// What it is busy with, for the error of a wait that ends: "connecting to 10.0.0.5:22".
  virtual std::string doing() const = 0;

  /// What libssh2's callbacks do: negative errno where nothing can be done now or ever, 0 at the end of the stream.
  ssize_t take(char* buffer, size_t size);
  ssize_t give(std::string_view bytes);

  bool roomy() const { return out_.size() < queue_limit; }
  /// True once the other side has closed or the connection broke, and all it sent was taken.
  bool ended() const { return closed_ && in_.empty(); }
  const std::string& why_closed() const { return why_closed_; }
  uint64_t received() const { return received_; }
  size_t held() const { return in_.size(); }  ///< Bytes that came and were not taken yet.
  /// The first bytes that came, kept until `forget_greeting`.
  const std::string& greeting() const { return greeting_; }
  void forget_greeting();
  /// From now on bytes are neither taken nor given.
  void cut(std::string why);

 protected:
  static constexpr size_t queue_limit = 512 * 1024;
  void arrived(std::string_view bytes);
  void closed(std::string why);
  bool open() const { return !closed_; }

  ByteQueue in_;
  ByteQueue out_;

 private:
  bool closed_ = false;
  std::string why_closed_;
  uint64_t received_ = 0;
  bool keep_greeting_ = true;
  std::string greeting_;
};

/// A TCP connection, made without waiting; addresses are tried in turn, each with its share of the time.
class TcpLink final : public Link {
 public:
  TcpLink(std::vector<SocketAddress> addresses, std::string label, Milliseconds time);

  Result<bool> establish(Instant now) override;
  bool move() override;
  int descriptor() const override { return socket_.number(); }
  short events() const override;
  void look() override { readable_ = true; }
  void signalled(short events) override;
  Instant wake_at() const override { return connected_ ? Instant::max() : attempt_until_; }
  std::string doing() const override { return "connecting to " + label_; }

 private:
  bool try_next(Instant now);
  bool read_some();
  bool write_some();

  std::deque<SocketAddress> left_;
  std::string label_;
  Instant give_up_at_;
  Instant attempt_until_{};
  FileDescriptor socket_;
  bool connected_ = false;
  bool readable_ = false;
  bool writable_ = false;
  std::string last_failure_;
};

}  // namespace slipway::ssh
