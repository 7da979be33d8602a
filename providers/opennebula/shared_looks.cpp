#include "providers/opennebula/shared_looks.h"

#include <thread>

#include "providers/opennebula/catalog.h"

namespace slipway::opennebula {

void SharedLooks::ask(Batch& batch) {
  std::string ids;
  for (const int id : batch.ids) ids += (ids.empty() ? "" : ",") + std::to_string(id);
  Result<std::string> text = batch.ids.size() == 1
                                 ? client_.call_for_text("one.vm.info", {*batch.ids.begin(), false}, call_deadline())
                                 : client_.call_for_text("one.vmpool.infoset", {std::move(ids), true}, call_deadline());
  Result<std::vector<Vm>> vms = text ? read_vms(std::move(*text)) : std::move(text).error();
  if (!vms) {
    batch.error = std::move(vms).error();
    return;
  }
  for (Vm& vm : *vms) batch.found.emplace(vm.id, std::move(vm));
}

Result<Vm> SharedLooks::look(int id) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<Batch> batch = next_;
  batch->ids.insert(id);
  while (!batch->answered) {
    if (asking_) {
      answered_.wait(lock);
      continue;
    }
    // Nobody asks, so the next batch is ours, and all who come while we wait for its time are in it.
    asking_ = true;
    const Instant time = begun_ + interval_;
    lock.unlock();
    std::this_thread::sleep_until(time);
    lock.lock();
    next_ = std::make_shared<Batch>();
    begun_ = std::chrono::steady_clock::now();
    lock.unlock();
    ask(*batch);
    lock.lock();
    batch->answered = true;
    asking_ = false;
    answered_.notify_all();
  }
  lock.unlock();
  if (batch->error) return *batch->error;
  const auto vm = batch->found.find(id);
  if (vm == batch->found.end())
    return fail(ErrorKind::not_found, "no such machine", {.found = "VM " + std::to_string(id)});
  return vm->second;
}

}  // namespace slipway::opennebula
