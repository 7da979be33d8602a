#pragma once
#include <string>

#include "providers/opennebula/settings.h"
#include "providers/opennebula/template_text.h"
#include "providers/provider.h"

namespace slipway::opennebula {

/// The script that a new guest runs once, as root: host key, login key, name. Holds a private key.
std::string start_script(const MachineOrder& order, const SshSettings& ssh);

/// CONTEXT of a machine. Scripts travel in base64: `$` in a context's value is template syntax. START_SCRIPT_BASE64 is
/// for guests with one-context, USER_DATA for those with cloud-init.
Attributes context_of(const MachineOrder& order, const SshSettings& ssh);

/// A digest of those values of a context that Slipway sets, as a plan may show it.
std::string context_digest(const std::map<std::string, std::string>& context);
std::string context_digest(const Attributes& context);

}  // namespace slipway::opennebula
