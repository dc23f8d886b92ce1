"""Clients that do not behave: slow, cut off, gone before the reply, or speaking no HTTP. One thread, a raw socket at a time."""

import collections
import json
import random
import socket
import threading
import time

import pictures
from model import attributes
from server import HOST

SHOP = "/v1/catalogs/shop"
GONE = "gone"
"""How the ids of items begin whose writer does not wait for the reply: they may be there or not."""
GONE_IDS = 20
PATIENCE_S = 20


class Rude(threading.Thread):
    def __init__(self, server, failures, seed, pause):
        super().__init__(daemon=True, name="rude")
        self.server, self.failures, self.pause = server, failures, pause
        self.rng = random.Random(f"{seed} rude")
        self.stopping, self.parked = threading.Event(), threading.Event()
        self.done = collections.Counter()
        self.held = []

    def run(self):
        while not self.stopping.is_set():
            self.server.up.wait(0.2)
            if not self.server.up.is_set():
                self.drop()
                self.parked.set()
                continue
            self.parked.clear()
            generation, act = self.server.generation, self.rng.choice(self.acts())
            try:
                fault = act()
                self.done[act.__name__] += 1
            except TimeoutError:
                fault = "no answer for too long"
            except OSError as error:
                fault = f"{type(error).__name__}: {error}"
            if fault and not self.server.dying and generation == self.server.generation:
                self.failures.add("rude client", f"{act.__name__}: {fault}", group=act.__name__)
            time.sleep(max(self.pause, 0.05))
        self.drop()
        self.parked.set()

    def acts(self):
        return [
            self.body_cut_off, self.body_cut_off_and_waits, self.no_http, self.slow_head, self.slow_body, self.says_it_is_vast, self.in_chunks,
            self.broken_chunks, self.silent, self.gone_before_the_reply, self.several_at_once, self.writes_and_goes, self.vast_head, self.slow_reader,
        ]

    # Each answers what is wrong about the server, or None.

    def body_cut_off(self):
        with self.open() as stream:
            stream.sendall(self.search()[:-20])

    def body_cut_off_and_waits(self):
        """Half closed: the rest of the body will never come. An error or the end of the connection is right."""
        with self.open() as stream:
            stream.sendall(self.search()[:-20])
            finish(stream)
            return expect(stream, {400, 408, None})

    def no_http(self):
        with self.open() as stream:
            stream.sendall(self.rng.choice([b"HELLO\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", self.rng.randbytes(300) + b"\r\n\r\n"]))
            finish(stream)
            return expect(stream, {400, 505, None})

    def slow_head(self):
        with self.open() as stream:
            for byte in b"GET /v1/collections HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n":
                stream.sendall(bytes([byte]))
                time.sleep(0.04)
            return expect(stream, {200})

    def slow_body(self):
        request = self.search()
        with self.open() as stream:
            for start in range(0, len(request), 1 + len(request) // 12):
                stream.sendall(request[start : start + 1 + len(request) // 12])
                time.sleep(0.2)
            return expect(stream, {200})

    def says_it_is_vast(self):
        """64 MiB are told and not sent: refused before they come."""
        with self.open() as stream:
            stream.settimeout(5)
            stream.sendall(head("POST", f"{SHOP}/search", 64 << 20) + b"{")
            return expect(stream, {413})

    def in_chunks(self):
        body = self.body()
        with self.open() as stream:
            stream.sendall(head("POST", f"{SHOP}/search", None))
            for part in (body[:10], body[10:]):
                stream.sendall(b"%x\r\n%s\r\n" % (len(part), part))
                time.sleep(0.02)
            stream.sendall(b"0\r\n\r\n")
            return expect(stream, {200})

    def broken_chunks(self):
        with self.open() as stream:
            stream.sendall(head("POST", f"{SHOP}/search", None) + b"zz\r\nnothing\r\n")
            return expect(stream, {400, None})

    def silent(self):
        """Connections on which nothing comes; the ten newest stay open."""
        self.held.append(self.open())
        if len(self.held) > 10:
            self.held.pop(0).close()

    def gone_before_the_reply(self):
        with self.open() as stream:
            stream.sendall(self.search() * 5)

    def several_at_once(self):
        with self.open() as stream:
            stream.sendall(head("GET", "/v1/collections", 0) * 5)
            return next(filter(None, (expect(stream, {200}) for _ in range(5))), None)

    def writes_and_goes(self):
        id, number = f"{GONE}-{self.rng.randrange(GONE_IDS)}", self.rng.randrange(10**6)
        item = {"attributes": attributes(number, number), "images": [{"data": pictures.text(pictures.picture(number))}]}
        body = json.dumps(item).encode()
        with self.open() as stream:
            stream.sendall(head("PUT", f"{SHOP}/items/{id}", len(body)) + body)

    def vast_head(self):
        with self.open() as stream:
            try:
                stream.sendall(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n" + b"".join(b"x-%d: %s\r\n" % (n, b"y" * 1_000) for n in range(2_000)))
            except ConnectionError:
                return None
            return expect(stream, {400, 431, None})

    def slow_reader(self):
        with self.open(receive=4_096) as stream:
            stream.sendall(head("GET", f"{SHOP}/items?limit=1000", 0))
            for _ in range(60):
                stream.recv(1_000)
                time.sleep(0.03)

    # What they need

    def open(self, receive=None):
        stream = socket.socket()
        if receive:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        stream.settimeout(PATIENCE_S)
        stream.connect((HOST, self.server.port))
        return stream

    def body(self):
        file = pictures.picture(10**9 + self.rng.randrange(10**6))
        return json.dumps({"image": pictures.text(file), "k": 3}).encode()

    def search(self):
        body = self.body()
        return head("POST", f"{SHOP}/search", len(body)) + body

    def drop(self):
        for stream in self.held:
            stream.close()
        self.held = []


def head(method, path, length):
    sized = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
    return f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{sized}\r\n\r\n".encode()


def finish(stream):
    """Says that nothing more will come, unless the server has closed the connection already."""
    try:
        stream.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def expect(stream, statuses):
    """Reads one reply; None in `statuses` stands for a connection that ended without one."""
    got = b""
    try:
        while b"\r\n\r\n" not in got:
            more = stream.recv(1)
            if not more:
                break
            got += more
        status = int(got.split()[1]) if got.startswith(b"HTTP/1.1 ") else None
        told = got.lower().split(b"content-length:")
        left = int(told[1].split()[0]) if len(told) > 1 else 0
        while left:
            more = stream.recv(left)
            if not more:
                return "the reply was cut off"
            left -= len(more)
    except ConnectionError:
        status = None
    return None if status in statuses else f"status {status}, expected one of {sorted(statuses, key=str)}"
