#!/usr/bin/env python3
"""fault_proxy.py PORT KEYSTONE_URL FOLDER: stands between Slipway and an OpenStack cloud, and breaks what it is told to.

The catalogue in each token is rewritten so that every service is asked through here. FOLDER/calls gets a line a call:
"METHOD PORT PATH STATUS". FOLDER/rules.json, read at each call, is a list of rules, tried in order:
  {"match": "POST 8774 /v2.1/servers$", "skip": 0, "times": 1, "do": "status 500"}
`match` is a regular expression over "METHOD PORT PATH"; the first `skip` matches pass, then `times` are broken.
do:  status N       answers N instead of asking the cloud (429 with Retry-After: 1)
     lose           lets the call have its effect and drops the answer
     kill           lets the call have its effect, then kills the process of FOLDER/pid, and drops the answer
     pace N         lets N calls a second through, however often, and answers 429 to the others
     hang SECONDS   waits before it asks the cloud
     fault WORD     adds metadata bed_fault=WORD to the server that is made
     hide SECONDS   leaves things younger than that out of the list (their created or created_at decides)
"""
import calendar, http.client, http.server, json, os, re, signal, sys, threading, time, urllib.parse

port, keystone, folder = int(sys.argv[1]), urllib.parse.urlsplit(sys.argv[2]), sys.argv[3]
lock, used = threading.Lock(), {}
paces = {}  # rule -> (calls that may pass now, when that was counted)
calls = open(os.path.join(folder, "calls"), "a", buffering=1)


def rule_for(line):
    try:
        with open(os.path.join(folder, "rules.json")) as file:
            rules = json.load(file)
    except (OSError, ValueError):
        return None
    with lock:
        for rule in rules:
            if not re.search(rule["match"], line):
                continue
            key = json.dumps(rule)
            if rule["do"].startswith("pace "):
                return None if may_pass(key, float(rule["do"].split()[1])) else ["status", "429"]
            seen = used[key] = used.get(key, 0) + 1
            if rule.get("skip", 0) < seen <= rule.get("skip", 0) + rule.get("times", 1):
                return rule["do"].split()
    return None


def may_pass(key, calls_a_second):
    """A bucket that holds one second's calls."""
    now = time.monotonic()
    left, counted = paces.get(key, (calls_a_second, now))
    left = min(calls_a_second, left + (now - counted) * calls_a_second)
    paces[key] = (left - 1 if left >= 1 else left, now)
    return left >= 1


def young(item, seconds):
    made = item.get("created") or item.get("created_at")
    if not made:
        return False
    return time.time() - calendar.timegm(time.strptime(made[:19], "%Y-%m-%dT%H:%M:%S")) < seconds


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True

    def log_message(self, *arguments):
        pass

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_one(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        match = re.match(r"/(\d+)(/.*)$", self.path)
        host, target = (keystone.hostname, int(match.group(1))), match.group(2)
        line = "%s %d %s" % (self.command, host[1], target)
        what = rule_for(line.split("?")[0]) or [""]
        if what[0] == "status":
            calls.write(line + " " + what[1] + "!\n")
            extra = [("Retry-After", "1")] if what[1] == "429" else []
            return self.answer(int(what[1]), extra + [("Content-Type", "application/json")],
                               b'{"error": {"message": "put between by the fault proxy"}}')
        if what[0] == "hang":
            time.sleep(float(what[1]))
        if what[0] == "fault":
            wanted = json.loads(body)
            wanted["server"].setdefault("metadata", {})["bed_fault"] = what[1]
            body = json.dumps(wanted).encode()
        cloud = http.client.HTTPConnection(*host, timeout=300)
        headers = {n: v for n, v in self.headers.items() if n.lower() not in ("host", "connection", "content-length")}
        cloud.request(self.command, target, body or None, headers)
        reply = cloud.getresponse()
        content = reply.read()
        calls.write(line + " %d%s\n" % (reply.status, "!" if what[0] else ""))
        if what[0] == "kill":
            with open(os.path.join(folder, "pid")) as file:
                os.kill(int(file.read()), signal.SIGKILL)
        if what[0] in ("lose", "kill"):
            self.close_connection = True
            return None
        if host[1] == keystone.port and b'"catalog"' in content:
            content = re.sub(rb"http://" + keystone.hostname.encode() + rb":(\d+)",
                             b"http://127.0.0.1:%d/\\1" % port, content)
        if what[0] == "hide" and content:
            listed = json.loads(content)
            for member, items in listed.items():
                if isinstance(items, list):
                    listed[member] = [item for item in items if not young(item, float(what[1]))]
            content = json.dumps(listed).encode()
        return self.answer(reply.status, reply.getheaders(), content)

    def handle_safely(self):
        try:
            self.handle_one()
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_safely


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", port), Proxy).serve_forever()
