// How long a state takes to load, once, in a process that has loaded none before: without the program's start, and
// without giving the memory back at its end.
//
//   bench_state_load FOLDER CLUSTER
//
// Prints one JSON object; times in microseconds.

#include <cstdio>
#include <ctime>

#include "state/store.h"

namespace {

int64_t cpu_nanoseconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return used.tv_sec * 1'000'000'000LL + used.tv_nsec;
}

}  // namespace

int main(int count, char** words) {
  using namespace slipway;
  if (count != 3) {
    std::fprintf(stderr, "usage: bench_state_load FOLDER CLUSTER\n");
    return 2;
  }
  const int64_t cpu = cpu_nanoseconds();
  const auto begun = std::chrono::steady_clock::now();
  const Result<std::unique_ptr<StateStore>> store =
      StateStore::open({.directory = words[1], .cluster = words[2], .verb = "bench", .read_only = true});
  const auto took = std::chrono::steady_clock::now() - begun;
  const int64_t cpu_took = cpu_nanoseconds() - cpu;
  if (!store) {
    std::fprintf(stderr, "%s\n", describe(store.error()).c_str());
    return 1;
  }
  std::printf("{\"wall\": %.0f, \"cpu\": %.0f}\n", std::chrono::duration<double, std::micro>(took).count(),
              static_cast<double>(cpu_took) / 1000);
  return 0;
}
