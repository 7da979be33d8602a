#include "tests/opennebula/server.h"

#include <algorithm>
#include <semaphore>
#include <thread>

#include "base/json.h"
#include "providers/opennebula/xml_rpc.h"
#include "providers/opennebula/xml_text.h"

#include "tests/opennebula/methods.h"
#include "tests/opennebula/recorded.h"
#include "tests/unit/http/test_server.h"

namespace slipway::testing_support::one {
namespace {

/// A fault, which is no reply of oned but of its XML-RPC library.
struct Fault {
  int code;
  std::string text;
};

std::string reply_text(const std::string& method, const Reply& reply) {
  const auto wrapped = [](const std::string& inside) { return "<value>" + inside + "</value>\r\n"; };
  const auto number = [](int64_t value) { return "<i4>" + std::to_string(value) + "</i4>"; };
  std::string data = wrapped(std::string("<boolean>") + (reply.ok ? "1" : "0") + "</boolean>");
  if (const int* id = std::get_if<int>(&reply.value)) {
    data += wrapped(number(*id));
  } else {
    const std::string& text = std::get<std::string>(reply.value);
    data += wrapped("<string>" + opennebula::xml_escape(reply.ok ? text : "[" + method + "] " + text) + "</string>");
  }
  data += wrapped(number(reply.ok ? 0 : reply.code));
  if (!reply.ok) data += wrapped(number(reply.object)) + wrapped("<i8>-1</i8>");
  return "<?xml version=\"1.0\" "
         "encoding=\"UTF-8\"?>\r\n<methodResponse>\r\n<params>\r\n<param><value><array><data>\r\n" +
         data + "</data></array></value></param>\r\n</params>\r\n</methodResponse>\r\n";
}

std::string fault_text(const Fault& fault) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<methodResponse>\r\n<fault>\r\n<value><struct>\r\n"
         "<member><name>faultCode</name>\r\n<value><i4>" +
         std::to_string(fault.code) + "</i4></value></member>\r\n<member><name>faultString</name>\r\n<value><string>" +
         opennebula::xml_escape(fault.text) +
         "</string></value></member>\r\n</struct></value>\r\n</fault>\r\n</methodResponse>\r\n";
}

std::optional<Fault> parameter_fault(const MethodInfo& method, const Parameters& given) {
  if (given.size() < method.least) return Fault{-501, "Not enough parameters"};
  for (size_t i = 0; i < given.size() && i < method.types.size(); ++i) {
    const char wanted = method.types[i];
    const bool fits = wanted == 'i'   ? std::holds_alternative<int>(given[i])
                      : wanted == 'b' ? std::holds_alternative<bool>(given[i])
                                      : std::holds_alternative<std::string>(given[i]);
    if (!fits)
      return Fault{-501, std::string("Parameter that is supposed to be ") +
                             (wanted == 'i'   ? "integer"
                              : wanted == 'b' ? "boolean"
                                              : "string") +
                             " is not"};
  }
  return std::nullopt;
}

Account* authenticate(World& world, const std::string& session) {
  const size_t colon = session.find(':');
  if (colon == std::string::npos) return nullptr;
  for (auto& [id, account] : world.users) {
    if (account.name != session.substr(0, colon) || !account.enabled) continue;
    const std::string secret = session.substr(colon + 1);
    if (secret == account.password) return &account;
    const auto token = account.tokens.find(secret);
    const bool alive =
        token != account.tokens.end() && (token->second.expires < 0 || token->second.expires > world.wall_seconds());
    return alive ? &account : nullptr;
  }
  return nullptr;
}

std::string answer_call(World& world, const std::string& request, std::vector<std::string>& calls) {
  ReadCall call;
  if (!read_call_strictly(request, call)) return fault_text({-503, "Call is not valid XML-RPC"});
  calls.push_back(call.method);
  const auto& methods = all_methods();
  const auto method =
      std::find_if(methods.begin(), methods.end(), [&](const Method& known) { return known.info.name == call.method; });
  if (method == methods.end()) return fault_text({-506, "Method '" + call.method + "' not defined"});
  if (call.parameters.empty())
    return fault_text({-500,
                       "Unexpected error executing code for particular method, detected by Xmlrpc-c method registry "
                       "code.  Method did not fail; rather, it did not complete at all.  Subscript of "
                       "xmlrpc_c::paramList out of bounds"});
  const std::string* session = std::get_if<std::string>(&call.parameters[0]);
  if (!session) return fault_text({-501, "Parameter that is supposed to be string is not"});
  Account* caller = authenticate(world, *session);
  if (!caller) return reply_text(call.method, bad(authentication, "User couldn't be authenticated, aborting call."));
  call.parameters.erase(call.parameters.begin());
  if (const auto fault = parameter_fault(method->info, call.parameters)) return fault_text(*fault);
  Call given{.world = world, .caller = *caller, .given = std::move(call.parameters)};
  return reply_text(call.method, method->handler(given));
}

}  // namespace

