#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ssh/exchange.h"
#include "ssh/host_trust.h"
#include "ssh/link.h"
#include "ssh/session.h"

namespace slipway::ssh {

/// A channel that someone asked for. libssh2 opens one at a time, so the orders of a connection stand in a queue.
struct ChannelOrder {
  std::string host;  ///< Empty: for a command. Else a stream to host:port as the other side sees it.
  uint16_t port = 0;
  enum class State { queued, opening, open, failed } state = State::queued;
  Channel* channel = nullptr;
  std::string failure;
  Instant since{};
  bool abandoned = false;  ///< Nobody waits any more.
};

/// One connection to one host: gets ready, carries several exchanges at once, keeps a channel open in advance so that
/// the next script costs one round trip, notices a dead peer. Once dead it stays dead. One thread (the loop's).
class Connection {
 public:
  struct Target {
    std::string key;  ///< Same key, same connection.
    std::string user;
    std::string label;  ///< "root@10.0.0.5:22"
    HostTrust trust;
    Milliseconds time_to_set_up;
    Milliseconds idle_limit;
    size_t channel_limit;
  };
  Connection(Target target, std::unique_ptr<Link> link, const LoginKey& key);
  ~Connection();

  const std::string& key() const { return target_.key; }
  const std::string& label() const { return target_.label; }

  void add(std::unique_ptr<Exchange> exchange);
  bool serves(const MachineName& machine) const { return machines_.contains(machine.text()); }
  bool accepting() const { return !dead() && !closing_; }

  std::shared_ptr<ChannelOrder> order_stream(const std::string& host, uint16_t port);
  void give_back(ChannelOrder& order);
  /// True while an order has been waiting for the other side since before `instant`.
  bool stuck_since(Instant instant) const;
  size_t orders() const { return orders_.size(); }
  /// REQUIRES: ready and not dead.
  Session& session() { return *session_; }
  bool ready() const { return stage_ == Stage::ready; }

  /// Does what can be done without waiting; true if anything moved.
  bool pump(Instant now);
  /// When `pump` has work although nothing arrived.
  Instant wake_at() const;
  Link& link() { return *link_; }

  /// Ends it; what runs on it is answered with the error.
  void die(Error why);
  void close_politely();
  bool dead() const { return why_dead_.has_value(); }
  const Error& why_dead() const { return *why_dead_; }
  /// Exchanges that never started here and may be tried on a fresh connection.
  std::vector<std::unique_ptr<Exchange>> take_movable() { return std::exchange(movable_, {}); }

 private:
  enum class Stage { linking, greeting, login, ready };

  bool set_up(Instant now);
  bool greet();
  bool log_in();
  bool serve(Instant now);
  bool drive_orders(Instant now);
  bool order_failed(const ChannelOrder& order);
  bool hand_out_channels();
  bool advance_exchanges();
  bool retire_channels(Instant now);
  bool still_there();
  void tick(Instant now);
  void expire(Instant now);
  bool busy() const;
  std::string doing() const;
  Error broken() const;
  Error greeting_failed() const;
  Error login_failed() const;
  Error too_slow() const;

  Target target_;
  const LoginKey& key_;
  std::unique_ptr<Link> link_;
  std::unique_ptr<Session> session_;
  Stage stage_ = Stage::linking;
  Instant began_;
  Instant set_up_until_;
  std::set<std::string> machines_;

  std::deque<std::unique_ptr<Exchange>> waiting_;
  std::vector<std::unique_ptr<Exchange>> running_;
  std::vector<std::unique_ptr<Exchange>> movable_;
  std::deque<std::shared_ptr<ChannelOrder>> orders_;
  std::vector<Channel*> spare_;
  struct Retiring {
    Channel* channel;
    Instant until;
  };
  std::vector<Retiring> retiring_;
  size_t streams_ = 0;
  bool keep_spare_ = true;
  bool carried_something_ = false;
  bool closing_ = false;

  Instant next_tick_{};
  Instant last_busy_{};
  uint64_t heard_at_tick_ = 0;
  int silent_ticks_ = 0;
  std::optional<Error> why_dead_;
};

}  // namespace slipway::ssh
