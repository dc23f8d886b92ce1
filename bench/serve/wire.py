"""One connection, and what went wrong on all of them."""

import array
import collections
import http.client
import json
import threading
import time

from server import HOST

PATIENCE_S = 45


class Down(Exception):
    """The server was killed, or its connection broke: the reply will never come."""


class Failures:
    """What went wrong, by kind and within it by group; the first of each group are kept and printed."""

    KEPT = 5

    def __init__(self):
        self.lock = threading.Lock()
        self.counts, self.groups = collections.Counter(), collections.Counter()
        self.kept = []

    def add(self, kind, what, request="", reply="", group=""):
        told = {"kind": kind, "what": what, "request": short(request), "reply": short(reply), "at": time.strftime("%H:%M:%S")}
        group = f"{kind}: {group}" if group else kind
        with self.lock:
            self.counts[kind] += 1
            self.groups[group] += 1
            if self.groups[group] <= self.KEPT:
                self.kept.append(told)
                print(f"FAILURE {kind}: {what}\n  request {told['request']}\n  reply   {told['reply']}", flush=True)


def short(text, most=600):
    text = text.decode(errors="backslashreplace") if isinstance(text, bytes) else str(text)
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 4 :]} ({len(text)} characters)"


class Wire:
    """Requests over one connection, opened again after each start of the server; times and failures are noted."""

    def __init__(self, server, failures):
        self.server, self.failures = server, failures
        self.connection, self.generation = None, -1
        self.checking = False
        self.before = None
        self.took = collections.defaultdict(lambda: array.array("d"))
        self.statuses = collections.Counter()

    def ask(self, kind, method, path, body=None, content="application/json", headers=()):
        """Status and body. `kind` is what the time is counted under."""
        server = self.server
        if not (server.up.is_set() or self.checking):
            raise Down
        if self.connection is None or self.generation != server.generation:
            self.close()
            self.connection, self.generation = http.client.HTTPConnection(HOST, server.port, timeout=PATIENCE_S), server.generation
        sent = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        named = dict(headers)
        if sent is not None and content is not None:
            named["content-type"] = content
        began = time.perf_counter()
        try:
            self.connection.request(method, path, sent, named)
            reply = self.connection.getresponse()
            told = reply.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if not server.dying and self.generation == server.generation:
                self.broke(error, f"{method} {path} {short(sent or b'')}")
            raise Down from error
        self.took[kind].append(time.perf_counter() - began)
        self.statuses[reply.status] += 1
        self.before = reply.status, kind, f"{method} {path} {content}"
        if reply.status >= 500:
            self.failures.add(f"status {reply.status}", kind, f"{method} {path} {short(sent or b'')}", told)
        return reply.status, told

    def broke(self, error, request):
        """An error whose reply did not say that the connection ends, and which was the last on it, is told apart."""
        after_error = self.before and self.before[0] >= 400 and isinstance(error, ConnectionError)
        kind = "connection closed after an error, unannounced" if after_error else "connection"
        self.failures.add(kind, f"{type(error).__name__}: {error}; the reply before: {self.before}", request)

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None
