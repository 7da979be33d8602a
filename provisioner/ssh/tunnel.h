#pragma once
#include <functional>
#include <memory>
#include <string>

#include "ssh/connection.h"
#include "ssh/link.h"

namespace slipway::ssh {

/// A jump host as the spec writes it: "user@address:port"; user and port may be missing, an IPv6 address with a port
/// stands in brackets.
struct JumpHost {
  std::string user;
  std::string address;
  uint16_t port = 22;
};
/// Errors: bad_input.
Result<JumpHost> parse_jump(const std::string& text, const std::string& default_user);

/// A stream to a host through a channel of the jump host's connection. One thread (the loop's).
class TunnelLink final : public Link {
 public:
  /// Finds the connection to go through; called again where the first one is held up by a host that does not answer.
  using PickJump = std::function<Result<std::shared_ptr<Connection>>()>;

  TunnelLink(std::string host, uint16_t port, PickJump pick_jump);
  ~TunnelLink() override;

  Result<bool> establish(Instant now) override;
  bool move() override;
  int descriptor() const override { return jump_ ? jump_->link().descriptor() : -1; }
  short events() const override { return 0; }
  void signalled(short) override {}
  Instant wake_at() const override;
  std::string doing() const override;

 private:
  bool flowing() const { return order_ && order_->state == ChannelOrder::State::open; }

  std::string host_;
  uint16_t port_;
  PickJump pick_jump_;
  std::shared_ptr<Connection> jump_;
  std::shared_ptr<ChannelOrder> order_;
};

}  // namespace slipway::ssh
