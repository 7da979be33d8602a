// How long a state takes to load, once, in a process that has loaded none before: without the program's start, and
// without giving the memory back at its end.
//
//   bench_state_load FOLDER CLUSTER
//
// Prints one JSON object; times in microseconds.

#include <cstdio>
#include <ctime>

#include "state/store.h"

int main(int count, char** words) {
  using namespace slipway;
  if (count != 3) {
    std::fprintf(stderr, "usage: bench_state_load FOLDER CLUSTER\n");
    return 2;
  }
  const std::clock_t cpu = std::clock();
  const auto begun = std::chrono::steady_clock::now();
  const Result<std::unique_ptr<StateStore>> store =
      StateStore::open({.directory = words[1], .cluster = words[2], .verb = "bench", .read_only = true});
  const auto took = std::chrono::steady_clock::now() - begun;
  const double cpu_took = static_cast<double>(std::clock() - cpu) * 1e6 / CLOCKS_PER_SEC;
  if (!store) {
    std::fprintf(stderr, "%s\n", describe(store.error()).c_str());
    return 1;
  }
  std::printf("{\"wall\": %.0f, \"cpu\": %.0f}\n", std::chrono::duration<double, std::micro>(took).count(), cpu_took);
  return 0;
}
