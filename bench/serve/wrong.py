"""Requests that are wrong, each to be answered with a status of 4xx and an error that says why."""

import collections
import json

import pictures

SHOP = "/v1/catalogs/shop"
CIRCLE = "/v1/networks/circle"
JSON = "application/json"
BAD = "bad"
"""How ids begin that only wrong requests name: nothing of that name may ever be there."""

Request = collections.namedtuple("Request", "name method path body content headers", defaults=(None, JSON, ()))


def one(rng, own):
    makers = [searches, searches, searches, bare, items, items, networks, others]
    request = rng.choice(rng.choice(makers)(rng, own))
    body = request.body
    return request._replace(body=body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode())


def fault(request, status, told):
    """What is wrong about the answer; None where it is a status of 4xx with an error in the form that is documented."""
    if status >= 500:
        return None  # Counted as such already.
    if not 400 <= status < 500:
        return "a wrong request was taken"
    try:
        error = json.loads(told)["error"]
        good = isinstance(error["code"], str) and isinstance(error["message"], str)
    except (ValueError, KeyError, TypeError):
        good = False
    return None if good else "the error has no code or no message"


def searches(rng, own):
    """Bodies of a search that are JSON."""
    broken = [(f"picture: {name}", {"image": pictures.text(file)}) for name, file in broken_pictures().items()]
    by_item = [
        ("k of 0", {"k": 0}),
        ("k far too large", {"k": 10**9}),
        ("k larger than a machine's numbers", {"k": 10**30}),
        ("k below 0", {"k": -1}),
        ("k a fraction", {"k": 2.5}),
        ("k a string", {"k": "10"}),
        ("offset below 0", {"offset": -1}),
        ("offset far too large", {"offset": 10**12}),
        ("min_score above 1", {"min_score": 2}),
        ("min_score a list", {"min_score": [0.1]}),
        ("where: half a condition", {"where": "price <"}),
        ("where: empty", {"where": ""}),
        ("where: no such column", {"where": "size = 1"}),
        ("where: another type", {"where": "price = 'cheap'"}),
        ("where: no condition", {"where": "DROP TABLE items; --"}),
        ("where: a function", {"where": "sleep(10) = 1"}),
        ("where: 20,000 parentheses", {"where": "(" * 20_000 + "new = true" + ")" * 20_000}),
        ("where: NOT 20,000 times", {"where": "NOT " * 20_000 + "new = true"}),
        ("where: 20,000 conditions", {"where": " OR ".join(["stock = 1"] * 20_000)}),
        ("where: a string without its end", {"where": "colour = 'red"}),
        ("where: a number", {"where": 1}),
        ("group_by: no such attribute", {"group_by": "size"}),
        ("facets: no such attribute", {"facets": ["size"]}),
        ("facets: a string", {"facets": "colour"}),
        ("facets: too many", {"facets": ["colour"] * 100}),
        ("order_by: no such attribute", {"order_by": {"attribute": "size"}}),
        ("order_by: no attribute", {"order_by": {}}),
        ("params: two of them", {"params": {"exact": True, "nprobe": 2}}),
        ("params: nprobe of 0", {"params": {"nprobe": 0}}),
        ("params: recall above 1", {"params": {"recall": 1.5}}),
        ("params: depth too large", {"params": {"depth": 10**9}}),
        ("an unknown field", {"colour": "red"}),
        ("explain a string", {"explain": "yes"}),
        ("two things to search for", {"text": "red"}),
    ]
    whole = [
        ("nothing to search for", {}),
        ("a list", [1]),
        ("fields without names", [None, None, own]),
        ("an unknown item", {"item_id": f"{BAD}-{rng.random()}"}),
        ("an item of another type", {"item_id": 7}),
        ("words, which this encoder does not know", {"text": "red dress"}),
        ("a vector too short", {"vector": [0.1] * 3}),
        ("a vector of nothing", {"vector": []}),
        ("a vector of strings", {"vector": ["0.1"] * 512}),
        ("a picture that is no Base64", {"image": "%%%"}),
        ("a picture of another type", {"image": {"data": "QUJD"}}),
        ("a query of no parts", {"query": []}),
        ("a query of too many parts", {"query": [{"item_id": own}] * 65}),
        ("a part of weight 0", {"query": [{"item_id": own, "weight": 0}]}),
        ("parts that cancel each other", {"query": [{"item_id": own}, {"item_id": own, "weight": -1}]}),
    ]
    bodies = broken + [(name, {"item_id": own} | more) for name, more in by_item] + whole
    return [Request(f"search, {name}", "POST", f"{SHOP}/search", body) for name, body in bodies]


