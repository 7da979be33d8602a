#pragma once
// A real sshd on loopback with a configuration of its own, for the time of one test.

#include <arpa/inet.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "ssh/hosts.h"
#include "ssh/keys.h"

namespace slipway::test {

inline const char* sshd_program() {
  for (const char* path : {"/usr/sbin/sshd", "/usr/local/sbin/sshd"})
    if (access(path, X_OK) == 0) return path;
  return nullptr;
}

inline const std::string& my_name() {
  static const std::string name = [] {
    const passwd* entry = getpwuid(getuid());
    return std::string(entry ? entry->pw_name : "root");
  }();
  return name;
}

/// A folder that is gone when the test is over.
class Folder {
 public:
  Folder() {
    char pattern[] = "/tmp/slipway-ssh-test-XXXXXX";
    path_ = mkdtemp(pattern);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& content, int mode = 0600) const {
    std::ofstream(file(name), std::ios::binary) << content;
    chmod(file(name).c_str(), static_cast<mode_t>(mode));
    return file(name);
  }

 private:
  std::string path_;
};

inline int open_loopback_socket(uint16_t port, bool listening) {
  const int number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  const int status = listening ? bind(number, where, sizeof address) : connect(number, where, sizeof address);
  if (status != 0) {
    close(number);
    return -1;
  }
  if (listening) listen(number, 5);
  return number;
}

inline uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

inline uint16_t free_port() {
  const FileDescriptor number(open_loopback_socket(0, true));
  return port_of(number.number());
}

/// Started by the constructor, killed with all its connections by the destructor.
class Sshd {
 public:
  /// `extra`: further lines of sshd_config. `path`: where its scripts look for programs.
  explicit Sshd(const SshKeyPair& login, const std::string& extra = "", const std::string& path = "/usr/bin:/bin")
      : port_(free_port()) {
    mkdir("/run/sshd", 0755);
    host_key_ = generate_ssh_key("test host").value();
    const std::string key_file = folder_.write("host_key", host_key_.private_key_pem.reveal());
    const std::string allowed = folder_.write("authorized_keys", login.public_key + "\n");
    std::string config =
        "Port " + std::to_string(port_) + "\nUsePAM no\nStrictModes no\nPidFile none\nMaxStartups 100\n";
    for (int i = 1; i <= 8; ++i) config += "ListenAddress 127.0.0." + std::to_string(i) + "\n";
    config += "HostKey " + key_file + "\nAuthorizedKeysFile " + allowed + "\nPermitRootLogin yes\n" + extra + "\n";
    // Another home keeps what the user's own shell start-up files do out of the test.
    config += "SetEnv HOME=" + folder_.file("") + " PATH=" + path + "\n";
    config_ = folder_.write("sshd_config", config);
    start();
  }
  ~Sshd() { stop(); }

  void start() {
    const char* program = sshd_program();
    const std::string log = folder_.file("log");
    std::string words[] = {program, "-D", "-f", config_, "-E", log};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                         words[4].data(), words[5].data(), nullptr};
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    ASSERT_EQ(posix_spawn(&process_, program, nullptr, &attributes, arguments, environ), 0);
    posix_spawnattr_destroy(&attributes);
    for (int i = 0; i < 500; ++i) {
      const FileDescriptor number(open_loopback_socket(port_, false));
      if (number.open()) return;
      std::this_thread::sleep_for(Milliseconds(10));
    }
    FAIL() << "sshd did not start: " << read_file(log).value();
  }

  void stop() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    process_ = 0;
  }

  HostAccess access(const std::string& address = "127.0.0.1") const {
    HostAccess host;
    host.machine = MachineName("machine-" + address);
    host.address = address;
    host.port = port_;
    host.user = my_name();
    host.host_keys = {host_key_.public_key};
    return host;
  }
  uint16_t port() const { return port_; }
  const std::string& public_host_key() const { return host_key_.public_key; }
  const Folder& folder() const { return folder_; }
  std::string log() const { return read_file(folder_.file("log")).value(); }

 private:
  Folder folder_;
  uint16_t port_;
  SshKeyPair host_key_;
  std::string config_;
  pid_t process_ = 0;
};

/// Hosts with a fresh login key; the test is skipped, aloud, where there is no sshd.
class SshTest : public testing::Test {
 protected:
  void SetUp() override {
    if (sshd_program() == nullptr) GTEST_SKIP() << "NO SSHD HERE: apt-get install openssh-server runs this test";
    login_ = generate_ssh_key("test login").value();
    hosts_ = open_hosts();
  }

  std::unique_ptr<SshHosts> open_hosts(const std::string& known_hosts = "",
                                       Milliseconds connect_timeout = Seconds(10)) {
    Result<std::unique_ptr<SshHosts>> hosts = SshHosts::open({.private_key_pem = login_.private_key_pem,
                                                              .known_hosts_path = known_hosts,
                                                              .connect_timeout = connect_timeout});
    EXPECT_TRUE(hosts.ok()) << describe(hosts.error());
    return std::move(hosts).value();
  }

  static Deadline soon() { return Deadline::in(Seconds(20)); }

  SshKeyPair login_;
  std::unique_ptr<SshHosts> hosts_;
};

}  // namespace slipway::test
