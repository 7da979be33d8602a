#pragma once
// An add-on is a folder: addon.yaml and Kubernetes objects beside it (docs/guides/adding-an-addon.md).

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "kube/figures.h"
#include "kube/gates.h"

namespace slipway {

/// A secret that is made once and kept: random text, or what follows from another of the same add-on.
struct SecretWish {
  std::string name;
  int length = 24;     ///< Of random letters and digits.
  std::string bcrypt;  ///< The secret that this one is the bcrypt hash of; or empty.
  std::string basic;   ///< The secret that is the password of a user in "USER:PASSWORD", base64; or empty.
  std::string user;    ///< That user.
};

/// A secret that is the user's: a setting of type `secret` says where it is, never what.
struct GivenSecret {
  std::string name;         ///< "receivers/team/secret": list elements by their `name`, where they have one.
  std::string at;           ///< JSON pointer into the values.
  std::string environment;  ///< Variable that holds it; or
  std::string file;         ///< the file, beside the spec where relative.
};

/// A certificate of the platform's own authority.
struct CertificateWish {
  std::string name;
  std::vector<std::string> names;      ///< DNS names; the first is the common name.
  std::vector<std::string> addresses;  ///< IPv4.
};

/// A folder on one worker's disk, offered to one claim.
struct VolumeWish {
  std::string name;
  std::string size;           ///< "2Gi"
  std::string name_space;     ///< Of the claim.
  std::string claim;          ///< Its name.
  std::string owner = "0:0";  ///< UID:GID
  std::string mode = "0700";
  std::string apart{};  ///< Another volume of the add-on, on whose machine it should not be; or empty.
};

/// A choice that is kept in the state and that a verb changes, not the spec: which of two servers takes writes.
struct FactWish {
  std::string name;
  std::string first;  ///< Its text until somebody changes it.
  std::string below;  ///< A setting that this number must stay below; or empty.
  std::string turn;   ///< The command that changes it, for errors; or empty.
};

/// A file of the folder that is applied by a step of its own once the add-on is ready, and `with` as well.
struct Part {
  std::string name;  ///< "with-monitoring", or the file's name without its ending.
  std::string file;
  std::string with;  ///< Another add-on: without it the part is left out. Empty: always.
};

/// One add-on, its placeholders filled in.
struct AddOn {
  std::string name;
  std::string description;
  std::string folder;
  std::vector<std::string> needs;      ///< Add-ons that must be ready first.
  std::vector<std::string> images;     ///< Names of images that its pods use: keys of the variable `images`.
  std::vector<std::string> artifacts;  ///< Artifacts that hold objects, applied before its own: "metallb-crds".
  std::vector<std::string> addresses;  ///< Names of fixed addresses out of network.load_balancers.
  std::string provider;                ///< The only one that it works with; empty: any.
  std::string playbook;                ///< Applied on every machine before the objects: playbooks/NAME.yaml; or empty.
  std::vector<GivenSecret> given;      ///< Their places in `values` hold where they are until somebody fills them in.
  std::vector<SecretWish> secrets;     ///< What follows from others comes after them.
  std::vector<CertificateWish> certificates;
  std::vector<VolumeWish> volumes;
  std::vector<FactWish> facts;
  std::vector<Part> parts;
  bool adopt = false;          ///< It takes over objects that somebody else made.
  Value values;                ///< Its settings, defaults filled in.
  std::vector<Gate> gates;     ///< In order.
  std::vector<Value> objects;  ///< In file order, files by name. Filled by load_add_on.
  Value render;  ///< Section `render` with its placeholders: another program makes the objects. Null: the folder does.
  std::optional<Figures> figures;  ///< What it can tell about the cluster.
  std::string url;                 ///< Where a person finds it; or empty.
  std::string credentials;         ///< Where its credentials are: "Secret NAMESPACE/NAME"; or empty.
};

/// Reads addon.yaml, not the objects; a folder with a Chart.yaml or a kustomization needs none (rendering.h).
/// `settings` is what the spec says under addons.NAME; addon.yaml's `values` says what it may hold. The file sees
/// `variables`, and `values`: the settings with their defaults. Errors: not_found (no addon.yaml); bad_input (at
/// file:line:column; a setting as "addons.NAME.KEY").
Result<AddOn> read_add_on(const std::string& folder, const std::string& name, const Value& settings,
                          const Value& variables);
/// Only the list `addresses` of addon.yaml: what must be known before the rest can be read. Errors: as read_add_on.
Result<std::vector<std::string>> wanted_addresses(const std::string& folder);

/// The objects of the folder, those of its parts left out; files see `variables`, and `values`. Where the add-on
/// renders, what the other program makes. Errors: bad_input (all faults of a file at file:line:column); as render.
Result<std::vector<Value>> load_objects(const AddOn& add_on, const Value& variables);
/// The objects of one part. Errors: as load_objects, not_found.
Result<std::vector<Value>> load_objects(const AddOn& add_on, const Part& part, const Value& variables);
/// Every object of a file without placeholders, e.g. one of upstream's. Errors: bad_input, not_found.
Result<std::vector<Value>> objects_of_file(const std::string& path);

/// read_add_on and load_objects, for a folder that is named as its add-on.
Result<AddOn> load_add_on(const std::string& folder, const Value& settings, const Value& variables);

/// `settings` checked against the rows of addon.yaml's `values` and completed by their defaults. A row:
///   storage: {type: size, default: 2Gi, about: "…"}     type: text (default), number, integer, flag, size, list, map,
///   replicas: {type: integer, least: 1, most: 2, default: 1}                                                  secret
///   mode: {choices: [a, b], required: true}             tenants: {type: list, of: {name: {required: true}}}
/// The keys "enabled", "ignore" and "path" belong to the spec and are let through. Errors: bad_input. Pure.
Result<Value> settle_values(const std::string& add_on, const Value& rows, const Value& settings);
/// The settings of type `secret` in settled values.
std::vector<GivenSecret> given_secrets(const Value& rows, const Value& values);

}  // namespace slipway