def bare(rng, own):
    """Bodies of a search that are no JSON, or are said not to be."""
    body = json.dumps({"item_id": own}).encode()
    numbers = ["0.1"] * 511
    bodies = [
        ("nothing", b""),
        ("half of it", body[:-3]),
        ("more after it", body + b"}"),
        ("bytes of chance", rng.randbytes(200)),
        ("NaN", f'{{"vector": [{", ".join([*numbers, "NaN"])}]}}'.encode()),
        ("an infinite number", f'{{"vector": [{", ".join([*numbers, "1e39"])}]}}'.encode()),
        ("Infinity", f'{{"item_id": "{own}", "min_score": -Infinity}}'.encode()),
        ("lists in lists", b"[" * 100_000),
        ("objects in objects", b'{"query":' * 50_000),
        ("a field twice", f'{{"item_id": "{own}", "k": 1, "k": 2}}'.encode()),
        ("no UTF-8", b'{"item_id": "\xff\xfe"}'),
        ("half a surrogate", b'{"item_id": "\\ud800"}'),
    ]
    sent = [Request(f"search, {name}", "POST", f"{SHOP}/search", body) for name, body in bodies]
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png", None]:
        sent.append(Request(f"search, content type {kind}", "POST", f"{SHOP}/search", body, kind))
    return sent


