#include "ssh/connection.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::ssh {
namespace {

constexpr Seconds tick_span(15);
constexpr int silent_ticks_allowed = 3;
constexpr Seconds retire_span(30);

}  // namespace

Connection::Connection(Target target, std::unique_ptr<Link> link, const LoginKey& key)
    : target_(std::move(target)),
      key_(key),
      link_(std::move(link)),
      session_(std::make_unique<Session>(*link_)),
      began_(std::chrono::steady_clock::now()),
      set_up_until_(began_ + target_.time_to_set_up),
      next_tick_(began_ + tick_span),
      last_busy_(began_) {}

Connection::~Connection() = default;

void Connection::add(std::unique_ptr<Exchange> exchange) {
  machines_.insert(exchange->request().host.machine.text());
  waiting_.push_back(std::move(exchange));
  link_->look();
}

std::shared_ptr<ChannelOrder> Connection::order_stream(const std::string& host, uint16_t port) {
  auto order = std::make_shared<ChannelOrder>();
  order->host = host;
  order->port = port;
  orders_.push_back(order);
  return order;
}

void Connection::give_back(ChannelOrder& order) {
  order.abandoned = true;
  if (dead() || order.state != ChannelOrder::State::open) return;
  retiring_.push_back({order.channel, std::chrono::steady_clock::now() + retire_span});
  --streams_;
}

bool Connection::stuck_since(Instant instant) const {
  return !orders_.empty() && orders_.front()->state == ChannelOrder::State::opening && orders_.front()->since < instant;
}

bool Connection::busy() const {
  const bool wanted = std::any_of(orders_.begin(), orders_.end(), [](const auto& order) { return !order->abandoned; });
  return !waiting_.empty() || !running_.empty() || streams_ > 0 || wanted;
}

void Connection::die(Error why) {
  if (dead()) return;
  why_dead_ = std::move(why);
  for (auto& order : orders_) {
    order->state = ChannelOrder::State::failed;
    order->failure = why_dead_->summary;
  }
  orders_.clear();
  for (auto& exchange : waiting_) {
    // A connection that was ready and broke unnoticed says nothing about the host; one that never got ready does.
    if (stage_ == Stage::ready && exchange->may_move())
      movable_.push_back(std::move(exchange));
    else
      exchange->answer(*why_dead_);
  }
  waiting_.clear();
  for (auto& exchange : running_) exchange->answer(*why_dead_);
  running_.clear();
  spare_.clear();
  retiring_.clear();
  session_.reset();
  link_->cut("the connection ended");
}

void Connection::close_politely() {
  if (dead()) return;
  if (stage_ == Stage::ready) {
    session_->say_goodbye();
    link_->move();
  }
  die(fail(ErrorKind::cancelled, "the connection was closed", {.where = target_.label}));
}

bool Connection::pump(Instant now) {
  if (dead()) return false;
  bool moved = link_->move();
  if (stage_ != Stage::ready) moved |= set_up(now);
  if (!dead() && stage_ == Stage::ready) moved |= serve(now);
  expire(now);
  if (!dead()) moved |= link_->move();
  return moved || dead();
}

bool Connection::serve(Instant now) {
  if (!still_there()) return true;
  bool moved = hand_out_channels();
  moved |= drive_orders(now);
  if (dead()) return true;
  moved |= hand_out_channels();
  moved |= advance_exchanges();
  if (dead()) return true;
  moved |= retire_channels(now);
  tick(now);
  return moved;
}

bool Connection::hand_out_channels() {
  bool moved = false;
  while (!waiting_.empty() && !spare_.empty()) {
    Channel* channel = spare_.back();
    spare_.pop_back();
    if (session_->at_end(channel)) {  // The host closed it while it lay unused.
      retiring_.push_back({channel, std::chrono::steady_clock::now() + retire_span});
      continue;
    }
    waiting_.front()->give_channel(channel);
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    carried_something_ = moved = true;
  }
  const size_t in_use = running_.size() + retiring_.size();
  const size_t room = target_.channel_limit > in_use ? target_.channel_limit - in_use : 0;
  const size_t wanted = std::min(waiting_.size() + (keep_spare_ && room > 1 ? 1 : 0), room);
  const size_t coming = static_cast<size_t>(
      std::count_if(orders_.begin(), orders_.end(), [](const auto& order) { return order->host.empty(); }));
  for (size_t have = spare_.size() + coming; have < wanted; ++have) {
    orders_.push_back(std::make_shared<ChannelOrder>());
    moved = true;
  }
  return moved;
}

bool Connection::drive_orders(Instant now) {
  bool moved = false;
  while (!orders_.empty()) {
    const std::shared_ptr<ChannelOrder> order = orders_.front();
    if (order->abandoned && order->state == ChannelOrder::State::queued) {
      orders_.pop_front();
      continue;
    }
    if (order->state == ChannelOrder::State::queued) {
      order->state = ChannelOrder::State::opening;
      order->since = now;
    }
    const Progress progress = session_->open(order->host, order->port, order->channel);
    if (progress == Progress::again) break;
    moved = true;
    orders_.pop_front();
    if (progress == Progress::failed) {
      order->state = ChannelOrder::State::failed;
      order->failure = session_->last_error();
      if (session_->link_ended()) break;
      // A late answer would be taken for that to another order.
      if (session_->gave_up_waiting()) closing_ = true;
      if (order->host.empty() && order_failed(*order)) break;
      continue;
    }
    order->state = ChannelOrder::State::open;
    if (order->abandoned)
      retiring_.push_back({order->channel, now + retire_span});
    else if (order->host.empty())
      spare_.push_back(order->channel);
    else
      ++streams_;
  }
  return moved;
}

