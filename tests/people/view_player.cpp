// Plays made-up events of fixed times into a live view on the terminal that it was started on, so that tests can look
// at real screens: `view_player FOLDER` a run, `view_player FOLDER look` the look at the world before a plan. After
// scene N it writes FOLDER/shown-N and redraws until FOLDER/next-N is there.

#include <csignal>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "report/look_view.h"
#include "report/run_view.h"

namespace slipway {
namespace {

std::atomic<bool> stopping{false};
void on_interrupt(int) { stopping = true; }

Plan made_up_plan() {
  Plan plan;
  plan.cluster = "demo";
  const auto add = [&](const std::string& id, const std::string& machine, Layer layer, Milliseconds expected) {
    PlannedStep step;
    step.id = StepId(id);
    step.machine = MachineName(machine);
    step.layer = layer;
    step.diff.action = Action::create;
    step.expected = expected;
    plan.steps.push_back(std::move(step));
  };
  const std::vector<std::string> machines = {"control-1", "workers-1", "workers-2", "workers-3"};
  for (const std::string& machine : machines) add("machine/" + machine, machine, Layer::cloud, Seconds(4));
  for (const std::string& machine : machines)
    for (const char* playbook : {"base", "containerd", "kubernetes"})
      add("host/" + machine + "/" + playbook, machine, Layer::host, Seconds(12));
  add("kubernetes/init", "control-1", Layer::cluster, Seconds(25));
  for (const char* addon : {"flannel", "coredns", "metallb", "ingress", "postgres"})
    add("addon/" + std::string(addon) + "/objects", "", Layer::cluster, Seconds(3));
  plan.critical_time = Seconds(95);
  return plan;
}

template <class View>
class Player {
 public:
  template <class Subject>
  Player(std::string folder, Subject subject)
      : folder_(std::move(folder)),
        view_(std::make_unique<View>(std::move(subject),
                                     RunViewOptions{.out = stdout,
                                                    .live = can_redraw(STDOUT_FILENO),
                                                    .stopping = &stopping,
                                                    .terminal = [] { return terminal_of(STDOUT_FILENO); },
                                                    .now = [this] { return now_; }})) {}

  void at(double seconds) {
    now_ = Instant(std::chrono::duration_cast<Instant::duration>(std::chrono::duration<double>(seconds)));
  }

  void say(const std::string& type, const std::string& step, const std::string& text = "", int64_t milliseconds = 0) {
    say({.type = type, .step = StepId(step), .action = "create", .milliseconds = milliseconds, .text = text});
  }
  void say(const Event& event) { view_->on_event(event); }

  void show() {
    const std::string number = std::to_string(++scene_);
    view_->tick();
    if (!write_file_atomically(folder_ + "/shown-" + number, "")) std::exit(1);
    while (!std::filesystem::exists(folder_ + "/next-" + number)) {
      std::this_thread::sleep_for(Milliseconds(20));
      view_->tick();
    }
  }

  void end() {
    view_.reset();
    if (!write_file_atomically(folder_ + "/shown-end", "")) std::exit(1);
    while (!std::filesystem::exists(folder_ + "/next-end")) std::this_thread::sleep_for(Milliseconds(20));
  }

 private:
  std::string folder_;
  Instant now_{};
  std::unique_ptr<View> view_;
  int scene_ = 0;
};

void play_run(Player<RunView> player) {
  for (const char* machine : {"control-1", "workers-1", "workers-2", "workers-3"})
    player.say("step-started", std::string("machine/") + machine);
  player.at(2);
  player.say("step-progress", "machine/workers-2", "waits for a free hypervisor");
  player.at(3.2);
  player.say("step-done", "machine/control-1", "", 3200);
  player.say("step-started", "host/control-1/base");
  player.show();

  player.at(5);
  for (const char* machine : {"workers-1", "workers-2", "workers-3"}) {
    player.say("step-done", std::string("machine/") + machine, "", 5000);
    player.say("step-started", std::string("host/") + machine + "/base");
  }
  player.at(15.5);
  for (const char* machine : {"control-1", "workers-1", "workers-3"}) {
    player.say("step-done", std::string("host/") + machine + "/base", "", 10500);
    player.say("step-started", std::string("host/") + machine + "/containerd");
  }
  player.say("step-progress", "host/control-1/containerd", "file /etc/containerd/config.toml");
  // A host's own words: colours, a carriage return, another script, more than a line holds.
  player.say("step-progress", "host/workers-2/base",
             "Get:14 \033[31mhttp://os.lab.example/debian\033[0m bookworm/main amd64 linux-image-6.1.0-28-amd64 "
             "\r68.9 MB, 下载中, with a speed of 12.3 kB/s and thirty packages more before this one is done");
  player.at(42);
  player.show();

  player.at(43);
  player.say("step-failed", "host/workers-3/containerd",
             "no package containerd.io\n  expected: version 2.3.0\n  next: slipway artifacts check demo.yaml", 27500);
  player.say("step-blocked", "host/workers-3/kubernetes", "waits for host/workers-3/containerd");
  player.say("step-done", "host/control-1/containerd", "", 27500);
  player.say("step-started", "host/control-1/kubernetes");
  player.at(110);
  player.show();  // Ctrl-C is pressed here.

  player.at(112);
  player.say("step-done", "host/control-1/kubernetes", "", 69000);
  player.say("step-done", "host/workers-2/base", "", 107000);
  player.show();
  player.end();
}

void play_look(Player<LookView> player) {
  player.say({.type = "log", .text = "waits for the lock of demo, held by ops@laptop (pid 4711)"});
  player.at(2);
  player.show();

  player.say({.type = "observe-started", .data = {{"steps", 42}}});
  for (const char* machine : {"control-1", "workers-1", "workers-2"}) {
    player.say("step-observing", std::string("machine/") + machine);
    player.say("step-observed", std::string("machine/") + machine);
  }
  player.at(3);
  for (const char* step : {"host/control-1/base", "host/workers-1/base"}) player.say("step-observing", step);
  player.at(5);
  for (const char* step :
       {"host/workers-2/base", "host/workers-2/containerd", "addon/metallb/objects", "node/workers-2"})
    player.say("step-observing", step);
  player.say("step-observed", "host/workers-1/base");
  player.at(25);
  player.show();  // Ctrl-C is pressed here.

  player.at(26);
  player.show();
  player.end();
}

}  // namespace
}  // namespace slipway

int main(int count, char** words) {
  if (count < 2 || count > 3) return 3;
  std::signal(SIGINT, slipway::on_interrupt);
  if (count == 3)
    slipway::play_look({words[1], "demo"});
  else
    slipway::play_run({words[1], slipway::RunProgress(slipway::made_up_plan(), "bootstrap demo")});
  return 0;
}
