"""Hours of mixed requests to one `nigh serve`, with kills, and an exact account of what it acknowledged. See README.md.

    python3 bench/serve/soak.py --nigh target/release/nigh --minutes 30

Python's standard library alone. Exit code 1 where anything was wrong.
"""

import argparse
import collections
import csv
import glob
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import figures
import pictures
from client import Client
from model import COLOURS, attributes
from rude import GONE, Rude
from server import Server
from watch import Watch
from wire import Down, Failures
from wrong import BAD

CONFIG = """[caches]
embedding_bytes = {bytes}
result_bytes = {bytes}
"""
BASE_PEOPLE, BASE_EDGES = 1_000, 5_000
LOOKED_AT = 400
"""Items, and as many keys of the network, that are looked at after each start."""
SEARCHED_FOR = 25


def main():
    options = arguments()
    work = options.work or tempfile.mkdtemp(prefix="nigh-soak-")
    os.makedirs(work, exist_ok=True)
    # A build that is made meanwhile does not change what is tested.
    nigh = os.path.join(work, "nigh")
    shutil.copy2(options.nigh, nigh)
    soak = Soak(options, nigh, work)
    signal.signal(signal.SIGTERM, interrupted)
    try:
        soak.prepare()
        soak.go()
    except KeyboardInterrupt as by:
        print(f"interrupted {by}: the report so far", flush=True)
        soak.was_interrupted = True
    finally:
        soak.stop()
    report = soak.report()
    print_report(report)
    if options.report:
        with open(options.report, "w") as out:
            json.dump(report, out, indent=1)
    if not options.work and report["passed"]:
        shutil.rmtree(work, ignore_errors=True)
    else:
        print(f"the collections and the logs are in {work}")
    sys.exit(0 if report["passed"] else 1)


def interrupted(number, _):
    raise KeyboardInterrupt(signal.Signals(number).name)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nigh", required=True, help="the program")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--kill-every", type=float, default=300, metavar="SECONDS", help="0: never, for a look at memory")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--items", type=int, default=3_000)
    parser.add_argument("--pause", type=float, default=0, metavar="MS", help="milliseconds that each client waits between requests")
    parser.add_argument("--caches", type=float, default=8, metavar="MIB", help="of each cache: small, so that they are full soon")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", help="a new folder for everything; kept (default: a temporary one, kept where something was wrong)")
    parser.add_argument("--report", metavar="FILE.json")
    return parser.parse_args()


