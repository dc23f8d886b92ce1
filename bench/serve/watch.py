"""Looks at the server once a second: memory, open files, items, the tail, caches, disk."""

import http.client
import json
import os
import threading
import time

from server import HOST

ASK_EVERY = 5
DISK_EVERY = 10


class Watch(threading.Thread):
    """Samples by period: one between two starts of the server."""

    def __init__(self, server, clients):
        super().__init__(daemon=True, name="watch")
        self.server, self.clients = server, clients
        self.periods, self.stopping = [[]], threading.Event()
        self.told = {"tail": 0, "published": 0, "cached": 0.0, "disk": 0.0}

    def new_period(self):
        self.periods.append([])

    def run(self):
        tick = 0
        while not self.stopping.wait(1.0):
            tick += 1
            if not self.server.up.is_set():
                continue
            try:
                if tick % ASK_EVERY == 1:
                    self.ask()
                if tick % DISK_EVERY == 1:
                    self.told["disk"] = folder_mib(self.server.work)
                sample = self.server.memory()
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                continue  # It was killed meanwhile.
            items = sum(len(client.ledger.there["item"]) for client in self.clients)
            self.periods[-1].append({"at": time.monotonic(), **sample, "items": items, **self.told})

    def ask(self):
        connection = http.client.HTTPConnection(HOST, self.server.port, timeout=20)
        try:
            connection.request("GET", "/v1/operations")
            told = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        shop = next(one for one in told["collections"] if one["name"] == "shop")
        self.told["tail"], self.told["published"] = shop["tail_items"], shop["published_items"]
        self.told["cached"] = sum(cache["bytes"] for cache in told["caches"]) / 2**20


def folder_mib(folder):
    total = 0
    for path, _, names in os.walk(folder):
        if os.path.basename(path) == "pictures":
            continue
        for name in names:
            try:
                total += os.stat(os.path.join(path, name)).st_blocks * 512 if not name.endswith(".log") else 0
            except FileNotFoundError:
                pass
    return total / 2**20
