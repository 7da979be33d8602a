#include "providers/opennebula/guest.h"

#include <array>

#include "base/digest.h"
#include "base/secret.h"
#include "base/text.h"

namespace slipway::opennebula {
namespace {

constexpr const char* script = R"(#!/bin/sh
# Once, at the first start of this machine.
set -eu
umask 077
done=/var/lib/slipway/guest-prepared
[ ! -e "$done" ] || exit 0
mkdir -p /var/lib/slipway /etc/ssh

if ! id "$user" >/dev/null 2>&1; then useradd -m -s /bin/bash "$user"; fi
home=$(getent passwd "$user" | cut -d: -f6)
mkdir -p "$home/.ssh"
touch "$home/.ssh/authorized_keys"
grep -qxF "$login_key" "$home/.ssh/authorized_keys" || printf '%s\n' "$login_key" >>"$home/.ssh/authorized_keys"
chown -R "$user:" "$home/.ssh"
if [ "$sudo" = yes ] && [ -d /etc/sudoers.d ]; then
  printf '%s ALL=(ALL) NOPASSWD:ALL\n' "$user" >/etc/sudoers.d/90-slipway
  chmod 0440 /etc/sudoers.d/90-slipway
fi

printf '%s\n' "$name" >/etc/hostname
chmod 0644 /etc/hostname
hostname "$name" 2>/dev/null || true
grep -qF " $name" /etc/hosts || printf '%s %s\n' "${address:-127.0.1.1}" "$name" >>/etc/hosts

if [ -n "$host_key" ]; then
  rm -f /etc/ssh/ssh_host_*
  printf '%s\n' "$host_key" >/etc/ssh/ssh_host_ed25519_key
  printf '%s\n' "$host_public_key" >/etc/ssh/ssh_host_ed25519_key.pub
  chmod 0644 /etc/ssh/ssh_host_ed25519_key.pub
  systemctl restart ssh 2>/dev/null || systemctl restart sshd 2>/dev/null || service ssh restart
fi
: >"$done"
)";

/// Those keys of CONTEXT that are ours.
constexpr std::array ours = {"NETWORK",   "SSH_PUBLIC_KEY",     "SET_HOSTNAME", "START_SCRIPT_BASE64",
                             "USER_DATA", "USER_DATA_ENCODING", "USERNAME"};

std::string assign(const char* variable, const std::string& value) {
  return std::string(variable) + "=" + shell_quote(trim(value)) + "\n";
}

}  // namespace

std::string start_script(const MachineOrder& order, const SshSettings& ssh) {
  std::string text = script;
  // The first line stays first: cloud-init knows a script by it.
  const size_t first_line = text.find('\n') + 1;
  text.insert(first_line, assign("name", order.name.text()) + assign("address", order.address) +
                              assign("user", ssh.user) + assign("sudo", ssh.sudo ? "yes" : "no") +
                              assign("login_key", order.login_public_key) + assign("host_key", order.host_private_key) +
                              assign("host_public_key", order.host_public_key));
  return text;
}

Attributes context_of(const MachineOrder& order, const SshSettings& ssh) {
  const std::string encoded = base64_encode(start_script(order, ssh));
  const Secret known_to_the_redactor(encoded);
  Attributes context = {{"NETWORK", "YES"},
                        {"SET_HOSTNAME", order.name.text()},
                        {"START_SCRIPT_BASE64", encoded},
                        {"USER_DATA", encoded},
                        {"USER_DATA_ENCODING", "base64"}};
  if (!order.login_public_key.empty())
    context.emplace_back("SSH_PUBLIC_KEY", std::string(trim(order.login_public_key)));
  if (ssh.user != "root") context.emplace_back("USERNAME", ssh.user);
  return context;
}

std::string context_digest(const std::map<std::string, std::string>& context) {
  std::string text;
  for (const char* key : ours)
    if (const auto found = context.find(key); found != context.end())
      text += std::string(key) + "=" + found->second + "\n";
  return sha256(text).substr(0, 16);
}

std::string context_digest(const Attributes& context) {
  return context_digest(std::map<std::string, std::string>(context.begin(), context.end()));
}

}  // namespace slipway::opennebula
