#include "ssh/session.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <libssh2.h>
#include <map>
#include <mutex>

#include "base/text.h"
#include "ssh/negotiation.h"

namespace slipway::ssh {
namespace {

constexpr unsigned window = 2 * 1024 * 1024;
constexpr unsigned packet = 32 * 1024;

ssize_t receive(libssh2_socket_t, void* buffer, size_t length, int, void** link) {
  return static_cast<Link*>(*link)->take(static_cast<char*>(buffer), length);
}

ssize_t send_whole(libssh2_socket_t, const void* buffer, size_t length, int, void** link) {
  return static_cast<Link*>(*link)->give({static_cast<const char*>(buffer), length});
}

int sign(LIBSSH2_SESSION*, unsigned char** signature, size_t* size, const unsigned char* data, size_t data_size,
         void** key) {
  const std::string made = static_cast<const LoginKey*>(*key)->sign({reinterpret_cast<const char*>(data), data_size});
  if (made.empty()) return -1;
  // libssh2 frees it with free(), its default allocator.
  *signature = static_cast<unsigned char*>(std::malloc(made.size()));
  if (*signature == nullptr) return -1;
  std::memcpy(*signature, made.data(), made.size());
  *size = made.size();
  return 0;
}

int signal_number(std::string_view name) {
  static const std::map<std::string_view, int> numbers = {
      {"HUP", 1},   {"INT", 2},   {"QUIT", 3},  {"ILL", 4},   {"ABRT", 6},  {"FPE", 8},  {"KILL", 9},
      {"USR1", 10}, {"SEGV", 11}, {"USR2", 12}, {"PIPE", 13}, {"ALRM", 14}, {"TERM", 15}};
  const auto it = numbers.find(name);
  return it == numbers.end() ? 1 : it->second;
}

}  // namespace

Session::Session(Link& link) : link_(link) {
  static std::once_flag initialised;
  std::call_once(initialised, [] { (void)libssh2_init(0); });
  handle_ = libssh2_session_init_ex(nullptr, nullptr, nullptr, &link_);
  if (handle_ == nullptr) std::abort();
  libssh2_session_set_blocking(handle_, 0);
  libssh2_session_callback_set(handle_, LIBSSH2_CALLBACK_RECV, reinterpret_cast<void*>(&receive));
  libssh2_session_callback_set(handle_, LIBSSH2_CALLBACK_SEND, reinterpret_cast<void*>(&send_whole));
  // Two seconds, so that each of our own, rarer ticks sends one.
  libssh2_keepalive_config(handle_, 1, 2);
  const Algorithms& ours = our_algorithms();
  const std::string ciphers = join(ours.cipher, ",");
  const std::string macs = join(ours.mac, ",");
  libssh2_session_method_pref(handle_, LIBSSH2_METHOD_KEX, join(ours.key_exchange, ",").c_str());
  libssh2_session_method_pref(handle_, LIBSSH2_METHOD_CRYPT_CS, ciphers.c_str());
  libssh2_session_method_pref(handle_, LIBSSH2_METHOD_CRYPT_SC, ciphers.c_str());
  libssh2_session_method_pref(handle_, LIBSSH2_METHOD_MAC_CS, macs.c_str());
  libssh2_session_method_pref(handle_, LIBSSH2_METHOD_MAC_SC, macs.c_str());
}

Session::~Session() {
  // With the link cut no channel waits for the other side, so a few calls free everything.
  link_.cut("the session ended");
  for (int attempt = 0; attempt < 100 && libssh2_session_free(handle_) == LIBSSH2_ERROR_EAGAIN; ++attempt) {
  }
}

Progress Session::progress(int status) const {
  if (status == LIBSSH2_ERROR_EAGAIN) return Progress::again;
  return status < 0 ? Progress::failed : Progress::done;
}

std::string Session::last_error() const {
  if (link_.ended()) return link_.why_closed();
  char* text = nullptr;
  int size = 0;
  libssh2_session_last_error(handle_, &text, &size, 0);
  return text != nullptr && size > 0 ? std::string(text, static_cast<size_t>(size)) : "no reason given";
}

bool Session::gave_up_waiting() const { return libssh2_session_last_errno(handle_) == LIBSSH2_ERROR_TIMEOUT; }

Progress Session::handshake(const HostTrust& trust) {
  libssh2_session_method_pref(handle_, LIBSSH2_METHOD_HOSTKEY, join(trust.algorithms(), ",").c_str());
  return progress(libssh2_session_handshake(handle_, link_.descriptor()));
}

std::string Session::host_key() const {
  size_t size = 0;
  int type = 0;
  const char* bytes = libssh2_session_hostkey(handle_, &size, &type);
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

Progress Session::log_in(const std::string& user, const LoginKey& key) {
  void* context = const_cast<LoginKey*>(&key);
  return progress(libssh2_userauth_publickey(handle_, user.c_str(),
                                             reinterpret_cast<const unsigned char*>(key.blob().data()),
                                             key.blob().size(), &sign, &context));
}

bool Session::key_was_refused() const {
  const int code = libssh2_session_last_errno(handle_);
  return !link_.ended() && (code == LIBSSH2_ERROR_AUTHENTICATION_FAILED || code == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED);
}

Progress Session::open(const std::string& host, uint16_t port, Channel*& channel) {
  channel = host.empty() ? libssh2_channel_open_ex(handle_, "session", 7, window, packet, nullptr, 0)
                         : libssh2_channel_direct_tcpip_ex(handle_, host.c_str(), port, "127.0.0.1", 22);
  if (channel != nullptr) return Progress::done;
  return progress(libssh2_session_last_errno(handle_) == LIBSSH2_ERROR_EAGAIN ? LIBSSH2_ERROR_EAGAIN : -1);
}

Progress Session::execute(Channel* channel, const std::string& command) {
  return progress(
      libssh2_channel_process_startup(channel, "exec", 4, command.data(), static_cast<unsigned>(command.size())));
}

ssize_t Session::write(Channel* channel, std::string_view bytes) {
  const ssize_t count = libssh2_channel_write_ex(channel, 0, bytes.data(), bytes.size());
  return count == LIBSSH2_ERROR_EAGAIN ? 0 : count;
}

Progress Session::send_end(Channel* channel) { return progress(libssh2_channel_send_eof(channel)); }

ssize_t Session::read(Channel* channel, Stream stream, char* buffer, size_t size) {
  const ssize_t count =
      libssh2_channel_read_ex(channel, stream == Stream::error ? SSH_EXTENDED_DATA_STDERR : 0, buffer, size);
  return count == LIBSSH2_ERROR_EAGAIN ? 0 : count;
}

bool Session::at_end(Channel* channel) const { return libssh2_channel_eof(channel) == 1; }

Progress Session::wait_closed(Channel* channel) { return progress(libssh2_channel_wait_closed(channel)); }

int Session::exit_status(Channel* channel) const {
  char* signal = nullptr;
  size_t size = 0;
  libssh2_channel_get_exit_signal(channel, &signal, &size, nullptr, nullptr, nullptr, nullptr);
  if (signal == nullptr) return libssh2_channel_get_exit_status(channel);
  const int status = 128 + signal_number({signal, size});
  libssh2_free(handle_, signal);
  return status;
}

Progress Session::retire(Channel* channel) {
  const Progress closing = progress(libssh2_channel_close(channel));
  if (closing == Progress::again) return closing;
  // libssh2 may call a channel closed before the other side's answer is there. Were its number used again now, that
  // answer would close the new channel.
  std::array<char, 16 * 1024> dropped;
  for (const Stream stream : {Stream::output, Stream::error}) {
    ssize_t count = 0;
    while ((count = read(channel, stream, dropped.data(), dropped.size())) > 0) {
    }
    if (count < 0) return Progress::failed;
  }
  if (!at_end(channel)) return Progress::again;
  const Progress closed = wait_closed(channel);
  if (closed == Progress::done) (void)libssh2_channel_free(channel);
  return closed;
}

Progress Session::keep_alive() {
  int next = 0;
  return progress(libssh2_keepalive_send(handle_, &next));
}

void Session::say_goodbye() {
  if (!link_.ended()) (void)libssh2_session_disconnect_ex(handle_, SSH_DISCONNECT_BY_APPLICATION, "done", "");
}

}  // namespace slipway::ssh
