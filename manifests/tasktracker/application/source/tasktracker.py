"""TaskTracker: projects and tasks over PostgreSQL, by a REST API and a web page. Standard library and psycopg2 only."""

import json
import os
import pathlib
import re
import signal
import sys
import threading
import time
import http.server
import urllib.parse

import psycopg2
import psycopg2.extras

HERE = pathlib.Path(__file__).resolve().parent
VERSION = os.environ.get("TASKTRACKER_VERSION", "unversioned")
TITLE = os.environ.get("TASKTRACKER_TITLE", "TaskTracker")
MAX_BODY = 64 * 1024

SCHEMA = """
create table if not exists projects (
  id bigint generated always as identity primary key,
  name text not null check (name <> ''),
  created timestamptz not null default now());
create table if not exists tasks (
  id bigint generated always as identity primary key,
  project bigint not null references projects on delete cascade,
  title text not null check (title <> ''),
  done boolean not null default false,
  created timestamptz not null default now(),
  completed timestamptz);
create index if not exists tasks_by_project on tasks (project);
"""


class Problem(Exception):
    """An answer that is no success: HTTP status and a sentence for the caller."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status, self.text = status, text


class Database:
    """One connection for each thread, made again after the server went away. PG* environment variables say where."""

    def __init__(self):
        self.local = threading.local()
        self.schema_lock = threading.Lock()
        self.has_schema = False

    def connection(self):
        connection = getattr(self.local, "connection", None)
        if connection is None or connection.closed:
            connection = psycopg2.connect(connect_timeout=3, application_name="tasktracker",
                                          options="-c statement_timeout=5000", cursor_factory=psycopg2.extras.RealDictCursor)
            connection.autocommit = True
            self.local.connection = connection
        with self.schema_lock:
            if not self.has_schema:
                with connection.cursor() as cursor:
                    # Replicas that start together would otherwise race to make the tables.
                    cursor.execute("select pg_advisory_lock(7105)")
                    cursor.execute(SCHEMA)
                    cursor.execute("select pg_advisory_unlock(7105)")
                self.has_schema = True
        return connection

    def drop(self):
        connection = getattr(self.local, "connection", None)
        self.local.connection = None
        if connection is not None:
            try:
                connection.close()
            except psycopg2.Error:
                pass

    def rows(self, statement, *values):
        # A connection that a restarted server has left behind is noticed only when it is used: one more try with a new one.
        # An insert must not be sent twice, so it asks first.
        repeatable = not statement.startswith("insert")
        for attempt in (1, 2):
            fresh = getattr(self.local, "connection", None) is None
            sent = False
            try:
                with self.connection().cursor() as cursor:
                    if not repeatable and not fresh:
                        cursor.execute("select 1")
                    sent = True
                    cursor.execute(statement, values)
                    return cursor.fetchall() if cursor.description else []
            except (psycopg2.OperationalError, psycopg2.InterfaceError, psycopg2.errors.ReadOnlySqlTransaction):
                self.drop()
                if attempt == 2 or fresh or (sent and not repeatable):
                    raise Problem(503, "the database does not answer")
            except psycopg2.errors.ForeignKeyViolation:
                raise Problem(404, "no such project")

    def one(self, statement, *values):
        rows = self.rows(statement, *values)
        if not rows:
            raise Problem(404, "no such thing")
        return rows[0]


class Metrics:
    """Counts and times of requests, in Prometheus' text form."""

    BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

    def __init__(self):
        self.lock = threading.Lock()
        self.requests, self.buckets, self.sums = {}, {}, {}

    def observe(self, method, route, status, seconds):
        with self.lock:
            key = (method, route, status)
            self.requests[key] = self.requests.get(key, 0) + 1
            counts = self.buckets.setdefault(route, [0] * (len(self.BUCKETS) + 1))
            for i, bound in enumerate(self.BUCKETS):
                counts[i] += seconds <= bound
            counts[-1] += 1
            self.sums[route] = self.sums.get(route, 0.0) + seconds

    def text(self):
        out = ["# TYPE http_requests_total counter"]
        with self.lock:
            for (method, route, status), count in sorted(self.requests.items()):
                out.append(f'http_requests_total{{method="{method}",route="{route}",code="{status}"}} {count}')
            out.append("# TYPE http_request_duration_seconds histogram")
            for route, counts in sorted(self.buckets.items()):
                for bound, count in zip(self.BUCKETS + ("+Inf",), counts):
                    out.append(f'http_request_duration_seconds_bucket{{route="{route}",le="{bound}"}} {count}')
                out.append(f'http_request_duration_seconds_sum{{route="{route}"}} {self.sums[route]:.6f}')
                out.append(f'http_request_duration_seconds_count{{route="{route}"}} {counts[-1]}')
        out += ["# TYPE tasktracker_build_info gauge", f'tasktracker_build_info{{version="{VERSION}"}} 1']
        return "\n".join(out) + "\n"


database, metrics = Database(), Metrics()


def text_of(body, key, required=True):
    value = body.get(key)
    if value is None and not required:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > 500:
        raise Problem(400, f"'{key}' must be a text of 1 to 500 characters")
    return value.strip()


def list_projects(_):
    return 200, database.rows("select p.id, p.name, count(t.id)::int as tasks, count(t.id) filter (where t.done)::int as done "
                              "from projects p left join tasks t on t.project = p.id group by p.id order by p.id")


