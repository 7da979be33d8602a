#pragma once
#include "graph/step.h"

namespace slipway {

/// A step whose apply changes nothing: it waits for what others changed (gates). The engine looks at it again once one
/// that it needs has acted, and asks no approval for it.
class WaitingStep : public Step {};

}  // namespace slipway