struct Server::Front {
  explicit Front(slipway::testing::TestServer::Handler handler) : http(std::move(handler)) {}
  std::counting_semaphore<> room{15};
  slipway::testing::TestServer http;
};

Server::Server(Delays delays, Traffic traffic) : world_(delays), traffic_(traffic), room_(traffic.calls_per_second) {
  front_ = std::make_unique<Front>([this](slipway::testing::Connection& to, const slipway::testing::Received& request) {
    const auto answered = [&](int status, const std::string& body) {
      to.answer(status, body,
                "Connection: close\r\nContent-Type: text/xml; charset=utf-8\r\nServer: Xmlrpc-c_Abyss/1.33.14\r\n");
      to.cut();
    };
    if (request.target == "/control") return answered(200, control(request.body));
    std::this_thread::sleep_for(traffic_.latency);
    if (!let_through()) {
      to.answer(429, "", "Connection: close\r\nRetry-After: 1\r\nServer: proxy\r\n");
      return to.cut();
    }
    if (request.target != "/RPC2") return answered(404, "<HTML><BODY><H1>Error 404</H1></BODY></HTML>");
    if (request.method != "POST") return answered(405, "");
    if (!request.headers.contains("content-length")) return answered(411, "");
    if (request.body.empty()) return answered(400, "");
    front_->room.acquire();
    const std::optional<CallFault> fault = take_fault(read_call(request.body).method);
    if (fault && fault->kind == "slow") std::this_thread::sleep_for(Milliseconds(fault->code));
    std::string text;
    if (fault && fault->kind == "error")
      text = reply_text(read_call(request.body).method, bad(fault->code, fault->text));
    else if (!fault || fault->kind == "lose-answer" || fault->kind == "slow")
      text = answer(request.body);
    front_->room.release();
    if (fault && (fault->kind == "lose-call" || fault->kind == "lose-answer")) return to.cut();
    if (fault && fault->kind == "http-500") return answered(500, "<HTML>Internal error</HTML>");
    answered(200, text);
  });
}

Server::~Server() = default;

std::string Server::url() const { return front_->http.url("/RPC2"); }

std::string Server::answer(const std::string& request) {
  const std::lock_guard lock(mutex_);
  world_.settle();
  return answer_call(world_, request, calls_);
}

bool Server::let_through() {
  if (traffic_.calls_per_second == 0) return true;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  const double rate = traffic_.calls_per_second;
  room_ = std::min(rate, room_ + rate * std::chrono::duration<double>(now - std::exchange(filled_, now)).count());
  if (room_ < 1) {
    ++throttled_;
    return false;
  }
  room_ -= 1;
  return true;
}

void Server::add_fault(CallFault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

std::string Server::control(const std::string& request) {
  const Value asked = Value::parse(request, nullptr, false);
  if (asked.is_object() && asked.contains("fault")) {
    const Value& fault = asked.at("fault");
    add_fault({.method = text_at(fault, "method", "*"),
               .kind = text_at(fault, "kind"),
               .skip = fault.value("skip", 0),
               .times = fault.value("times", 1),
               .code = fault.value("code", 0),
               .text = text_at(fault, "text")});
  }
  if (asked.is_object() && asked.contains("failure"))
    with_world([&](World& world) {
      const Value& failure = asked.at("failure");
      world.failures.push_back(
          {.name = text_at(failure, "name"), .kind = text_at(failure, "kind"), .times = failure.value("times", 1)});
    });
  Value vms = Value::array();
  int throttled = 0;
  with_world([&](World& world) {
    for (const auto& [id, vm] : world.vms) {
      const opennebula::Attribute* nic = find(vm.body, "NIC");
      vms.push_back({{"id", id},
                     {"name", vm.name},
                     {"state", opennebula::state_name(vm.state, vm.lcm_state)},
                     {"address", nic ? nic->part("IP") : ""}});
    }
    throttled = throttled_;
    if (asked.is_object() && asked.contains("calls")) throttled_ = 0;
  });
  const Value told = {{"vms", std::move(vms)}, {"calls", calls()}, {"throttled", throttled}};
  if (asked.is_object() && asked.contains("calls")) forget_calls();
  return told.dump();
}

std::optional<CallFault> Server::take_fault(const std::string& method) {
  const std::lock_guard lock(mutex_);
  for (CallFault& fault : faults_) {
    if ((fault.method != "*" && fault.method != method) || fault.times == 0) continue;
    if (fault.skip-- > 0) continue;
    --fault.times;
    return fault;
  }
  return std::nullopt;
}

std::vector<std::string> Server::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void Server::forget_calls() {
  const std::lock_guard lock(mutex_);
  calls_.clear();
}

std::vector<MethodInfo> Server::methods() {
  std::vector<MethodInfo> list;
  for (const Method& method : all_methods()) list.push_back(method.info);
  return list;
}

}  // namespace slipway::testing_support::one
