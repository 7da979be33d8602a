#pragma once
// How far a run has come, out of its plan and its events: what the live view draws. No I/O and no clock.

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/event.h"
#include "graph/plan.h"

namespace slipway {

/// How many of a group's steps are where.
struct StepCounts {
  size_t total = 0, done = 0, running = 0, failed = 0, blocked = 0;
  size_t left() const { return total - done - failed - blocked; }
};

class RunProgress {
 public:
  struct Running {
    StepId step;
    MachineName machine;
    Layer layer = Layer::cluster;
    Instant since{};
    Milliseconds expected{0};  ///< What it took last time, else a guess.
    std::string text{};        ///< The last line that it said.
    size_t place = 0;          ///< In the plan's order.
  };

  /// `title`: "bootstrap demo".
  RunProgress(const Plan& plan, std::string title);
  /// `now`: when it arrived.
  void on_event(const Event& event, Instant now);

  const std::string& title() const { return title_; }
  /// What all of it is expected to take: the longest chain of steps, each as long as it took last time.
  Milliseconds expected() const { return expected_; }
  const StepCounts& all() const { return all_; }
  const StepCounts& of(Layer layer) const { return layers_[static_cast<size_t>(layer)]; }
  StepCounts of(Layer layer, const MachineName& machine) const;
  /// In the plan's order.
  std::vector<Running> running() const;

 private:
  enum class Fate { waiting, running, done, failed, blocked };
  struct Known {
    Running facts;
    Fate fate = Fate::waiting;
    bool counted = false;
  };
  Known& known(const Event& event);
  void move(Known& step, Fate to);
  void count(const Known& step, int by);

  std::string title_;
  Milliseconds expected_;
  StepCounts all_;
  StepCounts layers_[3];
  std::map<std::pair<Layer, MachineName>, StepCounts> machines_;
  std::unordered_map<StepId, Known> steps_;
  std::map<size_t, StepId> running_;  ///< By place.
};

}  // namespace slipway
