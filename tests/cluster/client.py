#!/usr/bin/env python3
"""A client of a cluster that does not stop, whatever happens to it, and the account of what it met.

  client.py run KUBECONFIG SERVER PROBE-URL LOG     writes and reads a ConfigMap, and asks PROBE-URL, each 100 ms
  client.py mark LOG NAME                           the event NAME begins here
  client.py report LOG                              one line of JSON for each event, and one for all

A write counts as acknowledged when the API said so. What is read later must not be older than that: else it was lost.
"""
import base64, http.client, json, os, re, ssl, sys, tempfile, threading, time, urllib.request

PERIOD, LIMIT = 0.1, 2.0
PATH = "/api/v1/namespaces/default/configmaps/life"


def context_of(kubeconfig):
    text = open(kubeconfig).read()
    field = lambda key: base64.b64decode(re.search(key + r'"?:\s*"?([A-Za-z0-9+/=]+)', text).group(1))
    context = ssl.create_default_context(cadata=field("certificate-authority-data").decode())
    with tempfile.TemporaryDirectory() as folder:
        for name, key in (("crt", "client-certificate-data"), ("key", "client-key-data")):
            with open(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(field(key))
        context.load_cert_chain(f"{folder}/crt", f"{folder}/key")
    return context


class Api:
    def __init__(self, server, context):
        self.server, self.context, self.connection = server, context, None

    def call(self, method, path, body=None, kind="application/merge-patch+json"):
        """The object of a 2xx answer, or None; a connection that failed is made anew."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPSConnection(self.server, timeout=LIMIT, context=self.context)
            self.connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": kind})
            answer = self.connection.getresponse()
            text = answer.read()
            if 200 <= answer.status < 300:
                return json.loads(text)
            if answer.status != 409:
                self.close()
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
        return None

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


def every(period, what):
    due = time.monotonic()
    while True:
        what()
        due = max(due + period, time.monotonic() - period)
        time.sleep(max(0.0, due - time.monotonic()))


def run(kubeconfig, server, probe, path):
    log, guard = open(path, "a", buffering=1), threading.Lock()

    def note(kind, ok, **more):
        with guard:
            log.write(json.dumps({"at": time.time(), "kind": kind, "ok": ok, **more}) + "\n")

    api = Api(server, context_of(kubeconfig))
    while api.call("GET", PATH) is None:
        api.call("POST", PATH.rsplit("/", 1)[0], {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "life"},
                                                  "data": {"n": "0"}}, "application/json")
        time.sleep(0.2)
    state = {"tried": 0, "acknowledged": 0}

    def write():
        state["tried"] += 1
        done = api.call("PATCH", PATH, {"data": {"n": str(state["tried"])}}) is not None
        if done:
            state["acknowledged"] = state["tried"]
        note("write", done, n=state["tried"])
        seen = api.call("GET", PATH)
        if seen is not None:
            found = int(seen["data"]["n"])
            note("read", found >= state["acknowledged"], n=found, acknowledged=state["acknowledged"])

    def ask():
        try:
            with urllib.request.urlopen(probe, timeout=LIMIT) as answer:
                note("probe", answer.status == 200)
        except (OSError, http.client.HTTPException):
            note("probe", False)

    threading.Thread(target=every, args=(PERIOD, ask), daemon=True).start()
    every(PERIOD, write)


def account(name, records):
    """What one stretch of the log says. The gap is the longest time without an acknowledged write in it."""
    writes = [r for r in records if r["kind"] == "write"]
    good = [r["at"] for r in writes if r["ok"]]
    edges = [records[0]["at"], *good, records[-1]["at"]]
    gaps = [(b - a, a, b) for a, b in zip(edges, edges[1:])]
    gap = max(gaps)
    outside = [r for r in records if r["kind"] == "probe" and not (gap[1] <= r["at"] <= gap[2])]
    probes = [r for r in records if r["kind"] == "probe"]
    share = lambda those: round(100.0 * sum(r["ok"] for r in those) / len(those), 2) if those else 100.0
    return {"event": name, "seconds": round(records[-1]["at"] - records[0]["at"], 1), "writes": len(good),
            "refused": len(writes) - len(good), "gap": round(gap[0], 2),
            "lost": sum(1 for r in records if r["kind"] == "read" and not r["ok"]),
            "probes": share(probes), "probes_outside_gap": share(outside)}


def report(path):
    records = [json.loads(line) for line in open(path) if line.endswith("\n")]
    stretches, current = [], None
    for record in records:
        if record["kind"] == "mark":
            current = (record["name"], [])
            stretches.append(current)
        elif current:
            current[1].append(record)
    for name, stretch in stretches:
        if stretch:
            print(json.dumps(account(name, stretch)))
    print(json.dumps(account("all", [r for r in records if r["kind"] != "mark"])))


if __name__ == "__main__":
    verb, arguments = sys.argv[1], sys.argv[2:]
    if verb == "mark":
        with open(arguments[0], "a") as log:
            log.write(json.dumps({"at": time.time(), "kind": "mark", "name": arguments[1]}) + "\n")
    else:
        {"run": run, "report": report}[verb](*arguments)
