# Looks at the files "$@" in two processes, however many they are: kind, mode, owner, group, size, times; then the
# SHA-256 of the regular ones. A large file whose size and times are those that our stamp noted is not read again. Where
# nothing is, no process is started.
look_at_files() {
  first=1
  for path; do
    [ -n "$first" ] && set -- && first=
    file_index "$path"
    eval "f${i}_type= f${i}_sha="
    if [ -e "$path" ] || [ -h "$path" ]; then
      set -- "$@" "$path"
    fi
  done
  [ $# -gt 0 ] || return 0
  while IFS='|' read -r path type mode owner group size mtime ctime uid gid; do
    [ -n "$path" ] || continue
    file_index "$path"
    eval "f${i}_type=\$type f${i}_mode=\$mode f${i}_owner=\$owner f${i}_group=\$group f${i}_size=\$size f${i}_times=\$mtime/\$ctime f${i}_uid=\$uid f${i}_gid=\$gid"
  done <<END
$(stat -c '%n|%F|%a|%U|%G|%s|%.9Y|%.9Z|%u|%g' -- "$@" 2>/dev/null)
END
  first=1
  for path; do
    [ -n "$first" ] && set -- && first=
    file_index "$path"
    eval "type=\$f${i}_type size=\$f${i}_size times=\$f${i}_times"
    case $type in
      'regular file' | 'regular empty file') ;;
      *) continue ;;
    esac
    if [ -n "$stamp" ] && first_line "$stamp" && [ "${line#* }" = "$size $times" ]; then
      eval "f${i}_sha=\${line%% *}"
      continue
    fi
    set -- "$@" "$path"
  done
  [ $# -gt 0 ] || return 0
  while read -r sum path; do
    [ -n "$path" ] || continue
    file_index "$path"
    eval "f${i}_sha=\$sum"
  done <<END
$(sha256sum -- "$@" 2>/dev/null)
END
}

# want_file FIELD INDEX SHA MODE OWNER GROUP: fields FIELD state, +1 content, +2 mode, +3 owner, +4 group.
want_file() {
  eval "type=\$f${2}_type sha=\$f${2}_sha size=\$f${2}_size"
  case $type in
    'regular file' | 'regular empty file') ;;
    *)
      drift "$1" "${type:-absent}"
      return 0
      ;;
  esac
  if [ "$sha" != "$3" ]; then
    file_path "$2"
    drift_content $(($1 + 1)) "$path" "$sha" "$size"
  fi
  want_access $(($1 + 2)) "$2" "$4" "$5" "$6"
}

# want_access FIELD INDEX MODE OWNER GROUP: an owner or group that is wanted by number is compared by number.
want_access() {
  eval "mode=\$f${2}_mode owner=\$f${2}_owner group=\$f${2}_group"
  case $4 in *[!0-9]*) ;; *) eval "owner=\$f${2}_uid" ;; esac
  case $5 in *[!0-9]*) ;; *) eval "group=\$f${2}_gid" ;; esac
  [ "$mode" = "$3" ] || drift "$1" "$mode"
  [ "$owner" = "$4" ] || drift $(($1 + 1)) "$owner"
  [ "$group" = "$5" ] || drift $(($1 + 2)) "$group"
  return 0
}

# want_directory FIELD INDEX MODE OWNER GROUP: fields FIELD state, +1 mode, +2 owner, +3 group.
want_directory() {
  eval "type=\$f${2}_type"
  if [ "$type" != directory ]; then
    drift "$1" "${type:-absent}"
    return 0
  fi
  want_access $(($1 + 1)) "$2" "$3" "$4" "$5"
}

# want_absent FIELD INDEX
want_absent() {
  eval "type=\$f${2}_type"
  [ -z "$type" ] || drift "$1" "$type"
}
