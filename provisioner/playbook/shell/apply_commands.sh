# run_command LIMIT TEXT PIECE: with the piece, if there is one, on its standard input.
run_command() {
  if [ -n "$3" ]; then
    timeout --kill-after=10 "$1" /bin/sh -euc "$2" < "$dir/in/$3"
  else
    timeout --kill-after=10 "$1" /bin/sh -euc "$2" < /dev/null
  fi
}
