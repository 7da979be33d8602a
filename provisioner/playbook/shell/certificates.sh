# show_expiry NAME PATH: a fact for reports; hosts without openssl have none.
show_expiry() {
  [ -n "$checking" ] && [ -r "$2" ] && command -v openssl > /dev/null || return 0
  line=$(openssl x509 -noout -enddate -in "$2" 2>/dev/null) && printf '%s\n' "fact expires/$1 ${line#*=}"
  return 0
}
