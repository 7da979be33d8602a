"""What the checks of tests/people share: one line per check, and the closing line that tests/run adds up."""

import sys

passed = failed = skipped = 0


def check(name, good, seen=""):
    global passed, failed
    if good:
        passed += 1
        return True
    failed += 1
    print("FAIL " + name)
    if seen:
        print("     " + str(seen).replace("\n", "\n     "))
    return False


def skip(name, why):
    global skipped
    skipped += 1
    print("skipped: %s: %s" % (name, why))


def close():
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    sys.exit(failed != 0)
