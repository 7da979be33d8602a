#include "ssh/link.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace slipway::ssh {
namespace {

constexpr size_t greeting_limit = 16 * 1024;
constexpr size_t input_limit = 256 * 1024;

void set_option(int socket, int level, int name, int value) {
  // A kernel without the option still gives a working connection.
  (void)setsockopt(socket, level, name, &value, sizeof value);
}

/// Lets the kernel notice a machine that is gone without a word.
void watch_for_silence(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 5);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 40'000);
}

}  // namespace

void ByteQueue::pop(size_t count) {
  taken_ += count;
  if (taken_ == bytes_.size()) {
    bytes_.clear();
    taken_ = 0;
  } else if (taken_ > bytes_.size() / 2) {
    bytes_.erase(0, taken_);
    taken_ = 0;
  }
}

ssize_t Link::take(char* buffer, size_t size) {
  if (in_.empty()) return closed_ ? 0 : -EAGAIN;
  const size_t count = std::min(size, in_.size());
  std::memcpy(buffer, in_.view().data(), count);
  in_.pop(count);
  return static_cast<ssize_t>(count);
}

ssize_t Link::give(std::string_view bytes) {
  if (closed_) return -EPIPE;
  out_.push(bytes);
  return static_cast<ssize_t>(bytes.size());
}

void Link::forget_greeting() {
  keep_greeting_ = false;
  greeting_.clear();
}

void Link::arrived(std::string_view bytes) {
  received_ += bytes.size();
  in_.push(bytes);
  if (keep_greeting_ && greeting_.size() < greeting_limit)
    greeting_.append(bytes.substr(0, greeting_limit - greeting_.size()));
}

void Link::closed(std::string why) {
  if (closed_) return;
  closed_ = true;
  why_closed_ = std::move(why);
}

void Link::cut(std::string why) {
  closed(std::move(why));
  in_.pop(in_.size());
  out_.pop(out_.size());
}

TcpLink::TcpLink(std::vector<SocketAddress> addresses, std::string label, Milliseconds time)
    : left_(addresses.begin(), addresses.end()),
      label_(std::move(label)),
      give_up_at_(std::chrono::steady_clock::now() + time) {}

bool TcpLink::try_next(Instant now) {
  while (!left_.empty()) {
    attempt_until_ = now + (give_up_at_ - now) / static_cast<int>(left_.size());
    const SocketAddress address = left_.front();
    left_.pop_front();
    const auto* where = reinterpret_cast<const sockaddr*>(&address.bytes);
    socket_ = FileDescriptor(socket(where->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket_.open()) {
      watch_for_silence(socket_.number());
      if (connect(socket_.number(), where, address.size) == 0 || errno == EINPROGRESS) return true;
    }
    last_failure_ = std::strerror(errno);
  }
  socket_.close();
  return false;
}

Result<bool> TcpLink::establish(Instant now) {
  const auto given_up = [this]() {
    return fail(ErrorKind::unavailable, "the host cannot be reached",
                {.found = last_failure_,
                 .expected = "an SSH server",
                 .advice = "check that the host is up, its address and port, and the firewalls in between",
                 .where = label_});
  };
  if (connected_) return true;
  if (!socket_.open()) {
    if (!try_next(now)) return given_up();
    return false;
  }
  if (writable_) {
    int status = 0;
    socklen_t size = sizeof status;
    getsockopt(socket_.number(), SOL_SOCKET, SO_ERROR, &status, &size);
    if (status == 0) {
      connected_ = true;
      return true;
    }
    last_failure_ = std::strerror(status);
  } else if (now < attempt_until_) {
    return false;
  } else {
    last_failure_ = "no answer";
  }
  writable_ = false;
  if (!try_next(now)) return given_up();
  return false;
}

short TcpLink::events() const {
  if (!socket_.open() || !open()) return 0;
  if (!connected_) return POLLOUT;
  short wanted = 0;
  if (!readable_ && in_.size() < input_limit) wanted |= POLLIN;
  if (!writable_ && !out_.empty()) wanted |= POLLOUT;
  return wanted;
}

void TcpLink::signalled(short events) {
  if (events & (POLLIN | POLLHUP | POLLERR)) readable_ = true;
  if (events & (POLLOUT | POLLHUP | POLLERR)) writable_ = true;
}

bool TcpLink::move() {
  if (!connected_ || !open()) return false;
  const bool wrote = write_some();
  return read_some() || wrote;
}

bool TcpLink::read_some() {
  bool moved = false;
  std::array<char, 64 * 1024> buffer;
  while (readable_ && open() && in_.size() < input_limit) {
    const ssize_t count = recv(socket_.number(), buffer.data(), buffer.size(), 0);
    if (count > 0) {
      arrived({buffer.data(), static_cast<size_t>(count)});
      moved = true;
    } else if (count == 0) {
      closed("the host closed the connection");
    } else if (errno == EAGAIN) {
      readable_ = false;
    } else if (errno != EINTR) {
      closed(std::strerror(errno));
    }
  }
  return moved || !open();
}

bool TcpLink::write_some() {
  bool moved = false;
  while (writable_ && open() && !out_.empty()) {
    const std::string_view bytes = out_.view();
    const ssize_t count = send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      out_.pop(static_cast<size_t>(count));
      moved = true;
    } else if (errno == EAGAIN) {
      writable_ = false;
    } else if (errno != EINTR) {
      // What the host said before it closed is still to be read.
      if (errno != EPIPE && errno != ECONNRESET) closed(std::strerror(errno));
      writable_ = false;
      readable_ = true;
      break;
    }
  }
  return moved;
}

}  // namespace slipway::ssh
