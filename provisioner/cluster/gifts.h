#pragma once
#include <set>

#include "cluster/platform.h"

namespace slipway {

/// Makes what add-ons want and state lacks; see load_platform. Threads: one.
class GiftMaker {
 public:
  GiftMaker(StateStore& store, const Membership& membership, const CertificateKeyPair& authority, bool record);

  /// Fixed addresses of the spec's range by name; what state recorded stays, others take the lowest that is free.
  /// Errors: bad_input (no range, none left).
  Result<std::map<std::string, std::string>> addresses(const Spec& spec, const std::string& add_on,
                                                       const std::vector<std::string>& names);
  Result<AddOnGifts> gifts(const AddOn& add_on);
  /// The secret as its variable or file has it now, else as it was sealed when they last had it. A relative file lies
  /// in `folder`. Errors: bad_input (it is nowhere).
  Result<Secret> given(const std::string& add_on, const GivenSecret& wish, const std::string& folder);

 private:
  Result<Secret> secret(const std::string& key, const SecretWish& wish, const AddOnGifts& made);
  Result<std::string> fact(const AddOn& add_on, const FactWish& wish) const;
  Result<CertificateKeyPair> certificate(const std::string& key, const CertificateWish& wish);
  Result<MachineName> machine(const std::string& key, const std::string& add_on, const MachineName& apart);
  Result<void> keep_fact(const std::string& name, Value value);

  StateStore& store_;
  const Membership& membership_;
  const CertificateKeyPair& authority_;
  bool record_;
  State state_;
  std::map<std::string, int> load_;                              ///< Machine -> volumes on it.
  std::map<std::string, std::map<std::string, int>> by_add_on_;  ///< The same of one add-on.
};

}  // namespace slipway
