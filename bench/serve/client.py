"""One client: a connection that is kept, a ledger of what it was told, and requests of all kinds by chance."""

import collections
import json
import random
import threading
import time

import pictures
import wrong
from model import BRANDS, COLOURS, Ledger, attributes, edge_key, other_end, revision_of
from wire import Down, Wire, short

SHOP = "/v1/catalogs/shop"
CIRCLE = "/v1/networks/circle"
REVISIONS = 10_000_000
"""Writes of one client at most: write n of client c has the number c * REVISIONS + n."""
PEOPLE = 40
"""People of each client."""
MAYBE = 0
"""The value of an event whose reply was lost."""
FORGET = 2_000
"""Deleted items that a client still knows."""


class Client(threading.Thread):
    """What it owns: items and people whose ids begin with its name, and the friendships of these."""

    def __init__(self, number, server, failures, seed, pause):
        super().__init__(daemon=True, name=f"c{number}")
        self.number, self.server, self.failures, self.pause = number, server, failures, pause
        self.rng = random.Random(seed * 1_000 + number)
        self.wire = Wire(server, failures)
        self.ledger = Ledger()
        self.seeds, self.wanted = {}, 0
        self.writes, self.made, self.pictures = 0, 0, 0
        self.people = [f"{self.name}-p{place}" for place in range(PEOPLE)]
        self.vectors, self.deleted = [], collections.deque()
        self.stopping, self.parked = threading.Event(), threading.Event()
        self.checked = collections.Counter()

    # What it owns

    def revision(self):
        self.writes += 1
        return self.number * REVISIONS + self.writes

    def new_seed(self):
        self.pictures += 1
        return self.number * REVISIONS + self.pictures

    def new_id(self):
        self.made += 1
        return f"{self.name}-{self.made}"

    def own(self):
        """An item that is there, or None."""
        alive = self.ledger.alive("item")
        return self.rng.choice(alive)[1] if alive else None

    def friends(self, person):
        return {other_end(edge, person) for edge in self.ledger.alive("edge") if person in edge[1:]}

    # The loop

    def run(self):
        actions, weights = zip(*self.mix())
        while not self.stopping.is_set():
            try:
                self.server.up.wait(0.2)
                if not self.server.up.is_set():
                    self.parked.set()
                    continue
                self.parked.clear()
                if self.ledger.unsure:
                    self.settle()
                self.rng.choices(actions, weights)[0]()
            except Down:
                pass
            except Exception as error:  # A defect of this program or a reply of a form nobody expects: told, and on.
                self.failures.add("reply", f"{type(error).__name__}: {error} at line {error.__traceback__.tb_next.tb_lineno}")
            time.sleep(self.pause)
        self.parked.set()

    def mix(self):
        return [
            (self.search_item, 14),
            (self.search_vector, 8),
            (self.search_picture, 8),
            (self.search_refined, 14),
            (self.search_parts, 4),
            (self.put_item, 12),
            (self.put_many, 2),
            (self.delete_item, 6),
            (self.read_item, 12),
            (self.read_picture, 3),
            (self.list_items, 2),
            (self.embed, 3),
            (self.add_edges, 4),
            (self.remove_edge, 3),
            (self.put_person, 2),
            (self.erase_person, 0.2),
            (self.read_person, 4),
            (self.suggest, 6),
            (self.list_people, 1),
            (self.events, 3),
            (self.look, 2),
            (self.send_wrong, 14),
        ]

    # Asking

    def good(self, kind, method, path, body=None, content="application/json", expect=(200,)):
        """A request that is right: its reply's JSON, or None where the status is not expected (which is a failure)."""
        status, told = self.wire.ask(kind, method, path, body, content)
        if status not in expect:
            if status < 500:
                sent = json.dumps(body) if isinstance(body, (dict, list)) else body
                self.failures.add(f"good answered {status}", kind, f"{method} {path} {short(sent)}", told)
            return None
        return json.loads(told) if told and told[:1] in b"{[" else told

    def wrong_reply(self, kind, what, request, reply):
        request, reply = (told if isinstance(told, str) else json.dumps(told) for told in (request, reply))
        self.failures.add(kind, what, request, reply)

    # Searching

    def search(self, kind, body):
        reply = self.good(f"search {kind}", "POST", f"{SHOP}/search", body)
        if reply is None:
            return None
        hits = reply["hits"]
        ids = [hit["id"] for hit in hits]
        if len(set(ids)) < len(ids):
            self.wrong_reply("doubled", "an item is twice among the hits", body, reply)
        if len(hits) > body.get("k", 10) or body.get("item_id") in ids:
            self.wrong_reply("reply", "too many hits, or the item itself", body, reply)
        scores = [hit["score"] for hit in hits]
        if "order_by" not in body and scores != sorted(scores, reverse=True):
            self.wrong_reply("reply", "hits are not in the order of scores", body, reply)
        for hit in hits:
            self.check_own(hit, body)
        return reply

    def check_own(self, item, request):
        """An own item in a reply is as it was written last, for nobody else writes it and nothing is under way."""
        if not item["id"].startswith(self.name + "-"):
            return
        self.checked["items in replies"] += 1
        found, mixed = revision_of(item)
        held = self.ledger.value(("item", item["id"]))
        if mixed:
            self.wrong_reply("mixed", f"{item['id']}: {mixed}", request, item)
        elif found != held:
            kind = "lost" if held is not None and found < held else "phantom"
            self.wrong_reply(kind, f"{item['id']} is write {found} in a reply, and the last acknowledged is {held}", request, item)

    def search_item(self):
        if own := self.own():
            self.search("by item", {"item_id": own, "k": self.rng.choice([1, 10, 10, 24, 100])})

    def search_vector(self):
        if not self.vectors:
            return self.embed()
        vector = self.rng.choice(self.vectors)
        params = self.rng.choice([{}, {}, {"exact": True}, {"nprobe": 8}, {"recall": 0.9}])
        self.search("by vector", {"vector": vector, "k": self.rng.choice([5, 10, 50]), "params": params, "explain": self.rng.random() < 0.2})

    def search_picture(self):
        """A picture that no item has, or an own item's: that is the nearest then."""
        own = self.own() if self.rng.random() < 0.6 else None
        seed = self.seeds[own] if own else self.new_seed()
        body = {"image": pictures.text(pictures.files(seed)[0]), "k": 5}
        reply = self.search("by picture", body)
        if own and reply and own not in [hit["id"] for hit in reply["hits"]]:
            self.wrong_reply("not found", f"{own} is not found by its own picture", body, reply)

    def search_refined(self):
        own = self.own()
        if own is None:
            return
        colour, most = self.rng.choice(COLOURS), self.rng.choice([5, 100, 500])
        conditions = {
            f"colour = '{colour}'": lambda item: item["colour"] == colour,
            f"price < {most} AND stock >= 3": lambda item: item["price"] < most and item["stock"] >= 3,
            f"brand IN ('{BRANDS[3]}', '{BRANDS[9]}') OR new = true": lambda item: item["brand"] in (BRANDS[3], BRANDS[9]) or item["new"],
            "added >= '2025-01-01' AND NOT colour = 'red'": lambda item: item["added"] >= "2025-01-01" and item["colour"] != "red",
            "brand LIKE 'brand 1%'": lambda item: item["brand"].startswith("brand 1"),
        }
        where = self.rng.choice([None, *conditions])
        body = {"item_id": own, "k": self.rng.choice([5, 10, 30])}
        extra = [
            {"facets": ["colour", "brand"]},
            {"group_by": "colour"},
            {"order_by": {"attribute": "price", "descending": self.rng.random() < 0.5}},
            {"min_score": 0.5, "offset": 5},
            {"facets": ["new"], "params": {"depth": 500}},
            {"explain": True, "why_not": self.own()},
            {},
        ]
        body |= self.rng.choice(extra) | ({"where": where} if where else {})
        kind = "with where, facets, groups"
        reply = self.search(kind, body)
        if reply is None:
            return
        passing = conditions.get(where, lambda item: True)
        if not all(passing(hit["attributes"]) for hit in reply["hits"]):
            self.wrong_reply("reply", "a hit of which the condition is not true", body, reply)
        groups = [hit["attributes"][body["group_by"]] for hit in reply["hits"] if body.get("group_by") in hit["attributes"]]
        if len(set(groups)) < len(groups):
            self.wrong_reply("doubled", "a group is shown twice", body, reply)

    def search_parts(self):
        first, second = self.own(), self.own()
        if first and second and first != second:
            parts = [{"item_id": first}, {"item_id": second, "weight": self.rng.choice([0.5, -0.3])}]
            self.search("of several parts", {"query": parts, "k": 10})

    def embed(self):
        image = pictures.text(pictures.files(self.new_seed())[0])
        body = {"model": "shop", "input": [{"image": image}]}
        if reply := self.good("embeddings", "POST", "/v1/embeddings", body):
            vector = reply["data"][0]["embedding"]
            if abs(sum(x * x for x in vector) - 1) > 1e-3:
                self.wrong_reply("reply", "an embedding is not of length 1", body, reply)
            self.vectors = [*self.vectors[-15:], vector]

    # Writing items

    def plan(self):
        """What is written: id, write, seed of its pictures, and whether these are sent. Keeps the number of items steady."""
        alive = self.ledger.alive("item")
        grows = len(alive) < self.wanted or (len(alive) == self.wanted and self.rng.random() < 0.3)
        if grows or not alive:
            again = self.deleted and self.rng.random() < 0.2
            id = self.deleted.popleft() if again else self.new_id()
            return id, self.revision(), self.new_seed(), True
        id = self.rng.choice(alive)[1]
        how = self.rng.random()
        seed = self.new_seed() if how < 0.4 else self.seeds[id]
        return id, self.revision(), seed, how < 0.7

    def put_item(self):
        id, revision, seed, sent = self.plan()
        was = self.ledger.value(("item", id))
        body, content = item_form(revision, seed) if sent and self.rng.random() < 0.3 else (item_body(revision, seed, sent), "application/json")
        kind = "put item with pictures" if sent else "put attributes"
        self.ledger.begin({("item", id): revision})
        reply = self.good(kind, "PUT", f"{SHOP}/items/{id}", body, content, (200, 201))
        if reply is None:
            return self.settle()
        self.ledger.done()
        self.seeds[id] = seed
        expected = "created" if was is None else "updated"
        if reply["result"] != expected or reply["durable"] is not True:
            self.wrong_reply("reply", f"{id}: expected {expected}", "PUT", reply)
        if self.rng.random() < 0.3:
            self.find_at_once(id)

    def find_at_once(self, id):
        """A search that begins after the reply finds the change: by its number, and by its picture."""
        revision = self.ledger.value(("item", id))
        if self.vectors:
            body = {"vector": self.vectors[0], "where": f"rev = {revision}", "k": 3}
            reply = self.search("for a change", body)
            if reply and [hit["id"] for hit in reply["hits"]] != [id]:
                self.wrong_reply("not found", f"{id} is written, and a search for rev {revision} does not find it alone", body, reply)
        body = {"image": pictures.text(pictures.files(self.seeds[id])[0]), "k": 3}
        reply = self.search("for a change", body)
        if reply and id not in [hit["id"] for hit in reply["hits"]]:
            self.wrong_reply("not found", f"{id} is written, and a search with its picture does not find it", body, reply)

    def put_many(self):
        plans, lines = {}, []
        for _ in range(self.rng.randint(2, 12)):
            id, revision, seed, sent = self.plan()
            if id not in plans:
                plans[id] = revision, seed
                lines.append({"id": id} | item_body(revision, seed, sent))
        self.ledger.begin({("item", id): revision for id, (revision, _) in plans.items()})
        if self.rng.random() < 0.5:
            body, content = {"items": lines}, "application/json"
        else:
            body, content = "\n".join(json.dumps(line) for line in lines).encode(), "application/x-ndjson"
        new = sum(self.ledger.value(("item", id)) is None for id in plans)
        reply = self.good("put many items", "POST", f"{SHOP}/items", body, content)
        if reply is None or reply["rejected"]:
            if reply:
                self.wrong_reply("good rejected", "an item that is right was rejected", short(json.dumps(lines)), reply)
            return self.settle()
        self.ledger.done()
        for id, (_, seed) in plans.items():
            self.seeds[id] = seed
        if (reply["created"], reply["updated"]) != (new, len(plans) - new):
            self.wrong_reply("reply", f"expected {new} created, {len(plans) - new} updated", list(plans), reply)

    def delete_item(self):
        alive = self.ledger.alive("item")
        if len(alive) < self.wanted:
            return
        id = self.rng.choice(alive)[1]
        held = self.ledger.value(("item", id))
        self.ledger.begin({("item", id): None})
        if self.good("delete item", "DELETE", f"{SHOP}/items/{id}") is None:
            return self.settle()
        self.ledger.done()
        self.forget(id)
        if self.vectors and self.rng.random() < 0.3:
            body = {"vector": self.vectors[0], "where": f"rev = {held}", "k": 3}
            reply = self.search("for a change", body)
            if reply and reply["hits"]:
                self.wrong_reply("phantom", f"{id} is deleted, and a search finds it", body, reply)

    def forget(self, id):
        self.deleted.append(id)
        if len(self.deleted) > FORGET:
            oldest = self.deleted.popleft()
            self.ledger.forget(("item", oldest))
            self.seeds.pop(oldest, None)

    # Reading items

    def read_item(self):
        known = self.deleted if self.deleted and self.rng.random() < 0.2 else None
        id = self.rng.choice(known) if known else self.own()
        if id:
            self.check_item(id)

    def read_picture(self):
        id = self.own()
        if id is None:
            return
        place = self.rng.randrange(len(pictures.names(self.seeds[id])))
        path = f"{SHOP}/items/{id}/images/{pictures.names(self.seeds[id])[place]}"
        status, told = self.wire.ask("get picture", "GET", path)
        if status != 200 or told != pictures.files(self.seeds[id])[place]:
            kind, write = "lost" if status == 404 else "mixed", self.ledger.value(("item", id))
            self.failures.add(kind, f"{id}: a picture is not that of write {write}: status {status}", path, told[:100])

    def list_items(self):
        where = self.rng.choice(["", f"&where=colour%20%3D%20'{self.rng.choice(COLOURS)}'"])
        path = f"{SHOP}/items?offset={self.rng.randrange(500)}&limit={self.rng.choice([5, 50])}{where}"
        if reply := self.good("list items", "GET", path):
            for item in reply["items"]:
                self.check_own(item, path)

    def check_item(self, id, kind="get item"):
        """Whether an item is as the ledger says; the write that was found. Settles what was unsure."""
        path = f"{SHOP}/items/{id}"
        status, told = self.wire.ask(kind, "GET", path)
        found, names = None, []
        if status == 200:
            item = json.loads(told)
            found, mixed = revision_of(item)
            names = item["images"]
            if mixed or names != pictures.names(item["attributes"]["seed"]):
                self.failures.add("mixed", f"{id}: {mixed or 'its pictures are of another write'}", path, told)
                found = self.ledger.value(("item", id))
            self.seeds[id] = item["attributes"].get("seed", 0)
        elif status != 404:
            return self.failures.add(f"good answered {status}", kind, path, told)
        self.judge(("item", id), found, path, told)
        if found is None and id not in self.deleted:
            self.forget(id)
        elif found is not None and id in self.deleted:
            self.deleted.remove(id)

    def judge(self, key, found, path, told):
        self.checked[key[0]] += 1
        allowed = self.ledger.allowed(key)
        if wrong := self.ledger.judge(key, found):
            self.failures.add(wrong, f"{key} is {found}, expected {allowed}", path, told)

    # The network

    def add_edges(self):
        changes, edges = {}, []
        for _ in range(self.rng.randint(1, 5)):
            person = self.rng.choice(self.people)
            other = self.rng.choice(self.people) if self.rng.random() < 0.5 else f"b{self.rng.randrange(1_000)}"
            key = edge_key(person, other)
            if person == other or key in changes or len(self.friends(person)) > 60:
                continue
            changes[key] = 1
            for end in (person, other):
                if end in self.people and self.ledger.value(("person", end)) is None:
                    changes[("person", end)] = 0
            edges.append({"a": person, "b": other, "time": 1_700_000_000 + self.writes})
        if not edges:
            return
        self.ledger.begin(changes)
        new = sum(self.ledger.value(key) is None for key in changes if key[0] == "edge")
        reply = self.good("add edges", "POST", f"{CIRCLE}/edges", {"edges": edges})
        if reply is None:
            return self.settle()
        self.ledger.done()
        if (reply["added"], reply["updated"]) != (new, len(edges) - new):
            self.wrong_reply("reply", f"expected {new} added", edges, reply)

    def remove_edge(self):
        alive = self.ledger.alive("edge")
        if not alive or len(alive) < 4 * PEOPLE:
            return
        key = self.rng.choice(alive)
        a, b = key[1:] if self.rng.random() < 0.5 else key[:0:-1]
        self.ledger.begin({key: None})
        if self.good("remove edge", "DELETE", f"{CIRCLE}/edges?a={a}&b={b}", expect=(204,)) is None:
            return self.settle()
        self.ledger.done()

    def put_person(self):
        person, revision = self.rng.choice(self.people), self.revision()
        was = self.ledger.value(("person", person))
        self.ledger.begin({("person", person): revision})
        reply = self.good("put person", "PUT", f"{CIRCLE}/people/{person}", {"attributes": {"rev": revision, "city": COLOURS[revision % 7]}})
        if reply is None:
            return self.settle()
        self.ledger.done()
        if reply["result"] != ("created" if was is None else "updated"):
            self.wrong_reply("reply", f"{person} was {was}", "PUT", reply)

    def erase_person(self):
        person = self.rng.choice(self.people)
        if self.ledger.value(("person", person)) is None:
            return
        gone = {key: None for key in self.ledger.alive("edge") if person in key[1:]}
        self.ledger.begin(gone | {("person", person): None})
        if self.good("erase person", "DELETE", f"{CIRCLE}/people/{person}") is None:
            return self.settle()
        self.ledger.done()

    def read_person(self):
        self.check_person(self.rng.choice(self.people))

    def check_person(self, person, kind="get person"):
        """Attributes, and all friends: what the drawing around somebody shows."""
        path = f"{CIRCLE}/people/{person}"
        status, told = self.wire.ask(kind, "GET", path)
        if status not in (200, 404):
            return self.failures.add(f"good answered {status}", kind, path, told)
        reply = json.loads(told)
        self.judge(("person", person), reply["attributes"].get("rev", 0) if status == 200 else None, path, told)
        seen = set()
        if status == 200:
            path = f"{path}/neighborhood?limit=200"
            drawn = self.good("neighborhood", "GET", path)
            if drawn is None:
                return
            listed = [node["id"] for node in drawn["nodes"] if node["kind"] == "friend"]
            seen = set(listed)
            if len(listed) != len(seen) or len(listed) != reply["friends"]:
                self.wrong_reply("doubled", f"{person} has {reply['friends']} friends, and {len(seen)} others are drawn as friends", path, drawn)
        unsure = {other_end(key, person) for key in self.ledger.unsure if key[0] == "edge" and person in key[1:]}
        for friend in seen | self.friends(person) | unsure:
            self.judge(edge_key(person, friend), 1 if friend in seen else None, path, sorted(seen))

    def suggest(self):
        person = self.rng.choice(self.people) if self.rng.random() < 0.6 else f"b{self.rng.randrange(1_000)}"
        own = person in self.people
        if own and self.ledger.value(("person", person)) is None:
            return
        where = self.rng.choice(["", "", "&where=city%20%3D%20'red'"])
        path = f"{CIRCLE}/people/{person}/suggestions?k={self.rng.choice([5, 10, 40])}{where}"
        reply = self.good("suggestions", "GET", path)
        if reply is None:
            return
        ids = [suggestion["id"] for suggestion in reply["suggestions"]]
        if len(set(ids)) < len(ids):
            self.wrong_reply("doubled", "somebody is suggested twice", path, reply)
        if own and (set(ids) & self.friends(person) or person in ids):
            self.wrong_reply("reply", "a friend, or the person, is suggested", path, reply)

    def list_people(self):
        path = f"{CIRCLE}/people?prefix={self.name}-&limit={PEOPLE * 2}"
        if reply := self.good("list people", "GET", path):
            listed = [person["id"] for person in reply["people"]]
            expected = {key[1] for key in self.ledger.alive("person")}
            if set(listed) != expected or len(listed) != len(expected):
                self.wrong_reply("reply", f"expected {sorted(expected ^ set(listed))} otherwise", path, reply)

    # Events, and the server about itself

    def events(self):
        ids = [f"{self.name}-e{self.revision()}" for _ in range(self.rng.randint(1, 4))]
        event = {"kind": self.rng.choice(["impression", "click", "purchase"]), "collection": "shop", "user": self.name}
        body = {"events": [event | {"query_id": id, "items": [self.own() or "none"]} for id in ids]}
        self.ledger.begin({("event", id): 1 for id in ids})
        reply = self.good("events", "POST", "/v1/events", body)
        if reply is None:
            return
        self.ledger.done()
        if reply["accepted"] != len(ids):
            self.wrong_reply("reply", f"expected {len(ids)} accepted", body, reply)

    def look(self):
        path = self.rng.choice(["/v1/operations", "/metrics", "/v1/collections", "/healthz", "/readyz", "/", "/v1/openapi.json"])
        told = self.good(f"GET {path}", "GET", path)
        if path == "/metrics" and told is not None and not told.endswith(b"# EOF\n"):
            self.wrong_reply("reply", "the counters do not end in # EOF", path, short(told))

    def send_wrong(self):
        request = wrong.one(self.rng, self.own() or "none")
        status, told = self.wire.ask("wrong request", request.method, request.path, request.body, request.content, request.headers)
        self.checked["wrong requests"] += 1
        if fault := wrong.fault(request, status, told):
            self.failures.add(f"wrong answered {status}", f"{request.name}: {fault}", f"{request.method} {request.path} {short(request.body or b'')}", told, request.name)

    # After a reply was lost

    def settle(self):
        """Sees which of the two values is there of everything that is unsure; events are read from their files in the end."""
        for key in list(self.ledger.unsure):
            if key[0] == "item":
                self.check_item(key[1])
        own = [key[1] for key in self.ledger.unsure if key[0] == "person"]
        own += [end for key in self.ledger.unsure if key[0] == "edge" for end in key[1:] if end in self.people]
        for person in dict.fromkeys(own):
            self.check_person(person)
        for key in [key for key in self.ledger.unsure if key[0] == "event"]:
            self.ledger.unsure.pop(key)
            self.ledger.set(key, MAYBE)


def item_body(revision, seed, sent):
    body = {"attributes": attributes(revision, seed)}
    if sent:
        files = zip(pictures.names(seed), pictures.files(seed))
        body["images"] = [{"name": name, "data": pictures.text(file)} for name, file in files]
    return body


def item_form(revision, seed):
    edge = "soak-soak-soak"
    parts = [("attributes", "", json.dumps(attributes(revision, seed)).encode())]
    parts += [("image", f'; filename="{name}"', file) for name, file in zip(pictures.names(seed), pictures.files(seed))]
    text = b"".join(
        f'--{edge}\r\ncontent-disposition: form-data; name="{field}"{file}\r\n\r\n'.encode() + content + b"\r\n" for field, file, content in parts
    )
    return text + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"