def create_project(request):
    return 201, database.one("insert into projects (name) values (%s) returning id, name", text_of(request.body, "name"))


def edit_project(request):
    return 200, database.one("update projects set name = %s where id = %s returning id, name",
                             text_of(request.body, "name"), request.number)


def delete_project(request):
    database.one("delete from projects where id = %s returning id", request.number)
    return 204, None


def list_tasks(request):
    database.one("select id from projects where id = %s", request.number)
    return 200, database.rows("select id, title, done from tasks where project = %s order by id", request.number)


def create_task(request):
    return 201, database.one("insert into tasks (project, title) values (%s, %s) returning id, project, title, done",
                             request.number, text_of(request.body, "title"))


def edit_task(request):
    title, done = text_of(request.body, "title", required=False), request.body.get("done")
    if done is not None and not isinstance(done, bool):
        raise Problem(400, "'done' must be true or false")
    if title is None and done is None:
        raise Problem(400, "'title' or 'done' must be given")
    return 200, database.one("update tasks set title = coalesce(%s, title), done = coalesce(%s, done), "
                             "completed = case when coalesce(%s, done) then coalesce(completed, now()) end "
                             "where id = %s returning id, project, title, done", title, done, done, request.number)


def delete_task(request):
    database.one("delete from tasks where id = %s returning id", request.number)
    return 204, None


ROUTES = [
    ("GET", r"/api/projects", list_projects),
    ("POST", r"/api/projects", create_project),
    ("PATCH", r"/api/projects/(\d+)", edit_project),
    ("DELETE", r"/api/projects/(\d+)", delete_project),
    ("GET", r"/api/projects/(\d+)/tasks", list_tasks),
    ("POST", r"/api/projects/(\d+)/tasks", create_task),
    ("PATCH", r"/api/tasks/(\d+)", edit_task),
    ("DELETE", r"/api/tasks/(\d+)", delete_task),
]


class Handler(http.server.BaseHTTPRequestHandler):
    server_version, sys_version = "TaskTracker", ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def answer(self, status, content, kind="application/json"):
        data = content if isinstance(content, bytes) else b"" if content is None else (json.dumps(content) + "\n").encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'")
        self.end_headers()
        self.wfile.write(data)

    def read_body(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            raise Problem(413, f"at most {MAX_BODY} bytes")
        data = self.rfile.read(int(length))
        if not data:
            return {}
        try:
            body = json.loads(data)
        except ValueError:
            raise Problem(400, "not JSON")
        if not isinstance(body, dict):
            raise Problem(400, "not a JSON object")
        return body

    def look_up(self, path):
        """The route's name, for metrics, and what answers it."""
        if self.command == "GET" and path in ("/", "/page.js"):
            name = "page.html" if path == "/" else "page.js"
            kind = "text/html; charset=utf-8" if path == "/" else "text/javascript; charset=utf-8"
            content = (HERE / name).read_bytes().replace(b"@TITLE@", TITLE.encode()).replace(b"@VERSION@", VERSION.encode())
            return path, lambda: self.answer(200, content, kind)
        if self.command == "GET" and path == "/healthz":
            return path, lambda: self.answer(200, {"status": "ok", "version": VERSION})
        if self.command == "GET" and path == "/readyz":
            return path, lambda: self.answer(200, {"database": database.one("select 'answers' as state")["state"]})
        if self.command == "GET" and path == "/metrics":
            return path, lambda: self.answer(200, metrics.text().encode(), "text/plain; version=0.0.4")
        methods = []
        for method, pattern, function in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == self.command:
                self.number = int(match.group(1)) if match.groups() else None
                return pattern.replace(r"(\d+)", "ID"), lambda: self.answer(*function(self))
            methods += [method] if match else []
        return "other", lambda: self.refuse(methods)

    def refuse(self, methods):
        raise Problem(405, "only " + ", ".join(methods)) if methods else Problem(404, "no such page")

    def handle_request(self):
        began = time.monotonic()
        route, status = "other", 500
        try:
            self.body = self.read_body()
            route, respond = self.look_up(urllib.parse.urlsplit(self.path).path)
            respond()
        except Problem as problem:
            self.answer(problem.status, {"error": problem.text})
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            self.close_connection = True
        except Exception as error:  # noqa: BLE001: one request's bug must not end the others'
            print(json.dumps({"level": "error", "path": self.path, "error": repr(error)}), flush=True)
            self.answer(500, {"error": "internal error"})
        finally:
            status = getattr(self, "status", status)
            metrics.observe(self.command, route, status, time.monotonic() - began)
            if route not in ("/healthz", "/readyz", "/metrics"):
                print(json.dumps({"level": "info", "method": self.command, "path": self.path, "status": status,
                                  "ms": round((time.monotonic() - began) * 1000, 1)}), flush=True)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = handle_request

    def send_response(self, code, message=None):
        self.status = code
        super().send_response(code, message)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    server = Server(("", int(os.environ.get("PORT", "8080"))), Handler)
    stop = lambda *_: threading.Thread(target=server.shutdown).start()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(json.dumps({"level": "info", "version": VERSION, "port": server.server_address[1]}), flush=True)
    server.serve_forever(poll_interval=0.2)


if __name__ == "__main__":
    sys.exit(main())
