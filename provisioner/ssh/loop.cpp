#include "ssh/loop.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/text.h"
#include "ssh/mailbox.h"
#include "ssh/tunnel.h"

namespace slipway::ssh {
namespace {

constexpr size_t jump_connections = 4;
constexpr Milliseconds jump_patience(1500);
constexpr Seconds address_lifetime(60);
/// Turns before the poll gets its chance to hear of new requests.
constexpr int turns = 16;

std::string key_of(const HostAccess& host) {
  return label_of(host.user, host.address, host.port) + "|" + join(host.host_keys, ",") + "|" + host.jump + "|" +
         join(host.jump_host_keys, ",");
}

Error shutting_down() {
  return fail(ErrorKind::cancelled, "the SSH connections are being closed",
              {.found = "the program ends", .advice = "run it again"});
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::start(Settings settings) {
  FileDescriptor wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.open())
    return fail(ErrorKind::quota, "no file descriptor left for SSH",
                {.found = std::strerror(errno), .advice = "raise ulimit -n"});
  return std::unique_ptr<Loop>(new Loop(std::move(settings), std::move(wake)));
}

Loop::Loop(Settings settings, FileDescriptor wake)
    : settings_(std::move(settings)), wake_(std::move(wake)), thread_([this] { work(); }) {}

Loop::~Loop() {
  stopping_ = true;
  wake();
  thread_.join();
}

void Loop::wake() {
  const uint64_t one = 1;
  // Full means that it is about to wake up anyway.
  (void)!write(wake_.number(), &one, sizeof one);
}

Result<std::vector<SocketAddress>> Loop::addresses_of(const HostAccess& host) {
  std::string address = host.address;
  uint16_t port = host.port;
  if (!host.jump.empty()) {
    const Result<JumpHost> jump = parse_jump(host.jump, host.user);
    if (!jump) return jump.error();
    address = jump->address;
    port = jump->port;
  }
  if (is_numeric_address(address)) return resolve(address, port);

  const std::string name = address + ":" + std::to_string(port);
  const Instant now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto known = addresses_.find(name);
    if (known != addresses_.end() && now < known->second.until) return known->second.addresses;
  }
  Result<std::vector<SocketAddress>> found = resolve(address, port);
  if (found) {
    const std::lock_guard lock(mutex_);
    addresses_[name] = {*found, now + address_lifetime};
  }
  return found;
}

void Loop::start(Request request, Deadline deadline, Completion completion) {
  Result<std::vector<SocketAddress>> addresses = addresses_of(request.host);
  if (!addresses) return completion(std::move(addresses).error());
  request.addresses = std::move(*addresses);
  auto exchange = std::make_unique<Exchange>(std::move(request), deadline, std::move(completion));
  {
    const std::lock_guard lock(mutex_);
    new_exchanges_.push_back(std::move(exchange));
  }
  wake();
}

Result<ScriptOutcome> Loop::run(Request request, Deadline deadline) {
  const auto box = std::make_shared<Mailbox>();
  const auto on_line = std::exchange(request.on_line, nullptr);
  const auto on_progress = std::exchange(request.on_progress, nullptr);
  if (on_line) request.on_line = [box](std::string_view text) { box->line(text); };
  if (on_progress) request.on_progress = [box](uint64_t sent, uint64_t total) { box->progress(sent, total); };
  start(std::move(request), deadline, [box](Result<ScriptOutcome> result) { box->result(std::move(result)); });
  return box->wait(on_line, on_progress);
}

void Loop::forget(const MachineName& machine) {
  {
    const std::lock_guard lock(mutex_);
    to_forget_.push_back(machine);
    // Its name may stand for another address now.
    addresses_.clear();
  }
  wake();
}

void Loop::work() {
  // Signals are for the thread that asked for them.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);

  while (!stopping_) {
    const bool had_orders = take_orders();
    const bool unfinished = pump_all();
    const bool moved_over = sweep();
    wait(had_orders || unfinished || moved_over);
  }

  take_orders();
  for (const auto& connection : connections_) {
    connection->close_politely();
    for (const auto& exchange : connection->take_movable()) exchange->answer(shutting_down());
  }
  connections_.clear();
}

bool Loop::take_orders() {
  std::vector<std::unique_ptr<Exchange>> exchanges;
  std::vector<MachineName> machines;
  {
    const std::lock_guard lock(mutex_);
    exchanges.swap(new_exchanges_);
    machines.swap(to_forget_);
  }
  // First forget: whoever forgot a machine and then asks for it wants a fresh connection.
  for (const MachineName& machine : machines)
    for (const auto& connection : connections_)
      if (connection->serves(machine))
        connection->die(fail(ErrorKind::unavailable, "the connection was given up",
                             {.found = machine.text() + " was restarted or made again",
                              .advice = "the script may or may not have run; the next call connects again",
                              .where = connection->label()}));
  for (auto& exchange : exchanges) {
    if (stopping_)
      exchange->answer(shutting_down());
    else
      place(std::move(exchange));
  }
  return !exchanges.empty() || !machines.empty();
}

std::shared_ptr<Connection> Loop::find(const std::string& key) {
  for (const auto& connection : connections_)
    if (connection->accepting() && connection->key() == key) return connection;
  return nullptr;
}

void Loop::place(std::unique_ptr<Exchange> exchange) {
  Result<std::shared_ptr<Connection>> connection = connection_for(exchange->request());
  if (!connection) return exchange->answer(std::move(connection).error());
  (*connection)->add(std::move(exchange));
}

Result<std::shared_ptr<Connection>> Loop::connection_for(const Request& request) {
  const HostAccess& host = request.host;
  const std::string key = key_of(host);
  if (auto found = find(key)) return found;

  Result<HostTrust> trust = HostTrust::from(host.host_keys, settings_.known_hosts, host.address, host.port);
  if (!trust) return std::move(trust).error();
  const std::string label = label_of(host.user, host.address, host.port);
  Milliseconds time = settings_.connect_timeout;
  std::unique_ptr<Link> link;
  if (host.jump.empty()) {
    link = std::make_unique<TcpLink>(request.addresses, label, time);
  } else {
    Result<JumpHost> jump = parse_jump(host.jump, host.user);
    if (!jump) return std::move(jump).error();
    time *= 2;  // The jump host's time, then its own.
    Request way{.host = host, .script = {}, .addresses = request.addresses};
    link = std::make_unique<TunnelLink>(
        host.address, host.port,
        [this, jump = *jump, way = std::make_shared<const Request>(std::move(way))] { return pick_jump(jump, *way); });
  }
  connections_.push_back(
      std::make_shared<Connection>(Connection::Target{key, host.user, label, std::move(*trust), time,
                                                      settings_.idle_limit, settings_.channels_per_host},
                                   std::move(link), settings_.key));
  return connections_.back();
}

Result<std::shared_ptr<Connection>> Loop::pick_jump(const JumpHost& jump, const Request& request) {
  const std::string label = label_of(jump.user, jump.address, jump.port);
  const std::string key = "jump|" + label + "|" + join(request.host.jump_host_keys, ",");
  const Instant overdue = std::chrono::steady_clock::now() - jump_patience;
  std::vector<std::shared_ptr<Connection>> candidates;
  for (const auto& connection : connections_)
    if (connection->accepting() && connection->key() == key) candidates.push_back(connection);
  for (const auto& connection : candidates)
    if (!connection->stuck_since(overdue)) return connection;
  if (candidates.size() >= jump_connections)
    return *std::min_element(candidates.begin(), candidates.end(),
                             [](const auto& a, const auto& b) { return a->orders() < b->orders(); });

  Result<HostTrust> trust =
      HostTrust::from(request.host.jump_host_keys, settings_.known_hosts, jump.address, jump.port);
  if (!trust) return std::move(trust).error();
  connections_.push_back(std::make_shared<Connection>(
      Connection::Target{key, jump.user, label, std::move(*trust), settings_.connect_timeout, settings_.idle_limit,
                         settings_.channels_per_host},
      std::make_unique<TcpLink>(request.addresses, label, settings_.connect_timeout), settings_.key));
  return connections_.back();
}

bool Loop::pump_all() {
  const Instant now = std::chrono::steady_clock::now();
  for (int turn = 0; turn < turns; ++turn) {
    bool moved = false;
    // By index: a tunnel may add its jump host's connection on the way.
    for (size_t i = 0; i < connections_.size(); ++i) {
      const std::shared_ptr<Connection> connection = connections_[i];
      moved |= connection->pump(now);
    }
    if (!moved) return false;
  }
  return true;
}

bool Loop::sweep() {
  std::vector<std::unique_ptr<Exchange>> movable;
  for (const auto& connection : connections_)
    for (auto& exchange : connection->take_movable()) movable.push_back(std::move(exchange));
  std::erase_if(connections_, [](const auto& connection) { return connection->dead(); });
  for (auto& exchange : movable) place(std::move(exchange));
  return !movable.empty();
}

void Loop::wait(bool again_at_once) {
  std::vector<pollfd> descriptors{{wake_.number(), POLLIN, 0}};
  std::vector<Connection*> waiting{nullptr};
  Instant until = std::chrono::steady_clock::now() + Seconds(60);
  for (const auto& connection : connections_) {
    until = std::min(until, connection->wake_at());
    const short events = connection->link().events();
    if (events == 0) continue;
    descriptors.push_back({connection->link().descriptor(), events, 0});
    waiting.push_back(connection.get());
  }
  // Rounded up, lest the last part of a millisecond is spent asking in circles.
  const int timeout = again_at_once ? 0 : static_cast<int>(Deadline{until}.left().count()) + 1;
  if (poll(descriptors.data(), descriptors.size(), timeout) <= 0) return;
  if (descriptors[0].revents != 0) {
    uint64_t count = 0;
    (void)!read(wake_.number(), &count, sizeof count);
  }
  for (size_t i = 1; i < descriptors.size(); ++i)
    if (descriptors[i].revents != 0) waiting[i]->link().signalled(descriptors[i].revents);
}

}  // namespace slipway::ssh
