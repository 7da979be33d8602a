#include "ssh/tunnel.h"

#include <array>
#include <charconv>

namespace slipway::ssh {
namespace {

/// An order this old means that the host behind it does not answer; others need not wait for it.
constexpr Milliseconds patience(1500);
constexpr size_t input_limit = 256 * 1024;

}  // namespace

Result<JumpHost> parse_jump(const std::string& text, const std::string& default_user) {
  const auto refused = [&text](const std::string& found) {
    return fail(ErrorKind::bad_input, "the jump host cannot be read",
                {.found = found,
                 .expected = "user@address:port",
                 .advice = "for example jump: admin@203.0.113.7:22",
                 .where = text});
  };
  JumpHost jump;
  const size_t at = text.rfind('@');
  jump.user = at == std::string::npos ? default_user : text.substr(0, at);
  std::string rest = at == std::string::npos ? text : text.substr(at + 1);
  std::string port;
  const size_t colon = rest.rfind(':');
  if (rest.starts_with('[')) {
    const size_t end = rest.find(']');
    if (end == std::string::npos) return refused("an address without its closing bracket");
    if (end + 1 < rest.size()) port = rest.substr(end + 1);
    rest = rest.substr(1, end - 1);
    if (!port.empty() && !port.starts_with(':')) return refused("\"" + port + "\" after the address");
  } else if (colon != std::string::npos && rest.find(':') == colon) {
    port = rest.substr(colon);
    rest = rest.substr(0, colon);
  }
  jump.address = rest;
  if (!port.empty()) {
    const auto [end, status] = std::from_chars(port.data() + 1, port.data() + port.size(), jump.port);
    if (status != std::errc() || end != port.data() + port.size() || jump.port == 0)
      return refused("port \"" + port.substr(1) + "\"");
  }
  if (jump.user.empty() || jump.address.empty()) return refused("no user or no address");
  return jump;
}

TunnelLink::TunnelLink(std::string host, uint16_t port, PickJump pick_jump)
    : host_(std::move(host)), port_(port), pick_jump_(std::move(pick_jump)) {}

TunnelLink::~TunnelLink() {
  if (order_) jump_->give_back(*order_);
}

Result<bool> TunnelLink::establish(Instant now) {
  const bool held_up = order_ && order_->state == ChannelOrder::State::queued && !jump_->dead() &&
                       (!jump_->accepting() || jump_->stuck_since(now - patience));
  if (!jump_ || held_up) {
    Result<std::shared_ptr<Connection>> picked = pick_jump_();
    if (!picked) return std::move(picked).error();
    if (*picked != jump_) {
      if (order_) jump_->give_back(*order_);
      jump_ = std::move(*picked);
      order_ = jump_->order_stream(host_, port_);
    }
  }
  if (jump_->dead()) return jump_->why_dead().while_doing("reaching " + host_ + " through jump host " + jump_->label());
  if (order_->state == ChannelOrder::State::failed)
    return fail(ErrorKind::unavailable, "the jump host cannot reach the host",
                {.found = order_->failure,
                 .expected = "a connection from " + jump_->label() + " to " + host_ + ":" + std::to_string(port_),
                 .advice = "check that the host is up, and AllowTcpForwarding in the jump host's sshd_config",
                 .where = host_ + ":" + std::to_string(port_)});
  return flowing();
}

bool TunnelLink::move() {
  if (!flowing() || !open()) return false;
  if (jump_->dead()) {
    closed("the jump host's connection broke: " + jump_->why_dead().found);
    return true;
  }
  bool moved = false;
  Session& session = jump_->session();
  while (!out_.empty() && session.roomy()) {
    const ssize_t count = session.write(order_->channel, out_.view());
    if (count <= 0) break;
    out_.pop(static_cast<size_t>(count));
    moved = true;
  }
  std::array<char, 32 * 1024> buffer;
  while (in_.size() < input_limit) {
    const ssize_t count = session.read(order_->channel, Session::Stream::output, buffer.data(), buffer.size());
    if (count <= 0) {
      if (count < 0) closed("the jump host's connection broke: " + session.last_error());
      break;
    }
    arrived({buffer.data(), static_cast<size_t>(count)});
    moved = true;
  }
  if (in_.size() < input_limit && open() && session.at_end(order_->channel)) closed("the host closed the connection");
  return moved || !open();
}

Instant TunnelLink::wake_at() const {
  if (flowing()) return Instant::max();
  return std::chrono::steady_clock::now() + patience;
}

std::string TunnelLink::doing() const {
  const std::string there = "connecting to " + host_ + ":" + std::to_string(port_);
  return jump_ ? there + " through jump host " + jump_->label() : there;
}

}  // namespace slipway::ssh
