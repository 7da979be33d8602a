#include "tests/opennebula/methods.h"

#include "base/ids.h"

#include "tests/opennebula/documents_out.h"

namespace slipway::testing_support::one {
namespace {

Reply login(Call& call) {
  const std::string name = call.text(0);
  Account* of = nullptr;
  for (auto& [id, account] : call.world.users)
    if (account.name == name) of = &account;
  if (!of) return bad(no_exists, "Error getting user [" + name + "].");
  if (of->id != call.caller.id && !call.admin())
    return bad(authorization,
               who(call.caller) + "Not authorized to perform MANAGE USER [" + std::to_string(of->id) + "].");
  std::string token = call.text(1);
  const int seconds = call.number(2), group = call.number(3, -1);
  if (group >= 0 && group != of->gid) return bad(rpc_api, "EGID is not in user group list");
  if (seconds == 0) {
    if (token.empty())
      of->tokens.clear();
    else if (of->tokens.erase(token) == 0)
      return bad(rpc_api, "Could not find token: " + token);
    return good(token);
  }
  if (of->tokens.size() >= 10) return bad(rpc_api, "Max number of tokens limit reached.");
  if (token.empty()) token = random_hex(32);
  of->tokens[token] = {.expires = seconds < 0 ? -1 : call.world.wall_seconds() + seconds, .group = group};
  return good(token);
}

void add_methods_of_the_installation(Methods& methods) {
  add(methods, "one.system.version", "", "system-version", [](Call&) { return good(std::string("7.5.80")); });
  add(methods, "one.user.info", "i|b", "user-info-self", [](Call& call) {
    const int id = call.number(0) < 0 ? call.caller.id : call.number(0);
    const Account* of = find_in(call.world.users, id);
    if (!of) return unknown("user", id);
    if (id != call.caller.id && !call.admin())
      return bad(authorization, who(call.caller) + "Not authorized to perform USE USER [" + std::to_string(id) + "].");
    return good(document(call.world, *of));
  });
  add(methods, "one.user.login", "ssi|i", "user-login", login);
  add(methods, "one.datastorepool.info", "", "datastorepool-info",
      [](Call& call) { return good(datastore_pool(call.world)); });
  add(methods, "one.hostpool.info", "", "hostpool-info", [](Call& call) {
    std::string text;
    if (call.admin())
      for (auto host = call.world.hosts.rbegin(); host != call.world.hosts.rend(); ++host)
        text += document(call.world, host->second);
    return good("<HOST_POOL>" + text + "</HOST_POOL>");
  });
}

}  // namespace

std::string who(const Account& caller) { return "User [" + std::to_string(caller.id) + "] : "; }

std::optional<Reply> refused(const Call& call, const Object& object, Right right, const std::string& kind,
                             const SimLock* lock) {
  const char* names[] = {"USE", "MANAGE", "ADMIN"};
  const Permissions& bits = object.permissions;
  const bool owner = object.uid == call.caller.id, group = object.gid == call.caller.gid;
  bool allowed = right == Right::use      ? (owner && bits.owner_u) || (group && bits.group_u) || bits.other_u
                 : right == Right::manage ? (owner && bits.owner_m) || (group && bits.group_m) || bits.other_m
                                          : (owner && bits.owner_a) || (group && bits.group_a) || bits.other_a;
  if (kind == "NET" && right == Right::use) allowed = true;  // The default VDC.
  if (call.admin()) allowed = true;
  const std::string id = " [" + std::to_string(object.id) + "].";
  if (lock && right != Right::use && (lock->level == 1 || lock->level == 4 || lock->level == 2))
    return bad(authorization, call.admin() ? who(call.caller) + kind + " is locked." + id
                                           : who(call.caller) + "Not authorized to perform MANAGE " + kind + id);
  if (allowed) return std::nullopt;
  return bad(authorization,
             who(call.caller) + "Not authorized to perform " + names[static_cast<int>(right)] + " " + kind + id);
}

std::optional<Reply> may_create(const Call& call, const std::string& kind) {
  if (call.admin() || call.caller.may_create) return std::nullopt;
  return bad(authorization, who(call.caller) + "Not authorized to perform CREATE " + kind + ".");
}

std::variant<Template, Reply> template_of(const std::string& text) {
  auto parsed = parse_template(text);
  if (auto* lines = std::get_if<Template>(&parsed)) return std::move(*lines);
  return bad(internal_error, std::get<std::string>(parsed));
}

Reply unknown(const std::string& what, int id) {
  return bad(no_exists, "Error getting " + what + " [" + std::to_string(id) + "].", id);
}

bool visible(const Call& call, const Object& object, int filter, const std::string& kind) {
  const bool usable = !refused(call, object, Right::use, kind);
  if (filter == -3) return object.uid == call.caller.id;
  if (filter == -1) return object.uid == call.caller.id || (object.gid == call.caller.gid && usable);
  if (filter == -2) return usable;
  return object.uid == filter && usable;
}

Reply update(Template& attributes, const Template& change, int append, int id) {
  if (append != 0 && append != 1) return bad(rpc_api, "Wrong update type");
  if (append == 0) attributes.clear();
  merge(attributes, change);
  return good(id);
}

void add(Methods& methods, const std::string& name, std::string types, const std::string& covered_by, Handler handler) {
  const size_t bar = types.find('|');
  const size_t least = bar == std::string::npos ? types.size() : bar;
  std::erase(types, '|');
  methods.push_back({{.name = name, .types = types, .covered_by = covered_by, .least = least}, handler});
}

const Methods& all_methods() {
  static const Methods methods = [] {
    Methods all;
    add_methods_of_the_installation(all);
    add_template_methods(all);
    add_machine_methods(all);
    add_network_methods(all);
    return all;
  }();
  return methods;
}

}  // namespace slipway::testing_support::one
