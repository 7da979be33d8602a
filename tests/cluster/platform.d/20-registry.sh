# A push and a pull through the registry, and a pod that runs what was pushed.

enabled registry || { skip "registry is not enabled"; return; }
host=registry.$domain
push_password=$("$kubectl" -n registry get secret login -o 'jsonpath={.data.password}' | base64 -d)
api() { curl -sS -m 60 --cacert "$authority" --resolve "$host:443:$registry" "$@"; }
check "without a login the registry refuses" equals 401 api -o /dev/null -w '%{http_code}' "https://$host/v2/"
check "with a wrong password, too" equals 401 api -o /dev/null -w '%{http_code}' -u push:wrong "https://$host/v2/"

# Our own image of the tools, with one more layer that no node has.
image=$work/image
mkdir -p "$image/new" && tar -xf "$("$slipway" artifacts get image/tools)" -C "$image"
python3 - "$image" "made by the suite $$" <<'P'
import hashlib, io, json, os, sys, tarfile
folder, text = sys.argv[1:]
blob = lambda d: os.path.join(folder, "blobs", *d.split(":"))
def keep(data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    open(blob(digest), "wb").write(data)
    return digest
index = json.load(open(os.path.join(folder, "index.json")))
manifest = json.load(open(blob(index["manifests"][0]["digest"])))
config = json.load(open(blob(manifest["config"]["digest"])))
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w") as tar:
    member = tarfile.TarInfo("hello"); member.size = len(text); tar.addfile(member, io.BytesIO(text.encode()))
layer = keep(out.getvalue())
config["rootfs"]["diff_ids"].append(layer)
config.pop("history", None)
body = json.dumps(config).encode()
manifest["layers"].append({"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": len(out.getvalue())})
manifest["config"] = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": keep(body), "size": len(body)}
manifest["mediaType"] = "application/vnd.oci.image.manifest.v1+json"
open(os.path.join(folder, "manifest.json"), "w").write(json.dumps(manifest))
open(os.path.join(folder, "digests"), "w").write("\n".join([manifest["config"]["digest"]] + [l["digest"] for l in manifest["layers"]]) + "\n")
P
push() {
  local digest place
  while read -r digest; do
    place=$(api -u "push:$push_password" -X POST -D - -o /dev/null "https://$host/v2/suite/hello/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
    [ -n "$place" ] || { echo "no place to upload to"; return 1; }
    case $place in *\?*) place="$place&digest=$digest" ;; *) place="$place?digest=$digest" ;; esac
    [ "$(api -u "push:$push_password" -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$image/blobs/${digest/://}" -o /dev/null -w '%{http_code}' "$place")" = 201 ] || { echo "upload of $digest failed"; return 1; }
  done <"$image/digests"
  [ "$(api -u "push:$push_password" -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary "@$image/manifest.json" -o /dev/null -w '%{http_code}' "https://$host/v2/suite/hello/manifests/1")" = 201 ]
}
check "an image is pushed" push
check "its manifest is there" equals 200 api -u "push:$push_password" -o /dev/null -w '%{http_code}' -H 'Accept: application/vnd.oci.image.manifest.v1+json' "https://$host/v2/suite/hello/manifests/1"
pushed_pod() {
  deployer apply -f - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: pushed}
spec:
  restartPolicy: Never
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: pushed
    image: $host/suite/hello:1
    command: [busybox, cat, /hello]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
YAML
  deployer wait pod/pushed --for=jsonpath='{.status.phase}'=Succeeded --timeout=90s
}
check "a pod runs the pushed image, pulled by its node" pushed_pod
check "and it is the pushed one" equals "made by the suite $$" deployer logs pushed
check "the deployer has a login to push with" equals push deployer get secret registry-login -o go-template='{{.data.username | base64decode}}'
collected() {
  "$kubectl" -n registry create job collect-now --from=cronjob/collect &&
    "$kubectl" -n registry wait job/collect-now --for=condition=Complete --timeout=120s
}
check "garbage collection runs by its job" collected
check "and the registry serves again, with the image" eventually 90 equals 200 api -u "push:$push_password" -o /dev/null -w '%{http_code}' -H 'Accept: application/vnd.oci.image.manifest.v1+json' "https://$host/v2/suite/hello/manifests/1"
"$kubectl" -n registry delete job collect-now >/dev/null 2>&1
