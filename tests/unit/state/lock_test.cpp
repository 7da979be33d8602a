#include "state/lock.h"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/process.h"

#include "fixtures.h"

namespace slipway {
namespace {

using testing::TemporaryFolder;

/// A process that takes the lock, says so and waits for its end.
class Holder {
 public:
  Holder(const std::string& directory, const std::string& verb) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      const Result<StateLock> lock = StateLock::acquire(directory, verb, Milliseconds(0));
      const char answer = lock ? 'y' : 'n';
      (void)!::write(ends[1], &answer, 1);
      while (true) ::pause();
    }
    char answer = 'n';
    (void)!::read(ends[0], &answer, 1);
    took_it_ = answer == 'y';
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~Holder() { kill(); }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  int pid() const { return pid_; }
  bool took_it() const { return took_it_; }

 private:
  pid_t pid_ = 0;
  bool took_it_ = false;
};

TEST(Lock, TheErrorNamesWhoHoldsItAndSinceWhen) {
  const TemporaryFolder folder;
  Holder holder(folder.path, "bootstrap");
  ASSERT_TRUE(holder.took_it());
  const Result<StateLock> lock = StateLock::acquire(folder.path, "repair", Milliseconds(0));
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error().kind, ErrorKind::locked);
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  EXPECT_NE(lock.error().found.find("slipway bootstrap, process " + std::to_string(holder.pid()) + " on host " + host),
            std::string::npos)
      << lock.error().found;
  EXPECT_NE(lock.error().found.find(", since 2"), std::string::npos) << lock.error().found;
  EXPECT_FALSE(lock.error().advice.empty());

  const std::optional<LockHolder> seen = lock_holder(folder.path);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->pid, holder.pid());
  EXPECT_EQ(seen->verb, "bootstrap");
  EXPECT_EQ(seen->host, host);
}

TEST(Lock, OfADeadHolderIsFree) {
  const TemporaryFolder folder;
  Holder holder(folder.path, "bootstrap");
  ASSERT_TRUE(holder.took_it());
  holder.kill();
  EXPECT_FALSE(lock_holder(folder.path).has_value());
  EXPECT_TRUE(StateLock::acquire(folder.path, "repair", Milliseconds(0)).ok());
}

TEST(Lock, IsWaitedFor) {
  const TemporaryFolder folder;
  std::optional<StateLock> first = *StateLock::acquire(folder.path, "bootstrap", Milliseconds(0));
  std::thread releaser([&] {
    std::this_thread::sleep_for(Milliseconds(60));
    first.reset();
  });
  EXPECT_TRUE(StateLock::acquire(folder.path, "repair", std::chrono::seconds(30)).ok());
  releaser.join();
}

TEST(Lock, ExcludesASecondOneOfTheSameProcess) {
  const TemporaryFolder folder;
  const Result<StateLock> first = StateLock::acquire(folder.path, "bootstrap", Milliseconds(0));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(StateLock::acquire(folder.path, "repair", Milliseconds(1)).error().kind, ErrorKind::locked);
}

TEST(Lock, IsNotKeptByAProgramWeStarted) {
  const TemporaryFolder folder;
  pid_t sleeper = 0;
  {
    const Result<StateLock> lock = StateLock::acquire(folder.path, "bootstrap", Milliseconds(0));
    ASSERT_TRUE(lock.ok());
    sleeper = ::fork();
    if (sleeper == 0) {
      ::execlp("sleep", "sleep", "60", nullptr);
      ::_exit(1);
    }
    // The child keeps the lock until its exec; the wait below allows for that.
  }
  EXPECT_TRUE(StateLock::acquire(folder.path, "repair", std::chrono::seconds(30)).ok());
  ::kill(sleeper, SIGKILL);
  ::waitpid(sleeper, nullptr, 0);
}

TEST(Lock, RemovedWithItsStateIsTakenAnewByWhoeverWaited) {
  const TemporaryFolder folder;
  std::optional<StateLock> first = *StateLock::acquire(folder.path, "destroy", Milliseconds(0));
  Result<StateLock> second = fail(ErrorKind::internal, "not run");
  std::thread waiter([&] { second = StateLock::acquire(folder.path, "bootstrap", std::chrono::seconds(30)); });
  std::this_thread::sleep_for(Milliseconds(30));
  first->remove();
  waiter.join();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(StateLock::acquire(folder.path, "repair", Milliseconds(0)).error().kind, ErrorKind::locked);
}

TEST(Lock, NobodyHoldsOneThatWasNeverTaken) {
  const TemporaryFolder folder;
  EXPECT_FALSE(lock_holder(folder.path).has_value());
  EXPECT_FALSE(lock_holder(folder.path + "/absent").has_value());
}

}  // namespace
}  // namespace slipway
