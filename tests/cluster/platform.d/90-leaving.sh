# An add-on of one's own, and add-ons taken out of the spec: their objects go, after approval, and nothing else.

mkdir -p "$work/mine"
cat >"$work/mine/addon.yaml" <<'Y'
name: mine
description: An add-on of the suite's own.
values: {greeting: {type: text, default: hello}}
secrets: {password: {length: 20}}
Y
cat >"$work/mine/objects.yaml" <<'Y'
apiVersion: v1
kind: ConfigMap
metadata: {name: mine, namespace: default}
data: {greeting: "${values.greeting}"}
---
apiVersion: v1
kind: Secret
metadata: {name: mine, namespace: default}
stringData: {password: "${secrets.password}"}
Y
cp "$spec" "$work/spec-before"
sed -i 's|^addons:.*|&\n  mine: {path: ./mine, greeting: good day}|' "$spec"
check "an add-on of one's own comes up" run_json mine bootstrap "$spec"
check "with its settings" equals "good day" "$kubectl" get configmap mine -o 'jsonpath={.data.greeting}'
check "and a password that is in no plan" equals 0 sh -c "'$slipway' plan '$spec' --all --output json | grep -c \"$("$kubectl" get secret mine -o 'jsonpath={.data.password}' | base64 -d)\" || true"
"$kubectl" create configmap theirs >/dev/null
cp "$work/spec-before" "$spec"
check "taken out, it waits for approval" exits 4 run_json leaving bootstrap "$spec"
check "and is still there" "$kubectl" get configmap mine
check "with approval it goes" run_json left bootstrap "$spec" --approve
check "its objects are gone" fails "$kubectl" get configmap mine
check "what is not ours stays" "$kubectl" get configmap theirs

enabled registry || return 0
sed -i '/^  registry:/d' "$spec"
check "the registry is taken out" run_json left bootstrap "$spec" --approve
check "it serves no more" fails "$kubectl" -n registry get deployment registry
check "its volume stays" equals Bound "$kubectl" -n registry get pvc data -o 'jsonpath={.status.phase}'
cp "$work/spec-before" "$spec"
check "the registry comes back" run_json back bootstrap "$spec"
check "with the image that was pushed" eventually 60 equals 200 api -u "push:$push_password" -o /dev/null -w '%{http_code}' -H 'Accept: application/vnd.oci.image.manifest.v1+json' "https://$host/v2/suite/hello/manifests/1"