/// True if the connection is of no more use for orders.
bool Connection::order_failed(const ChannelOrder& order) {
  if (waiting_.empty()) {
    keep_spare_ = false;
    return false;
  }
  if (!running_.empty()) {
    // The host allows fewer sessions at once (MaxSessions) than we thought.
    target_.channel_limit = running_.size() + retiring_.size();
    keep_spare_ = false;
    return false;
  }
  const Error refused = fail(ErrorKind::unavailable, "the host opens no channel",
                             {.found = order.failure,
                              .expected = "room for a session",
                              .advice = "check MaxSessions in the host's sshd_config",
                              .where = target_.label});
  if (!carried_something_) {
    die(refused);
    return true;
  }
  // Scripts that outlive their channel still fill the host's MaxSessions; another connection has its own count.
  for (auto& exchange : waiting_) {
    if (exchange->may_move())
      movable_.push_back(std::move(exchange));
    else
      exchange->answer(refused);
  }
  waiting_.clear();
  closing_ = true;
  return true;
}

bool Connection::advance_exchanges() {
  bool moved = false;
  for (size_t i = 0; i < running_.size();) {
    Exchange& exchange = *running_[i];
    const Exchange::Motion motion = exchange.advance(*session_);
    if (motion == Exchange::Motion::session_broken) {
      die(broken());
      return true;
    }
    moved |= motion == Exchange::Motion::some;
    if (!exchange.answered()) {
      ++i;
      continue;
    }
    retiring_.push_back({exchange.channel(), std::chrono::steady_clock::now() + retire_span});
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    moved = true;
  }
  return moved;
}

bool Connection::retire_channels(Instant now) {
  bool moved = false;
  for (size_t i = 0; i < retiring_.size();) {
    const Progress progress = session_->retire(retiring_[i].channel);
    if (progress == Progress::again) {
      // A host that does not even close a channel is not asked for another one on this connection.
      if (now >= retiring_[i].until) closing_ = true;
      ++i;
      continue;
    }
    retiring_.erase(retiring_.begin() + static_cast<std::ptrdiff_t>(i));
    moved = true;
  }
  return moved;
}

bool Connection::still_there() {
  // Any read lets libssh2 take in what came, the host's own keep-alive questions and its farewell among it.
  char nothing = 0;
  const bool idle = link_->held() > 0 && !spare_.empty();
  const bool read = !idle || session_->read(spare_.front(), Session::Stream::output, &nothing, 1) >= 0;
  if (read && !session_->link_ended()) return true;
  die(broken());
  return false;
}

Error Connection::broken() const {
  return fail(ErrorKind::unavailable, "the connection to the host broke",
              {.found = session_->last_error(),
               .advice = "the script may or may not have run; the next call connects again",
               .where = target_.label});
}

void Connection::tick(Instant now) {
  if (busy()) last_busy_ = now;
  if (closing_ && !busy()) return close_politely();
  if (now < next_tick_) return;
  next_tick_ = now + tick_span;
  if (now - last_busy_ >= target_.idle_limit) return close_politely();
  silent_ticks_ = link_->received() == heard_at_tick_ ? silent_ticks_ + 1 : 0;
  heard_at_tick_ = link_->received();
  if (silent_ticks_ > silent_ticks_allowed)
    return die(fail(
        ErrorKind::unavailable, "the host went silent",
        {.found = "no sign of life for " + format_seconds(static_cast<double>((tick_span * silent_ticks_).count())),
         .advice = "the script may or may not have run; the next call connects again",
         .where = target_.label}));
  (void)session_->keep_alive();
}

void Connection::expire(Instant now) {
  if (dead()) return;
  const auto late = [now](const std::unique_ptr<Exchange>& exchange) { return now >= exchange->deadline(); };
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (!late(*it)) {
      ++it;
      continue;
    }
    const std::unique_ptr<Exchange> exchange = std::move(*it);
    it = waiting_.erase(it);
    exchange->answer(fail(ErrorKind::timeout, "no connection in time",
                          {.found = "still " + doing(),
                           .expected = "a script started before its deadline; it did not run",
                           .where = target_.label}));
  }
  for (size_t i = 0; i < running_.size();) {
    if (!late(running_[i])) {
      ++i;
      continue;
    }
    running_[i]->answer(fail(ErrorKind::timeout, "a script did not end in time",
                             {.found = "it was still running, or still being sent, at its deadline",
                              .expected = "its end",
                              .advice = "it may go on running on the host; the next run looks first",
                              .where = target_.label}));
    retiring_.push_back({running_[i]->channel(), now + retire_span});
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

Instant Connection::wake_at() const {
  if (dead()) return Instant::max();
  Instant wake = stage_ == Stage::ready ? next_tick_ : std::min(set_up_until_, link_->wake_at());
  for (const auto& exchange : waiting_) wake = std::min(wake, exchange->deadline());
  for (const auto& exchange : running_) wake = std::min(wake, exchange->deadline());
  return wake;
}

}  // namespace slipway::ssh
