// The way of a connection from nothing to ready, and the errors on that way.

#include "base/text.h"
#include "ssh/connection.h"
#include "ssh/keys.h"
#include "ssh/negotiation.h"

namespace slipway::ssh {

bool Connection::set_up(Instant now) {
  if (stage_ == Stage::linking) {
    const Result<bool> linked = link_->establish(now);
    if (!linked) {
      die(linked.error());
      return true;
    }
    if (*linked) stage_ = Stage::greeting;
  }
  const Stage before = stage_;
  if (stage_ == Stage::greeting && !greet()) return true;
  if (stage_ == Stage::login && !log_in()) return true;
  if (stage_ != Stage::ready && now >= set_up_until_) {
    die(too_slow());
    return true;
  }
  return stage_ != before;
}

bool Connection::greet() {
  const Progress progress = session_->handshake(target_.trust);
  if (progress == Progress::failed) {
    die(greeting_failed());
    return false;
  }
  if (progress == Progress::again) return true;
  const Result<void> trusted = target_.trust.verify(session_->host_key());
  if (!trusted) {
    die(trusted.error());
    return false;
  }
  link_->forget_greeting();
  stage_ = Stage::login;
  return true;
}

bool Connection::log_in() {
  const Progress progress = session_->log_in(target_.user, key_);
  if (progress == Progress::failed) {
    die(login_failed());
    return false;
  }
  if (progress == Progress::done) stage_ = Stage::ready;
  return true;
}

Error Connection::greeting_failed() const {
  const std::string reason = session_->last_error();
  if (const auto offered = offered_algorithms(link_->greeting()))
    if (auto mismatch = explain_mismatch(*offered)) {
      mismatch->where = target_.label;
      return *mismatch;
    }
  const std::string greeting = greeting_line(link_->greeting());
  const std::string said(trim(std::string_view(link_->greeting()).substr(0, 80)));
  std::string found = reason;
  if (greeting.empty()) found = said.empty() ? reason + ", before its greeting" : "\"" + said + "\"";
  return fail(ErrorKind::unavailable, "no SSH session came about",
              {.found = found,
               .expected = "an SSH server that speaks " + our_algorithms().key_exchange.front() + " and " +
                           our_algorithms().cipher.front(),
               .advice = "if it stays so: journalctl -u ssh on the host",
               .where = target_.label});
}

Error Connection::login_failed() const {
  if (!session_->key_was_refused())
    return fail(ErrorKind::unavailable, "the host broke off the login",
                {.found = session_->last_error(),
                 .advice = "if it stays so: journalctl -u ssh on the host",
                 .where = target_.label});
  return fail(ErrorKind::unauthorised, "the host refused our SSH key",
              {.found = fingerprint_of_blob(key_.blob()) + " is refused for user " + target_.user,
               .expected = "this line in ~" + target_.user + "/.ssh/authorized_keys: " + key_.public_line(),
               .advice = "check the user's name, name the right key, or add that line on the host",
               .where = target_.label});
}

std::string Connection::doing() const {
  switch (stage_) {
    case Stage::linking:
      return link_->doing();
    case Stage::greeting:
      return link_->greeting().empty() ? "waiting for the SSH greeting of " + target_.label
                                       : "agreeing on keys with " + target_.label;
    case Stage::login:
      return "logging in to " + target_.label;
    case Stage::ready:
      break;
  }
  return "opening a channel to " + target_.label;
}

Error Connection::too_slow() const {
  return fail(ErrorKind::unavailable, "the host is too slow to let us in",
              {.found = "still " + doing() + " after " +
                        format_seconds(static_cast<double>(target_.time_to_set_up.count()) / 1000.0),
               .expected = "a login within that time",
               .advice = "check that the host is up and not overloaded, and the firewalls in between",
               .where = target_.label});
}

}  // namespace slipway::ssh