def items(rng, own):
    good = {"name": "main", "data": pictures.text(pictures.picture(7))}
    puts = [(f"picture: {name}", {"images": [{"data": pictures.text(file)}]}) for name, file in broken_pictures().items()]
    puts += [
        ("no picture", {"attributes": {"rev": 1}}),
        ("attributes a list", {"attributes": [1], "images": [good]}),
        ("an attribute a list", {"attributes": {"rev": [1]}, "images": [good]}),
        ("an attribute an object", {"attributes": {"rev": {"a": 1}}, "images": [good]}),
        ("an attribute called id", {"attributes": {"id": "x"}, "images": [good]}),
        ("an attribute without a name", {"attributes": {"": "x"}, "images": [good]}),
        ("an unknown field", {"image": good}),
        ("too many pictures", {"images": [good | {"name": str(place)} for place in range(17)]}),
        ("two pictures of one name", {"images": [good, good]}),
        ("a picture without data", {"images": [{"name": "main"}]}),
        ("fields without names", [{"rev": 1}, [["main", good["data"]]]]),
    ]
    sent = [Request(f"put, {name}", "PUT", item(name), body) for name, body in puts]
    form = b'--x\r\ncontent-disposition: form-data; name="image"; filename="a.bmp"\r\n\r\nno picture'
    many = "application/x-ndjson"
    return sent + [
        Request("put, an id too long", "PUT", f"{SHOP}/items/{BAD}{'x' * 2_000}", {"images": [good]}),
        Request("put, an infinite number", "PUT", item("an infinite number"), b'{"attributes": {"rev": 1e400}}'),
        Request("put, half of it", "PUT", item("half of it"), json.dumps({"images": [good]}).encode()[:-20]),
        Request("put, plain text", "PUT", item("plain text"), {"images": [good]}, "text/plain"),
        Request("put, a form without its end", "PUT", item("a form without its end"), form, "multipart/form-data; boundary=x"),
        Request("put, a form without a boundary", "PUT", item("a form without a boundary"), form, "multipart/form-data"),
        Request("put, a form with no picture", "PUT", item("a form with no picture"), form + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        Request("put many, a string", "POST", f"{SHOP}/items", b'{"items": "x"}'),
        Request("put many, too many", "POST", f"{SHOP}/items", b"x\n" * 10_001, many),
        Request("put many, another content type", "POST", f"{SHOP}/items", b"x", "text/csv"),
        Request("list, no items a page", "GET", f"{SHOP}/items?limit=0"),
        Request("list, too many a page", "GET", f"{SHOP}/items?limit=1000000"),
        Request("list, offset below 0", "GET", f"{SHOP}/items?offset=-1"),
        Request("list, a broken condition", "GET", f"{SHOP}/items?where=price%20%3C"),
        Request("list, an unknown parameter", "GET", f"{SHOP}/items?page=1"),
        Request("get, an unknown item", "GET", item("an unknown item")),
        Request("get, no UTF-8", "GET", f"{SHOP}/items/%ff%fe"),
        Request("get, a way out", "GET", f"{SHOP}/items/..%2f..%2f..%2fetc%2fpasswd"),
        Request("picture, an unknown one", "GET", f"{SHOP}/items/{own}/images/back"),
        Request("delete, an unknown item", "DELETE", item("an unknown item")),
    ]


def item(what):
    """Of every kind of wrong request another, so that one that is taken is seen once and spoils no other."""
    return f"{SHOP}/items/{bad(what)}"


def bad(what):
    return f"{BAD}-{''.join(letter if letter.isalnum() else '-' for letter in what)}"


def networks(rng, own):
    name = f"{BAD}-person"
    edges = [
        ("with oneself", [{"a": name, "b": name}]),
        ("a time below 0", [{"a": name, "b": "b1", "time": -1}]),
        ("a time that is a string", [{"a": name, "b": "b1", "time": "now"}]),
        ("a weight below 0", [{"a": name, "b": "b1", "weight": -1}]),
        ("an end missing", [{"a": name}]),
        ("an end of another type", [{"a": name, "b": 7}]),
        ("an id of nothing", [{"a": name, "b": ""}]),
        ("an id too long", [{"a": name, "b": "x" * 2_000}]),
        ("none", []),
        ("an unknown field", [{"a": name, "b": "b1", "since": 1}]),
        ("one of three wrong", [{"a": name, "b": "b1"}, {"a": name, "b": "b2"}, {"a": name, "b": name}]),
        ("fields without names", [[bad("edge without names"), bad("its other end"), 0, 1.0]]),
    ]
    sent = [Request(f"edges, {what}", "POST", f"{CIRCLE}/edges", {"edges": list_of}) for what, list_of in edges]
    return sent + [
        Request("edges, an infinite weight", "POST", f"{CIRCLE}/edges", f'{{"edges": [{{"a": "{name}", "b": "b1", "weight": 1e39}}]}}'.encode()),
        Request("edges, removed without an end", "DELETE", f"{CIRCLE}/edges?a=b1"),
        Request("edges, removed where there is none", "DELETE", f"{CIRCLE}/edges?a=b1&b={name}"),
        Request("suggestions, none", "GET", f"{CIRCLE}/people/b1/suggestions?k=0"),
        Request("suggestions, too many", "GET", f"{CIRCLE}/people/b1/suggestions?k=100000000"),
        Request("suggestions, a broken condition", "GET", f"{CIRCLE}/people/b1/suggestions?where=city%20%3D"),
        Request("suggestions, for nobody", "GET", f"{CIRCLE}/people/{name}/suggestions"),
        Request("neighborhood, too large", "GET", f"{CIRCLE}/people/b1/neighborhood?limit=100000"),
        Request("person, attributes a string", "PUT", f"{CIRCLE}/people/{name}", b'{"attributes": "x"}'),
        Request("person, an id too long", "PUT", f"{CIRCLE}/people/{BAD}{'x' * 2_000}", b"{}"),
        Request("person, nobody to erase", "DELETE", f"{CIRCLE}/people/{name}"),
        Request("dismissal of oneself", "POST", f"{CIRCLE}/people/b1/dismissals", b'{"other": "b1"}'),
        Request("block of nobody", "POST", f"{CIRCLE}/people/b1/blocks", {"other": name}),
        Request("a catalog as a network", "GET", "/v1/networks/shop/people"),
    ]


def others(rng, own):
    event = {"kind": "click", "collection": "shop", "items": [own], "query_id": BAD}
    events = [
        ("none", []),
        ("a kind that is none", [event | {"kind": "look"}]),
        ("no such collection", [event | {"collection": BAD}]),
        ("items a string", [event | {"items": own}]),
        ("an unknown field", [event | {"price": 1}]),
        ("a place below 0", [event | {"position": -1}]),
        ("a time that is a string", [event | {"time": "now"}]),
        ("one of two wrong", [event, event | {"kind": "look"}]),
        ("fields without names", [["click", "shop", 1.0, None, BAD, None, [own], None, None]]),
    ]
    sent = [Request(f"events, {name}", "POST", "/v1/events", {"events": list_of}) for name, list_of in events]
    image = {"image": pictures.text(pictures.picture(7))}
    embeddings = [
        ("no model", {"input": [image]}),
        ("an unknown model", {"model": BAD, "input": [image]}),
        ("nothing", {"model": "shop", "input": []}),
        ("a number", {"model": "shop", "input": 7}),
        ("words", {"model": "shop", "input": "red"}),
        ("a form that is none", {"model": "shop", "input": [image], "encoding_format": "hex"}),
        ("one of two broken", {"model": "shop", "input": [image, {"image": "QUJD"}]}),
    ]
    sent += [Request(f"embeddings, {name}", "POST", "/v1/embeddings", body) for name, body in embeddings]
    return sent + [
        Request("no such path", "GET", "/v1/nothing"),
        Request("a long path", "GET", "/" + "x" * 5_000),
        Request("no such catalog", "POST", f"/v1/catalogs/{BAD}/search", b"{}"),
        Request("a path that is no UTF-8", "GET", "/v1/catalogs/%ff/items"),
        Request("another method", "PATCH", f"{SHOP}/search", b"{}"),
        Request("a method that is none", "LOOK", f"{SHOP}/search"),
        Request("search by GET", "GET", f"{SHOP}/search"),
        Request("for another host", "GET", "/v1/collections", headers=(("host", "evil.example"),)),
        Request("from another page", "POST", f"{SHOP}/search", b"{}", headers=(("origin", "http://evil.example"),)),
    ]


BROKEN = {}


def broken_pictures():
    if not BROKEN:
        BROKEN.update(pictures.broken())
    return BROKEN
