#pragma once
// Static local volumes: a folder on one machine, a PersistentVolume that leads its claim's pod there.

#include "cluster/chapters.h"

namespace slipway {

inline constexpr const char* local_storage_class = "slipway-local";

/// The PersistentVolume of a volume on `machine`.
Value volume_object(const AddOn& add_on, const VolumeWish& volume, const MachineName& machine);

/// Adds the step that keeps the volume's folder on its machine; it carries data. Errors: as Shelf::make.
Result<StepId> add_volume_folder(GraphDraft& draft, const AddOn& add_on, const VolumeWish& volume,
                                 const Member& member);

/// Deletes a volume's folder, out of what its step recorded; without Blueprint::delete_data it stays.
Result<std::unique_ptr<Step>> make_volume_removal(Shelf& shelf, const Blueprint& blueprint, const Value& data);

}  // namespace slipway
