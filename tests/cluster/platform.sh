# What the parts in platform.d/ use, beside check.sh. Sourced; `work`, `spec` and KUBECONFIG are set by then.
#   $slipway $kubectl   the programs             $domain             what host names end in
#   $authority          certificate to trust     $ingress $registry  the addresses of these add-ons, or empty
#   $tools              an image with a shell and curl that every node has, where the registry is enabled

slipway=${SLIPWAY:-$PWD/build/slipway}

run_json() { # NAME ARGUMENT…: keeps stdout as $work/NAME.json, talk goes to the log
  local name=$1
  shift
  "$slipway" "$@" --output json >"$work/$name.json" 2>"$work/$name.log" || { local code=$?; cat "$work/$name.log"; return "$code"; }
}
on() { "$slipway" exec "$spec" "$1" -- "${@:2}"; }

# enabled ADD-ON
enabled() { [ "$("$slipway" status "$spec" --no-drift --output json | json_of "any(a['name'] == '$1' for a in d['addons'])")" = True ]; }
# json_of EXPRESSION: of the document on standard input
json_of() { python3 -c 'import json,sys; d=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

platform_at_hand() {
  "$slipway" kubeconfig "$spec" --file "$KUBECONFIG" &&
    authority=$work/platform-ca.crt && "$slipway" kubeconfig "$spec" --authority --file "$authority" || return 1
  kubectl=$("$slipway" artifacts get binary/kubectl) || return 1
  domain=$(sed -n 's/^name: *//p' "$spec").slipway.internal
  ingress=$("$kubectl" -n ingress get service traefik -o 'jsonpath={.status.loadBalancer.ingress[0].ip}' 2>/dev/null)
  registry=$("$kubectl" -n registry get service registry -o 'jsonpath={.status.loadBalancer.ingress[0].ip}' 2>/dev/null)
  tools=slipway.local/tools:bookworm
}

# browse HOST PATH [CURL-ARGUMENT…]: HTTPS through the ingress by name, its certificate verified
browse() { curl -sS -m 10 --cacert "$authority" --resolve "$1:443:$ingress" "https://$1$2" "${@:3}"; }
# status_of HOST PATH: only the status
status_of() { browse "$1" "$2" -o /dev/null -w '%{http_code}'; }
# contains TEXT COMMAND…: the command prints it
contains() {
  local text=$1 found
  shift
  found=$("$@" 2>&1) || { printf '%s\n' "$found"; return 1; }
  case $found in *"$text"*) ;; *) printf 'no "%s" in:\n%s\n' "$text" "$found"; return 1 ;; esac
}
# fails COMMAND…
fails() { ! "$@"; }

# drift NAME FIELD-PART COMMAND…: breaks something; plan must name it, repair must mend that, and then nothing is left
drift() {
  local name=$1 field=$2
  shift 2
  "$@" >/dev/null || { check "$name: could be broken" false; return; }
  check "$name: plan exits 2" exits 2 run_json plan plan "$spec" --detailed-exitcode
  check "$name: plan names it" grep -q -- "$field" "$work/plan.json"
  check "$name: repair mends it" run_json repair repair "$spec"
  check "$name: nothing is left to do" eventually 60 exits 0 "$slipway" plan "$spec" --detailed-exitcode
}
