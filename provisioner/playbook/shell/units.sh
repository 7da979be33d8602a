# Looks at the units "$@" in one process.
look_at_units() {
  while IFS='=' read -r key value; do
    case $key in
      '')
        [ $# -gt 1 ] && shift
        ;;
      LoadState) unit_index "$1" && eval "u${i}_load=\$value" ;;
      ActiveState) unit_index "$1" && eval "u${i}_active=\$value" ;;
      UnitFileState) unit_index "$1" && eval "u${i}_file=\$value" ;;
    esac
  done <<END
$(systemctl show -p LoadState -p ActiveState -p UnitFileState -- "$@" 2>/dev/null)
END
}

# want_unit FIELD INDEX ENABLED STATE: fields FIELD enabled, +1 state. ENABLED: yes, no or "-". STATE: active, inactive, "-".
want_unit() {
  eval "load=\$u${2}_load active=\$u${2}_active file=\$u${2}_file"
  [ "$load" = masked ] && file=masked
  case $3:$file in
    yes:enabled | yes:static | yes:generated | yes:alias | yes:indirect) ;;
    yes:*) drift "$1" "${file:-absent}" ;;
    no:enabled | no:enabled-runtime | no:linked*) drift "$1" "$file" ;;
  esac
  case $4:$active in
    active:active | active:reloading) ;;
    active:*) drift $(($1 + 1)) "${active:-absent}" ;;
    inactive:active | inactive:reloading | inactive:activating | inactive:deactivating) drift $(($1 + 1)) "$active" ;;
  esac
  return 0
}
