#pragma once
// The modules by family; registry.cpp makes one table of them.

#include <vector>

#include "playbook/module.h"

namespace slipway::playbook {

std::vector<Module> file_modules();      ///< file, template, directory, certificate
std::vector<Module> line_modules();      ///< line, hosts_entry
std::vector<Module> package_modules();   ///< package, repository
std::vector<Module> service_modules();   ///< service, time_sync
std::vector<Module> kernel_modules();    ///< sysctl, kernel_module, swap, mount, hostname
std::vector<Module> account_modules();   ///< user, group
std::vector<Module> artifact_modules();  ///< artifact, download, unpack
std::vector<Module> command_modules();   ///< command, reboot

}  // namespace slipway::playbook
