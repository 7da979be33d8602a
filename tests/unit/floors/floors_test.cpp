// The house's rule, read from the includes: a room may include itself and rooms of lower floors, and each third-party
// library stays behind one room's door.

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <regex>
#include <set>

namespace {

namespace fs = std::filesystem;

const std::map<std::string, int> floor_of = {{"base", 0},     {"ports", 1},     {"spec", 1},      {"graph", 2},
                                             {"state", 2},    {"artifacts", 2}, {"ssh", 2},       {"http", 2},
                                             {"playbook", 3}, {"kube", 3},      {"providers", 3}, {"engine", 4},
                                             {"report", 4},   {"cluster", 5},   {"cli", 6}};

/// Library header prefix -> the rooms that may include it.
const std::map<std::string, std::set<std::string>> doors = {
    {"curl/", {"http"}},        {"libssh2", {"ssh"}},
    {"sodium", {"state"}},      {"yaml-cpp/", {"spec"}},
    {"pugixml", {"providers"}}, {"archive", {"artifacts"}},
    {"kainjow/", {"playbook"}}, {"mustache.hpp", {"playbook"}},
    {"CLI/", {"cli"}},          {"openssl/", {"base", "ssh", "http"}},
    {"spdlog/", {"cli"}}};

struct Include {
  std::string file, room, target;
  int line;
  bool quoted;
};

std::vector<Include> all_includes() {
  std::vector<Include> found;
  const std::regex pattern(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
  for (const char* top : {"provisioner", "providers"})
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(SLIPWAY_SOURCE) / top)) {
      const fs::path path = entry.path();
      if (path.extension() != ".h" && path.extension() != ".cpp") continue;
      const fs::path relative = fs::relative(path, SLIPWAY_SOURCE);
      const std::string room = std::string(top) == "providers" ? "providers" : std::next(relative.begin())->string();
      std::ifstream in(path);
      std::string text;
      for (int line = 1; std::getline(in, text); ++line) {
        std::smatch match;
        if (std::regex_search(text, match, pattern))
          found.push_back({relative.string(), room, match[2], line, match[1] == "\""});
      }
    }
  return found;
}

TEST(Floors, ARoomIncludesOnlyItselfAndLowerFloors) {
  size_t looked_at = 0;
  for (const Include& include : all_includes()) {
    if (!include.quoted) continue;
    const std::string target = include.target.substr(0, include.target.find('/'));
    if (!floor_of.contains(target) || target == include.room) continue;
    ++looked_at;
    EXPECT_LT(floor_of.at(target), floor_of.at(include.room)) << include.file << ":" << include.line << " includes "
                                                              << include.target << " of the same floor or a higher one";
  }
  EXPECT_GT(looked_at, 100u);
}

TEST(Floors, EachLibraryStaysBehindItsDoor) {
  for (const Include& include : all_includes())
    for (const auto& [prefix, rooms] : doors)
      if (include.target.starts_with(prefix)) {
        EXPECT_TRUE(rooms.contains(include.room))
            << include.file << ":" << include.line << " includes " << include.target;
      }
}

// Two types of one name in one namespace are one type to the linker, which then calls the wrong destructor.
TEST(Floors, NoTwoHeadersDefineATypeOfOneName) {
  std::map<std::string, std::string> header_of;
  const std::regex opens(R"(^namespace (\S+) \{)"), defines(R"(^(?:struct|class|enum class) (\w+)\b[^;]*\{)");
  for (const char* top : {"provisioner", "providers"})
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(SLIPWAY_SOURCE) / top)) {
      if (entry.path().extension() != ".h") continue;
      std::ifstream in(entry.path());
      std::string text, space;
      while (std::getline(in, text)) {
        std::smatch match;
        if (std::regex_search(text, match, opens)) space = match[1];
        if (!std::regex_search(text, match, defines)) continue;
        const auto [place, fresh] = header_of.emplace(space + "::" + match[1].str(), entry.path().string());
        EXPECT_TRUE(fresh) << place->first << " is defined in " << place->second << " and in " << entry.path();
      }
    }
  EXPECT_GT(header_of.size(), 100u);
}

TEST(Floors, EveryRoomIsOnAFloor) {
  for (const auto& entry : fs::directory_iterator(fs::path(SLIPWAY_SOURCE) / "provisioner"))
    if (entry.is_directory()) {
      EXPECT_TRUE(floor_of.contains(entry.path().filename().string())) << entry.path();
    }
}

}  // namespace
