# copy_hidden PATH: what PATH holds, with the access that it has, under its hidden name.
copy_hidden() {
  make_room "$1"
  [ -e "$1" ] || : > "$1"
  cp -pT -- "$1" "$hidden"
}

# set_line PATH LINE MATCH: the first line that matches becomes LINE, other such lines go, or LINE is put at the end.
# set_line PATH LINE MATCH absent: they all go.
set_line() {
  copy_hidden "$1"
  if [ -n "$3" ]; then
    found=$(grep -n -E -e "$3" -- "$1") || :
  else
    found=$(grep -n -xF -e "$2" -- "$1") || :
  fi
  hits=' '
  while IFS=: read -r number text; do
    hits="$hits$number "
  done <<END
$found
END
  hits=$hits line=$2 keep=${4:-present} awk '
    index(ENVIRON["hits"], " " NR " ") {
      if (ENVIRON["keep"] == "present" && !done) { print ENVIRON["line"]; done = 1 }
      next
    }
    { print }
    END { if (ENVIRON["keep"] == "present" && !done) print ENVIRON["line"] }
  ' "$1" > "$hidden"
  reveal "$1"
}

# set_host ADDRESS NAMES: the names leave every other line of their kind of address.
set_host() {
  copy_hidden /etc/hosts
  address=$1 wanted=" $2 " awk '
    BEGIN { wanted = ENVIRON["wanted"]; six = ENVIRON["address"] ~ /:/ }
    /^[ \t]*#/ || NF == 0 || (($1 ~ /:/) != six) { print; next }
    {
      comment = ""; text = $0
      if (at = index(text, "#")) { comment = " " substr(text, at); text = substr(text, 1, at - 1) }
      count = split(text, word, /[ \t]+/); kept = ""; dropped = 0; first = word[1] == "" ? 2 : 1
      for (n = first + 1; n <= count; n++) {
        if (word[n] == "") continue
        if (index(wanted, " " word[n] " ")) dropped = 1
        else kept = kept " " word[n]
      }
      if (!dropped) print
      else if (kept != "") print word[first] kept (comment == " # slipway" ? "" : comment)
    }
    END { if (ENVIRON["address"] != "absent") print ENVIRON["address"] substr(wanted, 1, length(wanted) - 1) "  # slipway" }
  ' /etc/hosts > "$hidden"
  # Some hosts have it mounted; what cannot be renamed over is written in place.
  reveal /etc/hosts 2>/dev/null || { cat "$hidden" > /etc/hosts && rm -f -- "$hidden"; }
}
