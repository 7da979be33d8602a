/* The first process of every pod: it holds the pod's namespaces open, collects
 * children that lost their parent, and leaves at once when asked to.
 * Build: gcc -Os -static -s -o pause pause.c */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  sigaddset(&awaited, SIGINT);
  sigaddset(&awaited, SIGTERM);
  if (sigprocmask(SIG_BLOCK, &awaited, NULL) != 0) return 1;
  for (;;) {
    int received = 0;
    if (sigwait(&awaited, &received) != 0) return 1;
    if (received != SIGCHLD) return 0;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
  }
}
