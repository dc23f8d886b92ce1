"""The server's process: started, killed, watched."""

import http.client
import os
import signal
import socket
import subprocess
import threading
import time

READY_WITHIN = 120
HOST = "127.0.0.1"


class Server:
    """`nigh serve` on one port. `generation` counts starts; `up` is set while requests may be sent."""

    def __init__(self, nigh, work, config, folders):
        self.nigh, self.work, self.config, self.folders = nigh, work, config, folders
        self.port = free_port()
        self.generation = 0
        self.dying = False
        self.up = threading.Event()
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return os.path.join(self.work, f"serve-{self.generation}.log")

    def start(self):
        """Seconds until `/readyz` says yes."""
        command = [self.nigh, "serve", *self.folders, "--listen", f"{HOST}:{self.port}", "--config", self.config]
        began = time.monotonic()
        self.generation += 1
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NIGH_")}
        with open(self.log(), "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=kept, cwd=self.work)
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() - began > READY_WITHIN:
                raise SystemExit(f"the server does not begin: see {self.log()}\n{self.log_tail()}")
            time.sleep(0.01)
        return time.monotonic() - began

    def open(self):
        self.dying = False
        self.up.set()

    def is_ready(self):
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def kill(self):
        """SIGKILL in the middle of what it does; nobody may send any more when this returns."""
        self.dying = True
        self.process.kill()
        self.process.wait()
        self.up.clear()

    def end(self):
        """SIGTERM; the exit code, and the seconds until it came."""
        self.dying = True
        self.up.clear()
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        return code, time.monotonic() - began

    def complaints(self):
        """Lines of the log of a panic, an error or a warning."""
        with open(self.log(), errors="replace") as log:
            return [line.strip() for line in log if "panicked" in line or " ERROR " in line or " WARN " in line]

    def log_tail(self):
        with open(self.log(), errors="replace") as log:
            return log.read()[-2_000:]

    def memory(self):
        """MiB of the process: all, of the heap and of files; and how many files and sockets are open. A KeyError once it was killed."""
        with open(f"/proc/{self.pid}/status") as status:
            told = dict(line.split(":", 1) for line in status)
        mib = {name: int(told[field].split()[0]) / 1024 for name, field in [("rss", "VmRSS"), ("heap", "RssAnon"), ("mapped", "RssFile")]}
        return mib | {"files": len(os.listdir(f"/proc/{self.pid}/fd"))}


def free_port():
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        return listening.getsockname()[1]
