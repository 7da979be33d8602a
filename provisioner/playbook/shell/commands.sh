# want_command FIELD CREATES REMOVES UNLESS ONLY_IF: there is something to run unless CREATES exists, REMOVES does not,
# UNLESS succeeds or ONLY_IF fails. Empty: no such condition.
want_command() {
  [ -n "$2" ] && { [ -e "$2" ] || [ -h "$2" ]; } && return 0
  [ -n "$3" ] && ! [ -e "$3" ] && ! [ -h "$3" ] && return 0
  [ -n "$4" ] && timeout 20 /bin/sh -c "$4" > /dev/null 2>&1 < /dev/null && return 0
  [ -n "$5" ] && ! timeout 20 /bin/sh -c "$5" > /dev/null 2>&1 < /dev/null && return 0
  drift "$1" absent
}

# want_reading FIELD COMMAND WORDS: COMMAND prints WORDS; the space between them does not count.
want_reading() {
  normal $(timeout 20 /bin/sh -c "$2" 2>/dev/null < /dev/null)
  [ "$line" = "$3" ] || drift "$1" "${line:-absent}"
}
