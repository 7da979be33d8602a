#include "engine/walk.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace slipway {
namespace {

/// A queue between threads. `close` wakes everyone who waits on an empty queue.
template <class T>
class Channel {
 public:
  void put(T item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    ready_.notify_one();
  }
  std::optional<T> take() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }
  /// Everything there is, at least one. REQUIRES: it is never closed.
  std::deque<T> take_all() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return !items_.empty(); });
    return std::exchange(items_, {});
  }
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<T> items_;
  bool closed_ = false;
};

struct Task {
  size_t node;
  Job job;
};

struct Finished {
  size_t node;
  Conclusion conclusion;
};

/// A lane's holders and those parked in front of it.
struct Lane {
  size_t room = 1;
  size_t held = 0;
  std::deque<size_t> parked;
};

class Walker {
 public:
  Walker(const Graph& graph, const WalkRules& rules) : graph_(graph), rules_(rules) {}

  void run() {
    const auto& nodes = graph_.nodes();
    waiting_for_.resize(nodes.size());
    for (size_t i = 0; i < nodes.size(); ++i) {
      waiting_for_[i] = nodes[i].needs.size();
      if (waiting_for_[i] == 0) ready_.push_back(i);
    }
    settle();
    while (running_ > 0) {
      for (Finished& finished : finished_.take_all()) {
        --running_;
        if (finished.conclusion) finished.conclusion();
        release_lanes(finished.node);
        conclude(finished.node);
      }
      settle();
    }
    tasks_.close();
    workers_.clear();  // Joins.
  }

 private:
  /// Starts everything that can start now. A node without a job occupies no worker and frees none, so those that found
  /// no worker are tried again for as long as one is free.
  void settle() {
    for (;;) {
      while (!ready_.empty()) {
        const size_t node = ready_.front();
        ready_.pop_front();
        try_start(node);
      }
      for (size_t room = rules_.workers - std::min(running_, rules_.workers); room > 0 && !overflow_.empty(); --room) {
        ready_.push_back(overflow_.front());
        overflow_.pop_front();
      }
      if (ready_.empty()) return;
    }
  }

  void try_start(size_t node) {
    if (running_ >= rules_.workers) {
      overflow_.push_back(node);
      return;
    }
    for (const std::string& name : rules_.lanes(node)) {
      Lane& lane = lane_named(name);
      if (lane.held < lane.room) continue;
      lane.parked.push_back(node);
      if (rules_.waiting) rules_.waiting(node, name);
      return;
    }
    Job job = rules_.start(node);
    if (!job) {
      conclude(node);
      return;
    }
    for (const std::string& name : rules_.lanes(node)) ++lane_named(name).held;
    ++running_;
    if (workers_.size() < running_) add_worker();
    tasks_.put({node, std::move(job)});
  }

  void conclude(size_t node) {
    for (const size_t dependent : graph_.nodes()[node].wanted_by)
      if (--waiting_for_[dependent] == 0) ready_.push_back(dependent);
  }

  void release_lanes(size_t node) {
    for (const std::string& name : rules_.lanes(node)) {
      Lane& lane = lane_named(name);
      --lane.held;
      // All of them get a try: the first may park in front of another lane. Those that find no room park again.
      for (size_t count = std::min(lane.parked.size(), lane.room - lane.held + 1); count > 0; --count) {
        ready_.push_back(lane.parked.front());
        lane.parked.pop_front();
      }
    }
  }

  Lane& lane_named(const std::string& name) {
    const auto [place, fresh] = lanes_.try_emplace(name);
    if (fresh) place->second.room = std::max<size_t>(1, rules_.room(name));
    return place->second;
  }

  void add_worker() {
    workers_.emplace_back([this] {
      while (std::optional<Task> task = tasks_.take())
        task->job([this, node = task->node](Conclusion conclusion) { finished_.put({node, std::move(conclusion)}); });
    });
  }

  const Graph& graph_;
  const WalkRules& rules_;
  std::vector<size_t> waiting_for_;
  std::deque<size_t> ready_;     // Needs concluded; not tried yet.
  std::deque<size_t> overflow_;  // No worker free.
  std::unordered_map<std::string, Lane> lanes_;
  size_t running_ = 0;
  Channel<Task> tasks_;
  Channel<Finished> finished_;
  std::vector<std::jthread> workers_;
};

}  // namespace

void walk(const Graph& graph, const WalkRules& rules) { Walker(graph, rules).run(); }

}  // namespace slipway
