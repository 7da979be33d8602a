#pragma once
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "playbook/program.h"

namespace slipway::playbook {

/// Reads what an apply on a host says, line by line as it comes, over as many connections as it takes.
/// Threads: any; lines are taken one by one.
class EventStream {
 public:
  /// Both references outlive this. `tell` gets a line for people now and then.
  EventStream(const Program& program, std::function<void(std::string_view)> tell)
      : program_(program), tell_(std::move(tell)) {}

  void take(std::string_view line);
  /// Lines taken so far, those of the launcher included: 0 where a connection passed nothing on.
  size_t lines() const;
  /// Bytes of events received: where to go on after a cut connection.
  uint64_t offset() const;

  enum class Ending { none, done, rebooting };
  /// How it ended. Errors: world_changed, conflict (another apply holds the host), verification (a field did not become
  /// what it should, a file arrived damaged), unauthorised, bad_input, unavailable (could not start, or the word broke
  /// off while sending), internal (a task failed; its last output is in the error).
  Result<Ending> ending() const;
  const std::string& boot_before() const { return boot_before_; }
  const Value& facts() const { return facts_; }
  size_t changed() const { return changed_; }

 private:
  void take_event(const std::string& word, std::string_view rest);
  void take_launch(std::string_view rest);
  void take_failure(const std::string& word, std::string_view rest);
  const TaskCode* task(const std::string& number) const;

  const Program& program_;
  std::function<void(std::string_view)> tell_;
  mutable std::mutex mutex_;
  size_t lines_ = 0;
  uint64_t offset_ = 0;
  std::string status_;
  std::optional<Error> error_;
  std::vector<std::string> left_;
  std::string boot_before_;
  Value facts_ = Value::object();
  size_t changed_ = 0;
};

}  // namespace slipway::playbook
