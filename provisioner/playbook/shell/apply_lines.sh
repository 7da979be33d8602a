# Replaces file $1 by $1's hidden .new, keeping what access it had.
replace_kept() {
  hidden_name "$1"
  if [ -e "$1" ]; then
    place_file "$1" "$(stat -L -c %a -- "$1")" "$(stat -L -c %U -- "$1")" "$(stat -L -c %G -- "$1")" "$hidden.new"
  else
    place_file "$1" 644 root root "$hidden.new"
  fi
}

# set_line PATH LINE MATCH: the first line that matches becomes LINE, other such lines go, or LINE is put at the end.
# set_line PATH LINE MATCH absent: they all go.
set_line() {
  mkdir -p -- "${1%/*}/"
  hidden_name "$1"
  [ -e "$1" ] || : > "$1"
  if [ -n "$3" ]; then
    hits=$(grep -n -E -e "$3" -- "$1" | cut -d: -f1) || :
  else
    hits=$(grep -n -xF -e "$2" -- "$1" | cut -d: -f1) || :
  fi
  normal $hits
  hits=" $line " line=$2 keep=${4:-present} awk '
    index(ENVIRON["hits"], " " NR " ") {
      if (ENVIRON["keep"] == "present" && !done) { print ENVIRON["line"]; done = 1 }
      next
    }
    { print }
    END { if (ENVIRON["keep"] == "present" && !done) print ENVIRON["line"] }
  ' "$1" > "$hidden.new"
  replace_kept "$1"
}

# set_host ADDRESS NAMES: the names leave every other line of their kind of address.
set_host() {
  [ -e /etc/hosts ] || : > /etc/hosts
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
  ' /etc/hosts > /etc/.hosts.slipway.new
  hidden=/etc/.hosts.slipway
  # Some hosts have it mounted; what cannot be renamed over is written in place.
  replace_kept /etc/hosts 2>/dev/null || cat /etc/.hosts.slipway > /etc/hosts
  rm -f /etc/.hosts.slipway /etc/.hosts.slipway.new
}
