#include "providers/local/host_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/ids.h"
#include "base/text.h"

namespace slipway::local {
namespace {

bool is_loopback_server(const std::string& line) {
  const std::string_view server = trim(std::string_view(line).substr(line.find(' ') + 1));
  return server.starts_with("127.") || server == "::1";
}

bool has_loopback_server(const std::string& text) {
  for (const std::string& line : split(text, '\n'))
    if (line.starts_with("nameserver ") && is_loopback_server(line)) return true;
  return false;
}

std::string read_or_empty(const char* path) {
  Result<std::string> text = read_file(path);
  return text ? std::move(*text) : std::string();
}

}  // namespace

std::string resolv_conf_for_hosts(const std::string& machine_text, const std::string& systemd_resolved_text) {
  // A stub on the machine's loopback is out of a host's reach; what it forwards to is not.
  const bool stub = has_loopback_server(machine_text) && !systemd_resolved_text.empty();
  std::string text;
  for (const std::string& line : split(stub ? systemd_resolved_text : machine_text, '\n')) {
    const bool server = line.starts_with("nameserver ");
    if ((server && !is_loopback_server(line)) || line.starts_with("search ") || line.starts_with("options "))
      text += line + "\n";
  }
  return text;
}

Result<void> write_host_files(const std::string& upper, const MachineOrder& order, const std::string& address) {
  struct Folder {
    const char* path;
    int mode;
  };
  // The overlay shows the upper folder's mode and owner for folders that both layers have.
  for (const Folder& folder : {Folder{"", 0755}, Folder{"/etc", 0755}, Folder{"/etc/ssh", 0755}, Folder{"/root", 0700},
                               Folder{"/root/.ssh", 0700}})
    if (Result<void> made = make_directories(upper + folder.path, folder.mode); !made) return made;

  struct File {
    std::string path, content;
    int mode = 0644;
  };
  const std::string name = order.name.text();
  std::vector<File> files = {
      {"/etc/hostname", name + "\n"},
      {"/etc/resolv.conf",
       resolv_conf_for_hosts(read_or_empty("/etc/resolv.conf"), read_or_empty("/run/systemd/resolve/resolv.conf"))}};
  // What playbooks and people added to it outlives a restart.
  const std::string own_line = address + " " + name + "\n";
  if (read_or_empty((upper + "/etc/hosts").c_str()).find("\n" + own_line) == std::string::npos)
    files.push_back({"/etc/hosts", "127.0.0.1 localhost\n" + own_line + "::1 localhost ip6-localhost ip6-loopback\n"});
  if (!order.host_private_key.empty()) {
    files.push_back({"/etc/ssh/ssh_host_ed25519_key", order.host_private_key, 0600});
    files.push_back({"/etc/ssh/ssh_host_ed25519_key.pub", std::string(trim(order.host_public_key)) + "\n"});
  }
  if (!order.login_public_key.empty())
    files.push_back({"/root/.ssh/authorized_keys", std::string(trim(order.login_public_key)) + "\n", 0600});
  if (::access((upper + "/etc/machine-id").c_str(), F_OK) != 0)
    files.push_back({"/etc/machine-id", random_hex(16) + "\n", 0444});
  for (const File& file : files)
    if (Result<void> written = write_file_atomically(upper + file.path, file.content, file.mode); !written)
      return std::move(written).error().while_doing("preparing host " + name);
  return {};
}

}  // namespace slipway::local
