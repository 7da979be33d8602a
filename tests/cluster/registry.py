#!/usr/bin/env python3
"""registry.py ARCHIVE ADDRESS PORT: an image registry that serves one OCI archive under every name and tag, read only."""
import hashlib
import http.server
import json
import sys
import tarfile

archive, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
files = {}
with tarfile.open(archive) as tar:
    for member in tar:
        if member.isfile():
            files[member.name.removeprefix("./")] = tar.extractfile(member).read()
blobs = {"sha256:" + name.rsplit("/", 1)[1]: data for name, data in files.items() if name.startswith("blobs/sha256/")}
top = json.loads(files["index.json"])["manifests"][0]["digest"]


class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.rstrip("/") == "/v2":
            return self.answer(200, b"{}", "application/json")
        digest = self.path.split("?")[0].rsplit("/", 1)[1]
        if "/manifests/" in self.path and not digest.startswith("sha256:"):
            digest = top
        data = blobs.get(digest)
        if data is None:
            return self.answer(404, b"{}", "application/json")
        kind = "application/octet-stream"
        if "/manifests/" in self.path:
            kind = json.loads(data).get("mediaType", "application/vnd.oci.image.manifest.v1+json")
        self.answer(200, data, kind)

    do_HEAD = do_GET

    def answer(self, status, data, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Content-Digest", "sha256:" + hashlib.sha256(data).hexdigest())
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)


http.server.ThreadingHTTPServer((address, port), Registry).serve_forever()
