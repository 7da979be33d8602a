# want_line FIELD PATH LINE MATCH: LINE stands in the file; with MATCH it is the only line that matches.
want_line() {
  if [ -z "$4" ]; then
    grep -qxF -e "$3" -- "$2" 2>/dev/null || drift "$1" absent
    return 0
  fi
  line=$(grep -E -e "$4" -- "$2" 2>/dev/null)
  [ "$line" = "$3" ] && return 0
  drift "$1" "${line%%"
"*}"
}

# want_no_line FIELD PATH LINE MATCH
want_no_line() {
  if [ -z "$4" ]; then
    ! grep -qxF -e "$3" -- "$2" 2>/dev/null || drift "$1" "$3"
    return 0
  fi
  line=$(grep -m 1 -E -e "$4" -- "$2" 2>/dev/null) || return 0
  drift "$1" "$line"
}

# want_host FIELD ADDRESS NAMES: /etc/hosts gives each name this address and no other of the kind.
# ADDRESS "absent": gives them none.
want_host() {
  seen= lines=0
  while read -r address names; do
    case $address in '' | '#'*) continue ;; esac
    case $2 in
      *:*) case $address in *:*) ;; *) continue ;; esac ;;
      *) case $address in *:*) continue ;; esac ;;
    esac
    names=${names%%#*}
    for name in $names; do
      case " $3 " in
        *" $name "*)
          normal $names
          seen="$address $line" lines=$((lines + 1))
          break
          ;;
      esac
    done
  done 2>/dev/null < /etc/hosts
  if [ "$2" = absent ]; then
    [ -z "$seen" ] || drift "$1" "$seen"
  elif [ "$lines:$seen" != "1:$2 $3" ]; then
    drift "$1" "${seen:-absent}"
  fi
}
