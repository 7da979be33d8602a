#pragma once
// An OpenStack cloud on loopback whose answers are built from recorded ones (recorded/*.json, taken from real Zed
// services): every object that it makes has the shape of the recorded object of its kind. It keeps what it was asked to
// make, so that the contract suite runs against it, and a test can put faults between.

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"

#include "tests/unit/http/test_server.h"

namespace slipway::testing_support {

/// "POST compute /servers": what a rule for faults sees.
struct CloudCall {
  std::string method, service, path, body;
  int number = 0;  ///< Of all calls, from 1.
};

class RecordedCloud {
 public:
  explicit RecordedCloud(const std::string& recorded_folder);

  std::string auth_url() const { return server_->url("/identity/v3"); }

  /// Before the call has its effect: a status other than 0 is answered instead of it.
  std::function<int(const CloudCall&)> refuse;
  /// After the effect: true cuts the connection, so that the answer is lost.
  std::function<bool(const CloudCall&)> lose_answer;
  /// Status that a server reaches, by its name; "ACTIVE" otherwise.
  std::function<std::string(const std::string& name)> build_outcome;
  Milliseconds list_lag{0};  ///< New objects are missing from lists for so long.
  int token_seconds = 3600;
  std::map<std::string, int64_t> limits;  ///< "instances", "cores", "port", …: quota, where a test sets one.

  std::vector<CloudCall> calls() const;
  int count(const std::string& method, const std::string& service, const std::string& path_prefix) const;
  /// Objects of a collection as they are: "servers", "ports", "volumes", …
  std::vector<Value> objects(const std::string& collection) const;
  /// Changes an object from outside, as an operator would.
  void change(const std::string& collection, const std::string& id, const Value& fields);
  void erase(const std::string& collection, const std::string& id);
  void revoke_tokens();
  std::set<std::string> tokens_given() const;

 private:
  struct Reply {
    int status = 200;
    Value body{};
    std::string headers{};
  };
  struct Kept {
    Value object;
    Instant made;
    int looks = 0;  ///< How often it was listed or read: builds take a few.
  };

  void serve(testing::Connection& connection, const testing::Received& request);
  Reply answer(const CloudCall& call, const testing::Received& request);
  Reply log_in(const testing::Received& request);
  Reply compute(const CloudCall& call);
  Reply network(const CloudCall& call);
  Reply volume(const CloudCall& call);
  Reply image(const CloudCall& call);
  Reply make_server(const Value& body);
  Reply make_port(Value object);
  void delete_server(const std::string& id);
  void look_at(Kept& server);
  Value recorded(const std::string& name, const std::string& member) const;
  Reply error(int status, const std::string& recorded_name) const;
  std::string keep(const std::string& collection, Value object);
  std::vector<Value> visible(const std::string& collection);
  Kept* find(const std::string& collection, const std::string& id);

  std::string folder_;
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, Kept>> collections_;
  std::vector<CloudCall> calls_;
  std::set<std::string> tokens_, given_;
  std::string project_ = "60c7c031cbf74c3dafff0d0eb950168d";
  int next_address_ = 20;
  std::unique_ptr<testing::TestServer> server_;
};

}  // namespace slipway::testing_support
