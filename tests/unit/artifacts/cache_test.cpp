#include "artifacts/cache.h"

#include <atomic>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>

#include "tests/unit/artifacts/site.h"

namespace slipway {
namespace {

using testing::Site;
using testing::soon;

const std::string recipe_a(64, 'a'), recipe_b(64, 'b');

CacheRecord put(Cache& cache, const std::string& name, const std::string& recipe, const std::string& text) {
  Result<WorkFolder> work = cache.work_folder();
  EXPECT_TRUE(work.ok());
  std::ofstream(work->file("x")) << text;
  const Result<Cache::Content> content = cache.take_in(work->file("x"), 0755);
  EXPECT_TRUE(content.ok());
  CacheRecord record{.name = name,
                     .version = "1",
                     .recipe = recipe,
                     .sha256 = content->sha256,
                     .size = content->size,
                     .source = "built here",
                     .detail = "",
                     .made_at = "",
                     .seconds = 1.5,
                     .passed_over = {"release site: not there"}};
  EXPECT_TRUE(cache.remember(record).ok());
  return record;
}

std::unique_ptr<Cache> open(const Site& site) {
  Result<std::unique_ptr<Cache>> cache = Cache::open(site.cache());
  EXPECT_TRUE(cache.ok());
  return std::move(*cache);
}

TEST(Cache, FindsContentByNameAndRecipe) {
  Site site;
  const auto cache = open(site);
  const CacheRecord record = put(*cache, "binary/x", recipe_a, "hello");
  EXPECT_EQ(record.sha256, sha256("hello"));
  const std::optional<CacheRecord> found = open(site)->find("binary/x", recipe_a);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size, 5u);
  EXPECT_EQ(found->seconds, 1.5);
  EXPECT_EQ(found->passed_over, record.passed_over);
  EXPECT_EQ(*read_file(cache->blob_path(found->sha256)), "hello");
  struct stat status {};
  ASSERT_EQ(::stat(cache->blob_path(found->sha256).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0755u);
  EXPECT_FALSE(cache->find("binary/x", recipe_b));
  EXPECT_FALSE(cache->find("binary/y", recipe_a));
}

TEST(Cache, DoesNotFindContentThatWasCutOrChanged) {
  Site site;
  const auto cache = open(site);
  const CacheRecord record = put(*cache, "binary/x", recipe_a, "hello");
  const std::string blob = cache->blob_path(record.sha256);
  ASSERT_TRUE(cache->find("binary/x", recipe_a));
  ASSERT_EQ(::truncate(blob.c_str(), 3), 0);
  EXPECT_FALSE(cache->find("binary/x", recipe_a));
  std::ofstream(blob) << "hellO";
  EXPECT_FALSE(cache->find("binary/x", recipe_a));
  std::ofstream(blob) << "hello";
  EXPECT_TRUE(cache->find("binary/x", recipe_a));
  std::filesystem::remove(blob);
  EXPECT_FALSE(cache->find("binary/x", recipe_a));
}

TEST(Cache, ComparesTheChecksumAgainOnceTheLastTimeIsLongAgo) {
  Site site;
  const auto cache = open(site);
  const CacheRecord record = put(*cache, "binary/x", recipe_a, "hello");
  // A stamp that fits the damaged file stands for damage that leaves no trace in times and size.
  const std::string blob = cache->blob_path(record.sha256), stamp = site.cache() + "/verified/" + record.sha256;
  std::ofstream(blob) << "hellO";
  EXPECT_FALSE(cache->find("binary/x", recipe_a));
  struct stat status {};
  ASSERT_EQ(::stat(blob.c_str(), &status), 0);
  const std::string identity = std::to_string(status.st_ino) + ":5:" + std::to_string(status.st_mtim.tv_sec) + "." +
                               std::to_string(status.st_mtim.tv_nsec) + ":" + std::to_string(status.st_ctim.tv_sec) +
                               "." + std::to_string(status.st_ctim.tv_nsec);
  std::ofstream(stamp) << identity;
  EXPECT_TRUE(cache->find("binary/x", recipe_a));
  const timespec long_ago[2] = {{1, 0}, {1, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, stamp.c_str(), long_ago, 0), 0);
  EXPECT_FALSE(cache->find("binary/x", recipe_a));
}

TEST(Cache, IgnoresRecordsThatCannotBeRead) {
  Site site;
  const auto cache = open(site);
  put(*cache, "binary/x", recipe_a, "hello");
  std::ofstream(site.cache() + "/index/binary/x/" + recipe_a + ".json") << "{\"name\": \"binary/x\"";
  EXPECT_FALSE(cache->find("binary/x", recipe_a));
}

TEST(Cache, RefusesRecordsWhoseNameLeadsElsewhere) {
  Site site;
  const auto cache = open(site);
  Value value = to_value(put(*cache, "binary/x", recipe_a, "hello"));
  ASSERT_TRUE(cache_record_from(value).ok());
  for (const char* name : {"../x", "binary/../x", "binary/..", "x", "binary/", "/etc/passwd", "a/b/c"}) {
    value["name"] = name;
    EXPECT_FALSE(cache_record_from(value).ok()) << name;
  }
}

TEST(Cache, SweepsUpAfterTheDeadAndLeavesTheLivingAlone) {
  Site site;
  const auto cache = open(site);
  Result<WorkFolder> living = cache->work_folder();
  ASSERT_TRUE(living.ok());
  std::filesystem::create_directories(site.cache() + "/work/dead/inner");
  std::ofstream(site.cache() + "/work/dead.lock") << "";
  open(site);
  EXPECT_FALSE(std::filesystem::exists(site.cache() + "/work/dead"));
  EXPECT_FALSE(std::filesystem::exists(site.cache() + "/work/dead.lock"));
  EXPECT_TRUE(std::filesystem::exists(living->path()));
}

TEST(Cache, WorkFolderGoesAwayByItself) {
  Site site;
  const auto cache = open(site);
  std::string path;
  {
    Result<WorkFolder> work = cache->work_folder();
    ASSERT_TRUE(work.ok());
    path = work->path();
    std::ofstream(work->file("x")) << "x";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(std::filesystem::is_empty(site.cache() + "/work"));
}

TEST(FileLock, LetsOneThreadInAtATime) {
  Site site;
  const auto cache = open(site);
  std::atomic<int> inside = 0, most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 3; ++k) {
        const Result<FileLock> lock = cache->lock("thing", soon());
        ASSERT_TRUE(lock.ok());
        most = std::max<int>(most, ++inside);
        std::this_thread::yield();
        --inside;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
}

TEST(FileLock, GivesUpAtTheDeadline) {
  Site site;
  const auto cache = open(site);
  const Result<FileLock> held = cache->lock("thing", soon());
  bool waited = false;
  const Result<FileLock> second = cache->lock("thing", Deadline::in(Milliseconds(60)), [&] { waited = true; });
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::timeout);
  EXPECT_TRUE(waited);
}

TEST(RequireSpace, SaysWhatIsFreeAndWhatIsNeeded) {
  EXPECT_TRUE(require_space("/tmp", 1, "a byte").ok());
  const Result<void> none = require_space("/tmp", uint64_t(1) << 60, "everything");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().kind, ErrorKind::quota);
  EXPECT_NE(none.error().found.find("free"), std::string::npos);
}

}  // namespace
}  // namespace slipway
