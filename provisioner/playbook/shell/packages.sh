# Looks at the packages "$@" in one process.
look_at_packages() {
  for name; do
    package_index "$name"
    eval "p${i}_state= p${i}_version="
  done
  while IFS='|' read -r name state version; do
    [ -n "$name" ] || continue
    package_index "$name"
    # Of two architectures of one package the installed one counts.
    eval "known=\$p${i}_state"
    case $known in ?i*) continue ;; esac
    eval "p${i}_state=\$state p${i}_version=\$version"
  done <<END
$(dpkg-query -W -f '${Package}|${db:Status-Abbrev}|${Version}\n' -- "$@" 2>/dev/null)
END
}

# want_package FIELD INDEX VERSION HELD: fields FIELD version, +1 held. VERSION: exact, "any" or "absent".
want_package() {
  eval "state=\$p${2}_state version=\$p${2}_version"
  case $state in
    ?i*) ;;
    '' | ?n* | ?c*) version=absent ;;
    *) version=broken ;;
  esac
  if [ "$3" = any ]; then
    case $version in absent | broken) drift "$1" "$version" ;; esac
  elif [ "$3" != "$version" ]; then
    drift "$1" "$version"
  fi
  case $4:$state in
    1:hi*) ;;
    1:?i*) drift $(($1 + 1)) no ;;
  esac
  return 0
}
