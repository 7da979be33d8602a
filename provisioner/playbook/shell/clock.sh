# want_clock FIELD INDEX INDICES: systemd-timesyncd is enabled and runs, or one of the others runs.
# A container's clock is its machine's.
want_clock() {
  in_container && return 0
  for i in $3; do
    eval "active=\$u${i}_active"
    [ "$active" = active ] && return 0
  done
  eval "active=\$u${2}_active file=\$u${2}_file"
  [ "$active" = active ] && [ "$file" = enabled ] && return 0
  drift "$1" "${active:-absent}"
}
