#include "base/error_reference.h"

#include "base/error.h"

namespace slipway {

std::string error_reference_markdown() {
  std::string out =
      "# Errors\n\n"
      "Every error of Slipway has a kind out of this list. The kind alone decides whether a call is tried again by itself\n"
      "and which exit code the program ends with. This page is made from the program's own table.\n\n"
      "An error says, in this order: where (a place in a file, a host, a URL, a request id), what, its kind; then what was\n"
      "found, what was expected, and what to try. Where an error knows nothing better to try, it shows the advice below.\n\n"
      "```text\n"
      "slipway.yaml:4:11: unknown value (bad input)\n"
      "  found     opennebulla\n"
      "  expected  local, openstack, opennebula, existing, simulated\n"
      "  try       did you mean 'opennebula'?\n"
      "```\n\n"
      "| kind | exit code | tried again by itself | what it means | what helps |\n"
      "| --- | --- | --- | --- | --- |\n";
  for (const ErrorKind kind : error_kinds())
    out += "| " + std::string(name(kind)) + " | " + std::to_string(exit_code(kind)) + " | " +
           (retryable(kind) ? "yes" : "no") + " | " + std::string(meaning(kind)) + " | " +
           std::string(general_advice(kind)) + " |\n";
  return out +
         "\nOther exit codes: 0 done; 2 there is something to do (`plan --detailed-exitcode`); 143 ended by SIGTERM.\n"
         "Calls that are tried again wait longer each time, up to the step's deadline; a Retry-After of the other side is\n"
         "honoured. A create is tried again only after looking for what the last try left.\n";
}

}  // namespace slipway