class Soak:
    def __init__(self, options, nigh, work):
        self.options, self.work, self.nigh = options, work, nigh
        self.failures = Failures()
        config = os.path.join(work, "nigh.toml")
        with open(config, "w") as out:
            out.write(f'events = "{work}/events"\n' + CONFIG.format(bytes=int(options.caches * 2**20)))
        self.server = Server(nigh, work, config, [os.path.join(work, name) for name in ("shop", "circle")])
        pause = options.pause / 1e3
        self.clients = [Client(n, self.server, self.failures, options.seed, pause) for n in range(options.clients)]
        self.rude = Rude(self.server, self.failures, options.seed, pause)
        self.watch = Watch(self.server, self.clients)
        self.restarts, self.checked = [], collections.Counter()
        self.rng = random.Random(f"{options.seed} soak")
        self.loaded_s, self.base_friends = 0.0, collections.Counter()
        self.was_interrupted = self.finished = False
        self.ended, self.doctor = None, None

    # Before

    def prepare(self):
        began = time.monotonic()
        self.import_items()
        self.import_people()
        print(f"{self.options.items} items and {BASE_PEOPLE} people imported in {time.monotonic() - began:.1f} s into {self.work}", flush=True)

    def import_items(self):
        folder = os.path.join(self.work, "pictures")
        os.makedirs(folder)
        columns = ["id", "main", "1", "2", *attributes(1, 1)]
        with open(os.path.join(self.work, "items.csv"), "w", newline="") as out:
            rows = csv.DictWriter(out, columns)
            rows.writeheader()
            for number in range(self.options.items):
                rows.writerow(self.first(self.clients[number % len(self.clients)], folder))
        self.run("catalog", "import", "items.csv", "--into", "shop", "--id", "id", "--image", "main,1,2", "--keep-images", "--strict", "-q")

    def first(self, client, folder):
        """A row of an item that is there from the beginning."""
        id, revision, seed = client.new_id(), client.revision(), client.new_seed()
        client.ledger.set(("item", id), revision)
        client.seeds[id] = seed
        client.wanted += 1
        row = {"id": id}
        for name, file in zip(pictures.names(seed), pictures.files(seed)):
            row[name] = os.path.join(folder, f"{id}-{name}")
            with open(row[name], "wb") as out:
                out.write(file)
        return row | {name: str(value).lower() if isinstance(value, bool) else value for name, value in attributes(revision, seed).items()}

    def import_people(self):
        edges = set()
        while len(edges) < BASE_EDGES:
            a, b = self.rng.randrange(BASE_PEOPLE), self.rng.randrange(BASE_PEOPLE)
            if a != b:
                edges.add((min(a, b), max(a, b)))
        with open(os.path.join(self.work, "edges.csv"), "w") as out:
            out.write("a,b\n" + "".join(f"b{a},b{b}\n" for a, b in sorted(edges)))
        with open(os.path.join(self.work, "people.csv"), "w") as out:
            out.write("id,city,rev\n" + "".join(f"b{n},{COLOURS[n % 7]},{n + 1}\n" for n in range(BASE_PEOPLE)))
        self.base_friends.update(f"b{end}" for edge in edges for end in edge)
        self.run("people", "import", "edges.csv", "--people", "people.csv", "--into", "circle", "--strict", "-q")

    def run(self, *command):
        done = subprocess.run([self.nigh, *command], cwd=self.work, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"nigh {' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")

    # The run

    def go(self):
        options = self.options
        self.restarts.append({"ready_s": self.server.start(), "kind": "first start"})
        self.began = self.opened = time.monotonic()
        self.server.open()
        for thread in [*self.clients, self.rude, self.watch]:
            thread.start()
        end = self.began + 60 * options.minutes
        while (left := end - time.monotonic()) > 0:
            if options.kill_every <= 0:
                self.wait(left)
            elif left > options.kill_every:
                self.wait(options.kill_every * self.rng.uniform(0.9, 1.1))
                self.restart(LOOKED_AT)
            else:
                self.wait(left)
        self.restart(None)
        self.finished = True

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(1.0, left))
            if (code := self.server.process.poll()) is not None:
                self.failures.add("died", f"the server ended by itself with {code}", "", self.server.log_tail())
                return

    def restart(self, sample):
        """A kill in the middle of everything, a new start, and a look at what is there; at everything where `sample` is None."""
        self.server.kill()
        self.read_log()
        self.loaded_s += time.monotonic() - self.opened
        for thread in [*self.clients, self.rude]:
            if sample is None:
                thread.stopping.set()
            while thread.is_alive() and not thread.parked.wait(0.1):
                pass
        unsure = sum(len(client.ledger.unsure) for client in self.clients)
        told = {"kind": "kill -9", "unsure": unsure, "ready_s": self.server.start()}
        self.server.dying = False
        began = time.monotonic()
        before = self.failures.counts.copy()
        self.check(sample)
        told |= {"checked_s": time.monotonic() - began, "failures": dict(self.failures.counts - before)}
        self.restarts.append(told)
        print(f"{time.strftime('%H:%M:%S')} killed: {told}", flush=True)
        if sample is not None:
            self.watch.new_period()
            self.opened = time.monotonic()
            self.server.open()

    # What is there after a start

    def check(self, sample):
        for client in self.clients:
            client.wire.checking = True
            try:
                client.settle()
                self.check_keys(client, sample)
                self.check_found(client, sample)
            except Down:
                self.failures.add("died", "the server does not answer while it is checked", "", self.server.log_tail())
            finally:
                client.wire.checking = False
        if sample is None:
            self.check_all()

    def check_keys(self, client, sample):
        share = None if sample is None else sample // len(self.clients) + 1
        for key in self.some(client.ledger.known("item"), share):
            client.check_item(key[1], "check item")
        for person in client.people:
            client.check_person(person, "check person")

    def some(self, keys, count):
        return keys if count is None or count >= len(keys) else self.rng.sample(keys, count)

    def check_found(self, client, sample):
        """The newest writes are found by searches at once, and what is deleted is not."""
        if not client.vectors:
            client.embed()
        newest = sorted(client.ledger.there["item"], key=client.ledger.value)[-SEARCHED_FOR:]
        for key in newest:
            client.find_at_once(key[1])
        # One that was never seen, as its first write was lost, has no pictures to search for.
        for id in [id for id in client.deleted if id in client.seeds][-SEARCHED_FOR:]:
            body = {"vector": client.vectors[0], "where": f"seed = {client.seeds[id]}", "k": 3}
            reply = client.search("for a change", body)
            if reply and id in [hit["id"] for hit in reply["hits"]]:
                self.failures.add("phantom", f"{id} is deleted, and a search finds it", json.dumps(body)[-100:], json.dumps(reply))

    def check_all(self):
        """Everything that is there, in pages: nothing twice, nothing that nobody wrote."""
        client = self.clients[0]
        client.wire.checking = True
        try:
            items, people = ({key[1] for one in self.clients for key in one.ledger.there[kind]} for kind in ("item", "person"))
            people |= {f"b{n}" for n in range(BASE_PEOPLE)}
            self.check_pages(client, "/v1/catalogs/shop/items", "items", items, f"{GONE}-")
            self.check_pages(client, "/v1/networks/circle/people", "people", people, None)
            self.check_base(client)
        except Down:
            self.failures.add("died", "the server does not answer while it is checked", "", self.server.log_tail())
        self.check_events()

    def check_pages(self, client, path, field, expected, either):
        listed, total, page = [], None, []
        while total is None or page:
            reply = client.good(f"check {field}", "GET", f"{path}?offset={len(listed)}&limit=1000")
            page, total = reply[field], reply["total"]
            listed += [one["id"] for one in page]
        self.checked[f"listed {field}"] = len(listed)
        twice = [id for id, count in collections.Counter(listed).items() if count > 1]
        found = {id for id in listed if not (either and id.startswith(either))}
        for kind, ids in [("doubled", twice), ("phantom", sorted(found - expected)), ("lost", sorted(expected - found))]:
            for id in ids:
                self.failures.add(kind, f"{id!r} in the list of all {field}", path, group=came_of_wrong(id))
        if total != len(listed):
            self.failures.add("reply", f"{path} says {total} in all, and lists {len(listed)}")

    def check_base(self, client):
        """People whom no client owns have the friends of the beginning, and those that clients gave them."""
        friends = self.base_friends.copy()
        for one in self.clients:
            friends.update(end for edge in one.ledger.there["edge"] for end in edge[1:] if end.startswith("b"))
        for n in range(BASE_PEOPLE):
            reply = client.good("check person", "GET", f"/v1/networks/circle/people/b{n}")
            self.checked["people of the beginning"] += 1
            if reply and reply["friends"] != friends[f"b{n}"]:
                kind = "lost" if reply["friends"] < friends[f"b{n}"] else "phantom"
                self.failures.add(kind, f"b{n} has {reply['friends']} friends, expected {friends[f'b{n}']}")

    def check_events(self):
        found, broken = collections.Counter(), 0
        for path in glob.glob(os.path.join(self.work, "events", "*.jsonl")):
            with open(path, errors="replace") as lines:
                for line in lines:
                    try:
                        found[json.loads(line).get("query_id")] += 1
                    except ValueError:
                        broken += 1
        self.checked["events"] = sum(found.values())
        if broken > len(self.restarts):
            self.failures.add("mixed", f"{broken} lines of events are no JSON, after {len(self.restarts)} starts")
        known = {key[1]: value for client in self.clients for key, value in client.ledger.held["event"].items()}
        for id, value in known.items():
            if found[id] > 1 or found[id] < value:
                self.failures.add("doubled" if found[id] else "lost", f"event {id} is there {found[id]} times")
        for id in found.keys() - known.keys():
            self.failures.add("phantom", f"event {id} is there {found[id]} times", group=came_of_wrong(id))

    # The end

    def read_log(self):
        if self.server.process is not None:
            for line in self.server.complaints():
                self.failures.add("log", line)

    def stop(self):
        """However it ended: nothing that was started here runs on."""
        threads = [*self.clients, self.rude, self.watch]
        dead = [one.name for one in threads if one.ident and not one.is_alive() and not one.stopping.is_set()]
        if dead:
            self.failures.add("soak", f"threads of this program ended by themselves: {dead}")
        for thread in threads:
            thread.stopping.set()
        if self.server.process is None:
            return
        if not self.finished or self.server.process.poll() is not None:
            self.server.dying = True
            self.server.up.clear()
            if self.server.process.poll() is None:
                self.server.process.kill()
            self.server.process.wait()
            return
        code, took = self.server.end()
        self.read_log()
        self.ended = {"exit_code": code, "seconds": took}
        if code:
            self.failures.add("end", f"SIGTERM: exit code {code}", "", self.server.log_tail())
        self.doctor = {folder: self.check_folder(folder) for folder in ("shop", "circle")}

    def check_folder(self, folder):
        done = subprocess.run([self.nigh, "doctor", folder], cwd=self.work, capture_output=True, text=True)
        if done.returncode:
            self.failures.add("doctor", f"exit code {done.returncode}", f"nigh doctor {folder}", done.stdout + done.stderr)
        return done.returncode

    def report(self):
        took, statuses = collections.defaultdict(list), collections.Counter()
        for client in self.clients:
            statuses.update(client.wire.statuses)
            self.checked.update(client.checked)
            for kind, seconds in client.wire.took.items():
                took[kind].extend(seconds)
        if not self.finished and self.server.process is not None and hasattr(self, "opened"):
            self.loaded_s += time.monotonic() - self.opened
        load = {kind: seconds for kind, seconds in took.items() if not kind.startswith("check ")}
        memory = [figures.slope(samples) for samples in self.watch.periods]
        for place, period in enumerate(memory):
            if period and period["verdict"] == "grows":
                self.failures.add("memory", f"period {place} grows: {period}")
        counts = dict(self.failures.counts)
        return {
            "passed": not counts and not self.was_interrupted,
            "interrupted": self.was_interrupted,
            "options": vars(self.options),
            "loaded_seconds": self.loaded_s,
            "requests": sum(map(len, load.values())),
            "requests_per_second": sum(map(len, load.values())) / max(self.loaded_s, 1e-9),
            "statuses": {str(status): count for status, count in sorted(statuses.items())},
            "lost": counts.get("lost", 0),
            "phantoms": counts.get("phantom", 0),
            "doubled": counts.get("doubled", 0),
            "failures": counts,
            "failures_by_group": dict(self.failures.groups),
            "failures_told": self.failures.kept,
            "checked": dict(self.checked),
            "restarts": self.restarts,
            "ended": self.ended,
            "doctor": self.doctor,
            "rude": dict(self.rude.done),
            "latency_ms": {kind: figures.latencies(seconds) for kind, seconds in sorted(took.items())},
            "memory": memory,
            "samples": self.watch.periods,
        }


