#pragma once
// The methods of the simulated oned: each checks what the caller may, and does it in the world.

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "providers/opennebula/xml_rpc.h"

#include "tests/opennebula/server.h"

namespace slipway::testing_support::one {

using Parameters = std::vector<opennebula::RpcParameter>;

struct Call {
  World& world;
  Account& caller;
  Parameters given;

  int number(size_t i, int otherwise = 0) const { return i < given.size() ? std::get<int>(given[i]) : otherwise; }
  bool flag(size_t i, bool otherwise = false) const { return i < given.size() ? std::get<bool>(given[i]) : otherwise; }
  std::string text(size_t i) const { return i < given.size() ? std::get<std::string>(given[i]) : std::string(); }
  bool admin() const { return caller.gid == 0; }
};

using Handler = Reply (*)(Call&);
struct Method {
  MethodInfo info;
  Handler handler;
};
using Methods = std::vector<Method>;

/// All that oned knows here, made once.
const Methods& all_methods();
// Each adds those of its objects.
void add_machine_methods(Methods& methods);   ///< Machines and groups of them.
void add_network_methods(Methods& methods);   ///< Networks and security groups.
void add_template_methods(Methods& methods);  ///< Templates and images.
/// Types: s string, i int, b boolean; after `|` those that have a default.
void add(Methods& methods, const std::string& name, std::string types, const std::string& covered_by, Handler handler);

enum class Right { use, manage, admin };

/// "User [2] : "
std::string who(const Account& caller);
/// What a caller may do with an object, and what oned says otherwise.
std::optional<Reply> refused(const Call& call, const Object& object, Right right, const std::string& kind,
                             const SimLock* lock = nullptr);
std::optional<Reply> may_create(const Call& call, const std::string& kind);
Reply unknown(const std::string& what, int id);
/// Changes a template as one.*.update does: `append` 1 merges, 0 replaces.
Reply update(Template& attributes, const Template& change, int append, int id);

template <class T>
T* find_in(std::map<int, T>& from, int id) {
  const auto found = from.find(id);
  return found == from.end() ? nullptr : &found->second;
}

/// What oned calls a kind of object: where it is not found, and where a right to it is missing.
struct Kind {
  const char* found_as;
  const char* right_to;
};

/// Does `use` with the object that the call's first parameter names, where the caller has the right; without one, any
/// may.
template <class T, class Use>
Reply with_object(Call& call, std::map<int, T>& from, const Kind& kind, std::optional<Right> right, const Use& use) {
  T* object = find_in(from, call.number(0));
  if (!object) return unknown(kind.found_as, call.number(0));
  if (right)
    if (const auto no = refused(call, *object, *right, kind.right_to)) return *no;
  return use(*object);
}

/// A fresh object of the caller's.
template <class T>
T made_by(const Call& call, int& next_id, const std::string& name) {
  T made;
  made.id = next_id++;
  made.uid = call.caller.id;
  made.gid = call.caller.gid;
  made.name = name;
  return made;
}

template <class T>
Reply delete_object(Call& call, std::map<int, T>& from, const Kind& kind) {
  return with_object(call, from, kind, Right::manage, [&](const T& object) {
    const int id = object.id;
    from.erase(id);
    return good(id);
  });
}

std::variant<Template, Reply> template_of(const std::string& text);
/// Does `use` with the template that stands in a parameter.
template <class Use>
Reply with_template(Call& call, size_t place, const Use& use) {
  auto parsed = template_of(call.text(place));
  if (Reply* complaint = std::get_if<Reply>(&parsed)) return *complaint;
  return use(std::get<Template>(parsed));
}

bool visible(const Call& call, const Object& object, int filter, const std::string& kind);
/// A pool: filtered, by descending id, a range of ids or a page.
template <class T, class Show>
Reply pool(const Call& call, const std::map<int, T>& from, const char* element, const std::string& kind,
           const Show& show) {
  const int filter = call.number(0), start = call.number(1), end = call.number(2);
  if (filter < -4) return bad(rpc_api, "Incorrect filter_flag");
  std::string text = std::string("<") + element + ">";
  int row = 0;
  for (auto entry = from.rbegin(); entry != from.rend(); ++entry) {
    const T& object = entry->second;
    if (!visible(call, object, filter, kind)) continue;
    const std::string shown = show(object);
    if (shown.empty()) continue;
    const bool in_page = end < -1 ? row >= start && row < start - end
                                  : (start < 0 || object.id >= start) && (end < 0 || object.id <= end);
    ++row;
    if (in_page) text += shown;
  }
  return good(text + "</" + element + ">");
}

}  // namespace slipway::testing_support::one
