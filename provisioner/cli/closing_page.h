#pragma once
#include "cli/session.h"

namespace slipway {

/// What `bootstrap` ends with: what runs, where to point kubectl, what to try next. On stdout.
void print_closing_page(Session& session);

}  // namespace slipway
