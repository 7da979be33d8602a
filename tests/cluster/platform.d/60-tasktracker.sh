# The sample application: deployed by its deployer's kubeconfig alone, released by one script, its data outlives the database's pod.

(umask 077 && "$kubectl" -n registry get secret login -o 'go-template={{.data.username | base64decode}}:{{.data.password | base64decode}}' >"$work/registry-user")
"$slipway" kubeconfig "$spec" --role deployer --file "$work/deployer" 2>/dev/null
app=tasktracker.$domain
as_deployer() { KUBECONFIG=$work/deployer "$kubectl" "$@"; }
only_here() { as_deployer auth can-i create deployments -n tasktracker && ! as_deployer auth can-i get secrets -n postgres && ! as_deployer auth can-i create rolebindings -n tasktracker; }
check "tasktracker: its deployer has rights in its namespace, and not over them" only_here

cp -r manifests/tasktracker/application "$work/application"
# The first time with what the operator's script takes out of the cluster, then as a pipeline would, without a base.
release_here() { SLIPWAY=$slipway manifests/tasktracker/release-here "$spec" "$work/application"; }
release() {
  KUBECONFIG=$work/deployer KUBECTL=$kubectl "$work/application/release" --registry "registry.$domain" --registry-address "$registry" \
    --user "$work/registry-user" --authority "$authority" --host "$app" --host-address "$ingress"
}
url() { browse "$app" "$@"; }
version() { url /healthz | python3 -c 'import json,sys; print(json.load(sys.stdin)["version"])'; }
begun=$SECONDS
check "tasktracker: first release: image, registry, rollout, URL" release_here
echo "      first release: $((SECONDS - begun)) s"
first=$(version)

# --- the API ------------------------------------------------------------------------------------------------------------
tasks_api() { url "/api/$2" -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"}; }
number() { python3 -c 'import json,sys; print(json.load(sys.stdin)["id"])'; }
project=$(tasks_api POST projects '{"name": "Ship"}' | number)
task=$(tasks_api POST "projects/$project/tasks" '{"title": "Write it"}' | number)
check "tasktracker: a project and a task are created" test -n "$task"
check "tasktracker: the task is edited and completed" grep -q '"title": "Write it well", "done": true' <(tasks_api PATCH "tasks/$task" '{"title": "Write it well", "done": true}')
second=$(tasks_api POST "projects/$project/tasks" '{"title": "Throw away"}' | number)
check "tasktracker: a task is deleted" equals 204 url "/api/tasks/$second" -X DELETE -o /dev/null -w '%{http_code}'
check "tasktracker: and is gone" equals 404 url "/api/tasks/$second" -X DELETE -o /dev/null -w '%{http_code}'
check "tasktracker: nonsense is refused" equals 400 url "/api/projects/$project/tasks" -X POST -d '{"title": ""}' -o /dev/null -w '%{http_code}'
check "tasktracker: /metrics counts" grep -q 'http_requests_total{method="POST",route="/api/projects",code="201"}' <(for i in 1 2 3 4 5 6 7 8; do url /metrics; done)

# --- a changed source ----------------------------------------------------------------------------------------------------
sed -i 's/A new project/Name of the new project/' "$work/application/source/page.html"
begun=$SECONDS
check "tasktracker: changed source: one script, and the URL serves it" release
echo "      changed source to URL: $((SECONDS - begun)) s"
changed() { [ "$(version)" != "$first" ] && contains 'Name of the new project' url /; }
# A request may still be on its way to a pod that ends.
check "tasktracker: it is the new version" eventually 15 changed
check "tasktracker: released again without a change: the same version" release
check "tasktracker: the tasks are still there" grep -q 'Write it well' <(tasks_api GET "projects/$project/tasks")

# --- the page, in a browser, and the database's pod deleted ----------------------------------------------------------------
browser=yes
for package in chromium chromium-driver python3-selenium; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$package" >/dev/null 2>&1 || browser=
done
page() {
  /usr/bin/python3 tests/cluster/browse.py --host "$app" --address "$ingress" "$@"
}
if [ -n "$browser" ]; then
  check "tasktracker: the page creates a task (screenshot)" page --project Ship --create "Seen in a browser" --picture "$work/tasktracker-created.png"
else
  skip "tasktracker: the page in a browser: chromium and its driver could not be installed"
  tasks_api POST "projects/$project/tasks" '{"title": "Seen in a browser"}' >/dev/null
fi
"$kubectl" -n postgres delete pod postgres-0 --wait=true >/dev/null
shows() { tasks_api GET "projects/$project/tasks" | grep -q 'Seen in a browser'; }
check "tasktracker: the Postgres pod deleted: the API shows the task again" eventually 180 shows
if [ -n "$browser" ]; then
  check "tasktracker: the Postgres pod deleted: the page shows the task (screenshot)" page --project Ship --expect "Seen in a browser" --picture "$work/tasktracker-after.png"
  [ -z "${SLIPWAY_PICTURES:-}" ] || cp "$work"/tasktracker-*.png "$SLIPWAY_PICTURES/"
fi