def came_of_wrong(id):
    """Tells what a wrong request left from what nobody sent: the fault is that it was taken."""
    return "left by a wrong request" if str(id).startswith(BAD) else ""


def print_report(report):
    rate = f"{report['requests']:,} requests in {report['loaded_seconds']:.0f} s of load, {report['requests_per_second']:.0f} a second"
    print(f"\n{rate}; statuses {report['statuses']}")
    longest = max((one["ready_s"] for one in report["restarts"]), default=0)
    print(f"starts {len(report['restarts'])}, longest until ready {longest:.2f} s; at the end {report['ended']}, doctor {report['doctor']}")
    print(f"lost {report['lost']}, phantoms {report['phantoms']}, doubled {report['doubled']}; looked at {report['checked']}")
    print(f"rude clients {report['rude']}")
    print(f"\n{'request':32}{'count':>9}{'p50 ms':>9}{'p95':>9}{'p99':>9}{'max':>9}")
    for kind, told in report["latency_ms"].items():
        print(f"{kind:32}{told['requests']:9}{told['p50']:9.2f}{told['p95']:9.2f}{told['p99']:9.2f}{told['max']:9.1f}")
    head = f"{'period':>6}{'seconds':>9}{'MiB first':>11}{'last':>8}{'most':>8}"
    print(f"\n{head}  slope, MiB/h (with items, tail, caches held)      items, files, disk MiB")
    for place, (told, samples) in enumerate(zip(report["memory"], report["samples"])):
        if told:
            first, last = samples[0], samples[-1]
            spread = f"{first['items']}→{last['items']}, {first['files']}→{last['files']}, {first['disk']:.0f}→{last['disk']:.0f}"
            slopes = f"{error(told['slope'])} ({error(told['adjusted'])}) {told['verdict']}"
            print(f"{place:6}{told['seconds']:9.0f}{told['first_mib']:11.1f}{told['last_mib']:8.1f}{told['most_mib']:8.1f}  {slopes:52}{spread}")
    print(f"\n{'PASSED' if report['passed'] else 'FAILED' if report['failures'] else 'INTERRUPTED'}")
    for group, count in sorted(report["failures_by_group"].items()):
        print(f"{count:8}  {group}")


def error(pair):
    return f"{pair[0]:+.0f} ± {pair[1]:.0f}" if pair else "–"


if __name__ == "__main__":
    main()
