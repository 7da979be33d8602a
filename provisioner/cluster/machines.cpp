#include "cluster/chapters.h"

namespace slipway {

Result<void> add_machines(GraphDraft& draft) {
  const Blueprint& plan = draft.blueprint;
  std::vector<MachineOrder> orders;
  const auto holders = address_holders(plan.spec, plan.membership);
  for (const Member& member : plan.membership.members) {
    MachineOrder order;
    order.name = member.name;
    order.pool = member.pool->name;
    order.role = member.pool->role;
    order.size = member.pool->size;
    order.address = member.address;
    order.login_public_key = plan.identity.login.public_key;
    order.protect = member.pool->protect;
    if (const auto held = holders.find(member.name); held != holders.end()) order.held_addresses = held->second;
    // Of two machines with one mark, the recorded one stays.
    const auto record = plan.state.steps.find(StepId("machine/" + member.name.text()));
    if (record != plan.state.steps.end()) order.recorded_id = text_at(record->second.outputs, "id");
    if (const auto key = plan.identity.host_keys.find(member.name); key != plan.identity.host_keys.end()) {
      order.host_private_key = key->second.private_key_pem.reveal();
      order.host_public_key = key->second.public_key;
    }
    orders.push_back(std::move(order));
  }
  Result<std::vector<MachineSteps>> steps = plan.provider.expand(draft.graph, orders);
  if (!steps) return std::move(steps).error();
  for (const MachineSteps& made : *steps) draft.machines.emplace(made.name, made.step);
  return {};
}

}  // namespace slipway
