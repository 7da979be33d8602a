#pragma once
// What the changing verbs have in common: plan, show, run, conclude.

#include <string>
#include <vector>

#include "cli/session.h"

namespace slipway {

/// What a change of the encryption key touches: one control plane after the other, then the Secrets.
std::vector<std::string> key_change_targets(const Session& session);
/// To stderr, for whoever watches.
void show_plan(const Plan& plan, const Options& options);
/// Prints what the run came to and answers the exit code. `collected`: takes the run's document instead of stdout.
int conclude(const Session& session, const RunSummary& summary, Value* collected = nullptr);
/// Plans within `targets`, shows it, and runs it.
int plan_and_run(Session& session, const std::string& verb, const std::vector<std::string>& targets, bool closing_page,
                 Value* collected = nullptr);
/// For verbs that go on with the release that the cluster runs: says where the spec asks for another, or an upgrade is
/// half done.
void tell_release(const Session& session);
/// Problems that would stop the run half-way, told before anything is touched.
Result<void> preflight(Session& session);
/// All of it, for verbs that need nothing in between.
int open_and_run(const Options& options, const std::string& verb, const std::vector<std::string>& targets,
                 bool closing_page);

}  // namespace slipway
