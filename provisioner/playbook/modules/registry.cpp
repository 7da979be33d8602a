#include <algorithm>

#include "playbook/modules/families.h"

namespace slipway::playbook {

const std::vector<Module>& modules() {
  static const std::vector<Module> table = [] {
    std::vector<Module> all;
    for (std::vector<Module> (*family)() : {file_modules, line_modules, package_modules, service_modules,
                                            kernel_modules, account_modules, artifact_modules, command_modules})
      for (Module& module : family()) all.push_back(std::move(module));
    std::sort(all.begin(), all.end(), [](const Module& a, const Module& b) { return a.name < b.name; });
    return all;
  }();
  return table;
}

const Module* find_module(std::string_view name) {
  const auto found =
      std::find_if(modules().begin(), modules().end(), [&](const Module& module) { return module.name == name; });
  return found == modules().end() ? nullptr : &*found;
}

}  // namespace slipway::playbook
