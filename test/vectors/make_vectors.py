"""Records what real Flasks and ItsDangerouses make of fixed keys at a fixed time.

    python3 test/vectors/make_vectors.py /usr/bin/python3 python3

runs itself under each of the Pythons and writes flask.json and itsdangerous.json beside it. A record that several
versions agree on stands there once; "by" lists the versions, as indices of "madeBy". Values are in the typed JSON of
test/flask/peer.py, which also does the work. vectors.ts has the types.
"""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from datetime import datetime, timezone
from hashlib import sha512
from pathlib import Path
from uuid import UUID
from zlib import compress

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "flask"))

NOW = 1_700_000_000  # 2023-11-14 22:13:20 UTC
LIFETIME = 31 * 24 * 3600
KEY = "a fixed key of these test vectors"
OLD_KEY = "the key before that"
LONG_KEY = "longer than any block of a digest " * 5


# -- Flask

def sessions():
    from markupsafe import Markup

    moment = datetime(2011, 5, 24, 0, 0, 0, tzinfo=timezone.utc)
    number = UUID("0123456789abcdef0123456789abcdef")
    return {
        "one string": {"user": "alice"},
        "every JSON type": {"s": "text", "i": 42, "f": 1.5, "t": True, "n": None, "l": [1, "two"], "d": {"k": "v"}},
        "tuple": {"pair": (1, "two")},
        "tuple in tuple": {"pairs": ((1, 2), (), ((3,),))},
        "bytes": {"token": b"\x00\xff raw bytes"},
        "all 256 bytes": {"token": bytes(range(256))},
        "no bytes": {"token": b""},
        "markup": {"note": Markup("<b>bold</b> & more")},
        "uuid": {"id": number},
        "datetime": {"since": moment},
        "datetime in 1970": {"since": datetime(1970, 1, 1, tzinfo=timezone.utc)},
        "datetime before 1970": {"since": datetime(1969, 12, 31, 23, 59, 59, tzinfo=timezone.utc)},
        "datetime of a leap day": {"since": datetime(2024, 2, 29, 12, 34, 56, tzinfo=timezone.utc)},
        "datetime of the last second": {"since": datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)},
        "every tag in a list": {"l": [(1,), b"b", Markup("m"), number, moment, {" t": [1]}]},
        "every tag in a dict": {"d": {"t": (1,), "b": b"b", "m": Markup("m"), "u": number, "d": moment, "di": {" t": [1]}}},
        "every tag in a tuple": {"t": ((1,), b"b", Markup("m"), number, moment, {" t": [1]})},
        "one-key dict like a dict tag": {"x": {" di": 1}},
        "one-key dict like a tuple tag": {"x": {" t": [1, 2]}},
        "one-key dict like a bytes tag": {"x": {" b": "YQ=="}},
        "one-key dict like a markup tag": {"x": {" m": "<b>"}},
        "one-key dict like a uuid tag": {"x": {" u": number.hex}},
        "one-key dict like a datetime tag": {"x": {" d": "Tue, 24 May 2011 00:00:00 GMT"}},
        "one-key dict like a tag around a tag": {"x": {" t": (1, {" b": b"b"})}},
        "one-key dict like an escaped tag": {"x": {" t__": [1]}},
        "one-key dict like a tag, as the session itself": {" t": [1]},
        "one-key dict of a tag, as the session itself": {" b": b"b"},
        "two-key dict with a tag's key": {"x": {" t": [1], "y": 2}},
        "one-key dict of an unknown tag": {"x": {" zz": 1}},
        "tag without its space": {"x": {"t": [1]}},
        "unicode": {"grüße": "Žluťoučký kůň 日本語", "emoji": "\U0001f600\U0001f469\u200d\U0001f680"},
        "line separators": {"s": "a\u2028b\u2029c\x85d"},
        "control characters": {"s": "".join(map(chr, range(0x20))) + "\x7f\x80\x9f\xa0"},
        "quotes and slashes": {"s": "\"'\\/</script><!--&"},
        "lone surrogates": {"s": "\ud800 \udfff \ude00\ud83d"},
        "keys above and below the surrogates": {"\U0001f600": 1, "\uffff": 2, "\ud7ff": 3, "a": 4},
        "keys out of order": {"b": 1, "a": 2, "B": 3, "A": 4, "_": 5, "": 6, "aa": 7, "é": 8},
        "keys that are integers": {"10": 1, "9": 2, "-1": 3, "01": 4, "1": 5},
        "keys of Object.prototype": {"__proto__": {"admin": True}, "constructor": 1, "toString": "x", "hasOwnProperty": None},
        "keys of session methods": {"get": 1, "set": 2, "permanent": 3, "modified": 4, "size": 5, "then": 6},
        "empty containers": {"l": [], "d": {}, "t": (), "s": "", "ld": [{}], "ll": [[]]},
        "one empty list": {"l": []},
        "safe integers": {"l": [0, -1, 2**31, 2**53 - 1, -(2**53) + 1]},
        "big integers": {"l": [2**53, -(2**53), 2**53 + 1, 2**63 - 1, 2**64, -(10**30)]},
        "floats": {"l": [0.1, 1.0, -0.0, 1e16, 123456789012345680.0, 1e-5, 0.0001, 1e-7, 1e21, 1.7976931348623157e308, 5e-324]},
        "NaN and infinities": {"l": [float("nan"), float("inf"), float("-inf")]},
        "NaN as the value": {"f": float("nan")},
        "permanent": {"_permanent": True, "user": "alice"},
        "permanent alone": {"_permanent": True},
        "not permanent any more": {"_permanent": False, "user": "alice"},
        "compressed": {"text": "many words, the same words, " * 20},
        "compressed with tags": {"rows": [(index, b"row", {" t": index}) for index in range(20)]},
        "too short to be compressed": {"text": "aaaaaaaaaaaaaaaa"},
        "nested 100 deep": {"deep": nested(100)},
        "flashed messages": {"_flashes": [("message", "Saved."), ("error", "No <such> user.")]},
        "CSRF token and login": {"csrf_token": "f" * 40, "_user_id": "42", "_fresh": True, "_id": "a" * 128},
    }


def nested(depth):
    value = "bottom"
    for level in range(depth):
        value = [value] if level % 2 else {"d": value}
    return value


def flask_apps():
    yield {"config": {"SECRET_KEY": KEY}}, None
    few = ("one string", "every tag in a list", "compressed")
    for digest in ("sha1", "sha256", "sha384", "sha512"):
        for derivation in ("hmac", "concat", "django-concat", "none"):
            yield {"config": {"SECRET_KEY": KEY}, "digest": digest, "keyDerivation": derivation}, few
        yield {"config": {"SECRET_KEY": LONG_KEY}, "digest": digest}, few[:1]
    yield {"config": {"SECRET_KEY": "ключ \U0001f511"}}, few[:1]
    yield {"config": {"SECRET_KEY": {"$bytes": "00ff80fe"}}}, few[:1]
    yield {"config": {"SECRET_KEY": KEY}, "salt": "another-salt"}, few[:1]
    yield {"config": {"SECRET_KEY": KEY}, "salt": ""}, few[:1]
    yield {"config": {"SECRET_KEY": KEY}, "salt": {"$bytes": "00ff"}}, few[:1]


def record_sessions(peer):
    for app, names in flask_apps():
        peer.app({"app": "a", **app})
        for name, data in sessions().items():
            if names is not None and name not in names:
                continue
            typed = peer.encode(data)
            reply = peer.request({"app": "a", "now": NOW, "steps": [{"op": "update", "value": typed}]})
            cookie = cookie_of(reply)
            again = peer.request({"app": "a", "now": NOW, "cookie": f"session={cookie}"})
            assert json.dumps(again["session"]["data"]) == json.dumps(sort_keys(typed)), name
            text = peer.tag_dumps({"value": typed})["text"]
            yield {"name": name, "app": app, "now": NOW, "data": typed, "json": text, "cookie": cookie}


def cookie_of(reply):
    (header,) = (value for name, value in reply["headers"] if name == "Set-Cookie")
    return header.split(";")[0].split("=", 1)[1]


def sort_keys(typed):
    """In the order in which Flask's JSON has them."""
    if not isinstance(typed, dict):
        return typed
    (kind, content), = typed.items()
    if kind == "$dict":
        return {kind: [[key, sort_keys(value)] for key, value in sorted(content)]}
    if kind in ("$list", "$tuple"):
        return {kind: [sort_keys(item) for item in content]}
    return typed


def record_tags(peer):
    """What becomes of JSON that Flask would not write."""
    texts = [
        "{}", "[]", "null", '""', "0", "-0", "-0.0", "1.0", "1e400", "-1e400", "NaN", "Infinity", "-Infinity", "9007199254740993",
        '{"a":1,"a":2}', '{"b":1,"a":2,"b":3}', ' { "a" : [ 1 , 2 ] } ', '"\\ud800"', '"\\ud83d\\ude00"', '"\x7f"',
        '{" t":[1,{" t":[2]}]}', '{" b":"YQ=="}', '{" b":"YQ"}', '{" b":"YQ==junk"}', '{" b":"!!"}', '{" b":"\u00e9"}', '{" b":1}',
        '{" b":"-_8="}', '{" b":"Y Q\\n=="}', '{" b":"YR=="}', '{" m":"x"}', '{" m":1}', '{" m":null}', '{" m":{"x":1}}',
        '{" u":"0123456789abcdef0123456789abcdef"}', '{" u":"0123456789ABCDEF0123456789ABCDEF"}',
        '{" u":"{01234567-89ab-cdef-0123-456789abcdef}"}', '{" u":"urn:uuid:01234567-89ab-cdef-0123-456789abcdef"}',
        '{" u":"x"}', '{" u":1}', '{" d":"Tue, 24 May 2011 00:00:00 GMT"}', '{" d":"Tue, 24 May 2011 02:00:00 +0200"}',
        '{" d":"Mon, 24 May 2011 00:00:00 GMT"}', '{" d":"24 May 2011 00:00:00"}', '{" d":"Tue, 24-May-11 00:00:00 GMT"}',
        '{" d":"Tue, 30 Feb 2011 00:00:00 GMT"}', '{" d":"Tue, 24 May 2011 24:00:00 GMT"}', '{" d":"Tue, 24 May 2011 23:59:60 GMT"}',
        '{" d":"2011-05-24T00:00:00Z"}', '{" d":"5"}', '{" d":"garbage"}', '{" d":""}', '{" d":null}', '{" d":5}',
        '{" t":"ab"}', '{" t":{"a":1,"b":2}}', '{" t":1}', '{" t":null}', '{" di":{"a":1}}', '{" di":{" t__":[1]}}',
        '{" di":{" t":[1]}}', '{" di":{"abc":1}}', '{" di":{}}', '{" di":{"a__":1,"b__":2}}', '{" di":1}', '{" di":[["ab"]]}',
        '{" b":{" b":"WVE9PQ=="}}', '{" t":{" t":[1]}}', '{" zz":1}', '{" t":[1],"x":2}', '{"x":{" t":[1]}}', '{"__proto__":{" t":[1]}}',
        '{"__proto__":1,"constructor":2}', "", " ", "{", "[1,]", "{'a':1}", "// c\n1", "\ufeff1", "\u00a01", "01", "+1", ".5", "1.", "0x1",
        "nan", "tRue", '"a\nb"', '"\\x41"', '"\\u12"', "[1] 2", "-", "1e", "-NaN", "+Infinity",
    ]
    for text in texts:
        yield {"name": text, "text": text, **peer.tag_loads({"text": text})}


def record_responses(peer):
    """Requests, with what Flask answers: which headers, and what it sees in the session."""
    secret = {"SECRET_KEY": KEY}
    signer = {"kind": "TimestampSigner", "key": KEY, "salt": "cookie-session", "keyDerivation": "hmac", "digest": "sha1"}

    def signed(payload, now=NOW, **changes):
        payload = {"$bytes": payload.hex()} if isinstance(payload, bytes) else payload
        return peer.dumps({**signer, "now": now, "value": payload, **changes})["token"]

    def sealed(text, now=NOW, **changes):
        return signed(base64(text.encode("utf-8", "surrogatepass")), now, **changes)

    def cookie(token):
        return f"session={token}"

    alice = sealed('{"user":"alice"}')
    lasting = sealed('{"_permanent":true,"user":"alice"}')
    cart = sealed('{"cart":{"items":[1,2]},"user":"alice"}')
    put = {"op": "set", "key": "user", "value": "bob"}
    read = {"op": "get", "key": "user"}
    clear = {"op": "clear"}
    permanent = {"op": "permanent", "value": True}
    later = NOW + 60

    # what a view does, and what is sent then
    views = {
        "touches nothing": [],
        "reads": [read],
        "reads with item": [{"op": "item", "key": "user"}],
        "asks for a key": [{"op": "contains", "key": "user"}],
        "asks for the length": [{"op": "len"}],
        "iterates": [{"op": "iterate"}],
        "asks for the keys": [{"op": "keys"}],
        "asks for the items": [{"op": "items"}],
        "asks whether it is permanent": [{"op": "permanent"}],
        "asks whether it is modified": [{"op": "modified"}],
        "asks whether it is new": [{"op": "new"}],
        "writes": [put],
        "writes the same value": [{**put, "value": "alice"}],
        "writes and deletes": [put, {"op": "delete", "key": "user"}],
        "deletes": [{"op": "delete", "key": "user"}],
        "deletes a missing key": [{"op": "delete", "key": "missing"}],
        "pops": [{"op": "pop", "key": "user"}],
        "pops a missing key": [{"op": "pop", "key": "missing"}],
        "pops a missing key with a default": [{"op": "pop", "key": "missing", "default": {"$int": "1"}}],
        "pops an item": [{"op": "popitem"}],
        "sets a default": [{"op": "setdefault", "key": "user", "value": "bob"}],
        "updates": [{"op": "update", "value": {"$dict": [["a", {"$int": "1"}], ["user", "bob"]]}}],
        "updates with nothing": [{"op": "update", "value": {"$dict": []}}],
        "clears": [clear],
        "clears and writes": [clear, put],
        "becomes permanent": [permanent],
        "is permanent no more": [{"op": "permanent", "value": False}],
        "writes and is permanent": [put, permanent],
        "is modified by hand": [{"op": "modified", "value": True}],
        "writes, but is unmodified by hand": [put, {"op": "modified", "value": False}],
        "changes a nested list": [{"op": "append", "path": ["cart", "items"], "value": {"$int": "3"}}],
        "changes a nested list and says so": [
            {"op": "append", "path": ["cart", "items"], "value": {"$int": "3"}}, {"op": "modified", "value": True},
        ],
        "aborts": [{"op": "abort", "status": 403}],
        "writes and aborts": [put, {"op": "abort", "status": 403}],
    }
    for session, token in (("no cookie", None), ("alice", alice), ("permanent", lasting), ("cart", cart)):
        for view, steps in views.items():
            request = {"now": later, "steps": steps, **({} if token is None else {"cookie": cookie(token)})}
            yield f"{session}: {view}", {"config": secret}, request
    unrefreshed = {"config": {**secret, "SESSION_REFRESH_EACH_REQUEST": False}}
    for view in ("touches nothing", "reads", "writes"):
        yield f"permanent, not refreshed: {view}", unrefreshed, {"now": later, "cookie": cookie(lasting), "steps": views[view]}
    yield "permanent: no such page", {"config": secret}, {"now": later, "cookie": cookie(lasting), "path": "/missing"}
    yield "permanent: HEAD", {"config": secret}, {"now": later, "cookie": cookie(lasting), "method": "HEAD"}
    yield "the view fails after a write", {"config": secret}, {"now": later, "steps": [put, {"op": "item", "key": "missing"}], "raise": True}
    yield "a value that is too deep", {"config": secret}, {"now": later, "steps": [{**put, "value": typed_tuples(400)}]}
    yield "over the limit", {"config": secret}, {"now": later, "steps": [{**put, "value": {"$bytes": noise(3200).hex()}}]}
    yield "under its own limit of none", {"config": {**secret, "MAX_COOKIE_SIZE": 0}}, {"now": later, "steps": [{**put, "value": {"$bytes": noise(3200).hex()}}]}

    # attributes, on setting and on deleting
    settings = [
        {"SESSION_COOKIE_NAME": "sid"}, {"SESSION_COOKIE_NAME": "__Host-sid", "SESSION_COOKIE_SECURE": True},
        {"SESSION_COOKIE_DOMAIN": "example.com"}, {"SESSION_COOKIE_DOMAIN": ".example.com"}, {"SESSION_COOKIE_DOMAIN": "example.com:8080"},
        {"SESSION_COOKIE_DOMAIN": "localhost"}, {"SESSION_COOKIE_DOMAIN": "bücher.example"}, {"SESSION_COOKIE_DOMAIN": False},
        {"SESSION_COOKIE_DOMAIN": ""},
        {"SESSION_COOKIE_PATH": "/app"}, {"SESSION_COOKIE_PATH": "/grüße a;b?c%20"}, {"SESSION_COOKIE_PATH": ""}, {"APPLICATION_ROOT": "/root"},
        {"APPLICATION_ROOT": "/root", "SESSION_COOKIE_PATH": "/app"},
        {"SESSION_COOKIE_HTTPONLY": False}, {"SESSION_COOKIE_SECURE": True}, {"SESSION_COOKIE_PARTITIONED": True},
        {"SESSION_COOKIE_SAMESITE": "Lax"}, {"SESSION_COOKIE_SAMESITE": "strict"}, {"SESSION_COOKIE_SAMESITE": "NONE"},
        {"SESSION_COOKIE_SAMESITE": "None", "SESSION_COOKIE_SECURE": True, "SESSION_COOKIE_PARTITIONED": True},
        {"SESSION_COOKIE_SAMESITE": "wrong"}, {"PERMANENT_SESSION_LIFETIME": 60}, {"PERMANENT_SESSION_LIFETIME": 0}, {"PERMANENT_SESSION_LIFETIME": -1},
    ]
    for setting in settings:
        config = {**secret, **setting}
        text = json.dumps(setting, ensure_ascii=False)
        name = setting.get("SESSION_COOKIE_NAME", "session")
        yield f"{text}: set", {"config": config}, {"now": later, "steps": [put]}
        yield f"{text}: set, permanent", {"config": config}, {"now": later, "steps": [put, permanent]}
        yield f"{text}: delete", {"config": config}, {"now": later, "cookie": f"{name}={alice}", "steps": [clear]}

    # no key
    yield "no key: reads", {}, {"cookie": cookie(alice), "now": later, "steps": [read, {"op": "len"}, {"op": "contains", "key": "user"}]}
    yield "no key: writes", {}, {"now": later, "steps": [put, permanent, clear, {"op": "pop", "key": "user", "default": None}, {"op": "update", "value": {"$dict": []}}, {"op": "setdefault", "key": "user", "value": "bob"}, {"op": "delete", "key": "user"}, {"op": "popitem"}]}
    yield "no key: touches nothing", {}, {"cookie": cookie(lasting), "now": later}
    yield "empty key: reads", {"config": {"SECRET_KEY": ""}}, {"cookie": cookie(alice), "now": later, "steps": [read]}

    # keys and digests
    old = sealed('{"user":"alice"}', key=OLD_KEY)
    yield "the old key, without fallbacks", {"config": secret}, {"cookie": cookie(old), "now": later, "steps": [read]}
    rotated = {**secret, "SECRET_KEY_FALLBACKS": ["older still", OLD_KEY]}
    yield "the old key, as a fallback", {"config": rotated}, {"cookie": cookie(old), "now": later, "steps": [read]}
    yield "the old key, as a fallback, written", {"config": rotated}, {"cookie": cookie(old), "now": later, "steps": [{"op": "set", "key": "a", "value": {"$int": "1"}}]}
    yield "the old key, as a fallback, expired", {"config": rotated}, {"cookie": cookie(old), "now": NOW + LIFETIME + 1, "steps": [read]}
    yield "the current key beside fallbacks", {"config": rotated}, {"cookie": cookie(alice), "now": later, "steps": [read]}
    yield "a list of one fallback of bytes", {"config": {**secret, "SECRET_KEY_FALLBACKS": [{"$bytes": "ff00"}]}}, {"cookie": cookie(sealed('{"user":"alice"}', key={"$bytes": "ff00"})), "now": later, "steps": [read]}
    for digest in ("sha1", "sha256", "sha384", "sha512"):
        yield f"a cookie of {digest}, read by stock Flask", {"config": secret}, {"cookie": cookie(sealed('{"user":"alice"}', digest=digest)), "now": later, "steps": [read]}
        yield f"a cookie of {digest}, read by its own", {"config": secret, "digest": digest}, {"cookie": cookie(sealed('{"user":"alice"}', digest=digest)), "now": later, "steps": [read]}

    # time
    for name, now in (("its own second", NOW), ("its last second", NOW + LIFETIME), ("one second later", NOW + LIFETIME + 1), ("one second before it was made", NOW - 1), ("1970", 0)):
        yield f"read in {name}", {"config": secret}, {"cookie": cookie(alice), "now": now, "steps": [read]}
    for name, now in (("0", 0), ("2**31", 2**31), ("2**32", 2**32), ("year 9999", 253402300799), ("year 10000", 253402300800), ("milliseconds", NOW * 1000), ("2**63", 2**63), ("2**64 - 1", 2**64 - 1)):
        yield f"a timestamp of {name}", {"config": secret}, {"cookie": cookie(sealed('{"user":"alice"}', now)), "now": NOW, "steps": [read]}

    # what is no cookie of ours
    payload, stamp, signature = alice.split(".")
    spellings = {
        "empty": "", "a dot": ".", "two dots": "..", "many dots": "." * 1000, "no dots": payload, "no signature": f"{payload}.{stamp}", "an empty signature": f"{payload}.{stamp}.",
        "no payload": f".{stamp}.{signature}", "another payload": f"{base64(b'{}')}.{stamp}.{signature}", "another timestamp": f"{payload}.{stamp[:-1]}B.{signature}",
        "a truncated signature": alice[:-1], "a longer signature": alice + "A", "a padded signature": alice + "=", "quotes": f'"{alice}"', "a space before": f" {alice}", "a space after": f"{alice} ",
        "a signature in other case": f"{payload}.{stamp}.{signature.swapcase()}", "a signature with spare bits": f"{payload}.{stamp}.{signature[:-1]}{chr(ord(signature[-1]) + 1)}",
        "text": "hello", "latin-1": "\xff\xfe", "percent": "%2E%2E", "JSON": '{"user":"alice"}', "undefined": "undefined",
    }
    for name, token in spellings.items():
        yield f"not ours: {name}", {"config": secret}, {"cookie": cookie(token), "now": NOW, "steps": [read]}
    yield "the cookie twice, the good first", {"config": secret}, {"cookie": f"session={alice}; session=x", "now": NOW, "steps": [read]}
    yield "the cookie twice, the good last", {"config": secret}, {"cookie": f"session=x; session={alice}", "now": NOW, "steps": [read]}
    yield "the cookie among others", {"config": secret}, {"cookie": f"a=b;  session={alice};c", "now": NOW, "steps": [read]}
    yield "another salt", {"config": secret}, {"cookie": cookie(sealed('{"user":"alice"}', salt="other")), "now": NOW, "steps": [read]}
    yield "another derivation", {"config": secret}, {"cookie": cookie(sealed('{"user":"alice"}', keyDerivation="concat")), "now": NOW, "steps": [read]}
    yield "signed without a timestamp", {"config": secret}, {"cookie": cookie(signed(base64(b"{}"), kind="Signer")), "now": NOW, "steps": [read]}
    yield "signed with a timestamp of 9 bytes", {"config": secret}, {"cookie": cookie(signed(f"{payload}.{base64(b'1' * 9)}", kind="Signer")), "now": NOW, "steps": [read]}
    yield "signed with an empty timestamp", {"config": secret}, {"cookie": cookie(signed(f"{payload}.", kind="Signer")), "now": NOW, "steps": [read]}
    yield "signed with a timestamp with leading zeros", {"config": secret}, {"cookie": cookie(signed(f"{payload}.{base64(bytes(2) + NOW.to_bytes(4, 'big'))}", kind="Signer")), "now": NOW, "steps": [read]}

    # signed by us, but unreadable
    for text in ("", "hello", "[]", "null", '""', "0", "1", "true", "NaN", '"ab"', "[1]", '[["a",1]]', '["ab","cd"]', '[{"a":1,"b":2}]', '{" t":[]}', '{" t":[["a",1]]}', '{" b":""}', '{" m":""}', '{" d":"x"}', '{" di":{"a__":1}}', "{'a':1}", '{"a":1}x', '{"a":1,}', '\ufeff{"a":1}', '{"__proto__":{"admin":true}}', '{"a":' + "9" * 5000 + "}"):
        yield f"signed, with the payload {text[:40]}", {"config": secret}, {"cookie": cookie(sealed(text)), "now": NOW, "steps": [{"op": "data"}]}
    packed = compress(b'{"user":"alice"}')
    oddities = {
        "UTF-8 that is none": base64(b'{"a":"\xff"}'), "base64 that is none": "!", "base64 with foreign characters": payload[:4] + "!!!!" + payload[4:], "base64 with padding": payload + "=",
        "zlib": "." + base64(packed), "zlib, two dots": ".." + base64(packed), "zlib that is none": "." + base64(b"hello"), "zlib, truncated": "." + base64(packed[:-1]), "zlib, with bytes behind it": "." + base64(packed + b"x"),
        "zlib of nothing": "." + base64(compress(b"")), "a dot alone": ".", "lists 200 deep": base64(b'{"a":' + b"[" * 200 + b"]" * 200 + b"}"), "lists 2000 deep": base64(b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}"),
    }
    for name, value in oddities.items():
        # the deep answer itself is not the point, and long
        steps = [{"op": "len"}] if "deep" in name else [{"op": "data"}]
        yield f"signed, with {name}", {"config": secret}, {"cookie": cookie(signed(value)), "now": NOW, "steps": steps}


def base64(content):
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def noise(length):
    """Bytes that do not get shorter when they are compressed."""
    return b"".join(sha512(bytes([index])).digest() for index in range(length // 64))


def typed_tuples(depth):
    value = {"$tuple": []}
    for _ in range(depth):
        value = {"$tuple": [value]}
    return value


def record_answered(peer):
    for name, app, request in record_responses(peer):
        peer.app({"app": "a", **app})
        response = peer.request({"app": "a", **request})
        response["headers"] = sorted(header for header in response["headers"] if header[0] in ("Vary", "Set-Cookie"))
        # the words of one version of Python
        response.get("exception", {}).pop("message", None)
        if "deep" in name and response["session"]:
            response["session"]["data"] = {"$dict": []}
        yield {"name": name, "app": app, "request": request, "response": response}


# -- ItsDangerous

KINDS = ("Signer", "TimestampSigner", "Serializer", "TimedSerializer", "URLSafeSerializer", "URLSafeTimedSerializer")
SIGNERS = KINDS[:2]
TIMED = ("TimestampSigner", "TimedSerializer", "URLSafeTimedSerializer")


def makers(kind):
    yield {}
    for digest in ("sha1", "sha256", "sha384", "sha512"):
        for derivation in ("concat", "django-concat", "hmac", "none"):
            yield {"digest": digest, "keyDerivation": derivation}
        yield {"digest": digest, "key": LONG_KEY, "keyDerivation": "hmac"}
    for salt in ("", "activate", "соль", {"$bytes": "00ff"}, None):
        yield {"salt": salt}
    for sep in (":", "..", "$", "::", "\u00a7", {"$bytes": "00"}):
        yield {"sep": sep}
    for key in ("", "ключ", {"$bytes": "00ff80fe"}, [OLD_KEY, KEY], [KEY, OLD_KEY], [KEY]):
        yield {"key": key}
    yield {"algorithm": "none"}
    if kind not in SIGNERS:
        yield {"serializer": "tagged"}
        yield {"serializer": "tagged", "inApp": False}
        yield {"serializerOptions": {"sort_keys": True}}


def maker(kind, options):
    return {"kind": kind, "key": KEY, **options}


def record_tokens(peer):
    for kind in KINDS:
        first = True
        for options in makers(kind):
            values = values_for(kind) if first else dict(list(values_for(kind).items())[:1])
            first = False
            for name, value in values.items():
                made = maker(kind, options)
                typed = peer.encode(value)
                dumped = peer.dumps({**made, "now": NOW, "value": typed})
                if "token" in dumped:
                    loaded = peer.loads({**made, "now": NOW, "token": dumped["token"]})["value"]
                    assert loaded in (expected(peer, kind, typed), sort_keys(typed)), (kind, options, name)
                yield {"name": f"{kind}: {name}", "maker": made, "now": NOW, "value": typed, **dumped}


def expected(peer, kind, typed):
    """Signers answer in bytes."""
    if kind in SIGNERS and isinstance(typed, str):
        return peer.encode(typed.encode())
    return typed


def values_for(kind):
    if kind in SIGNERS:
        return {"text": "value", "text with the separators": "a.b:c$d", "nothing": "", "unicode": "grüße \U0001f600", "bytes": b"\x00\xff.\xfe"}
    return {
        "dict": {"id": 42, "b": [1, 2.5, None, True, "text"], "a": {}},
        "text": "grüße \U0001f600 \x7f\u2028",
        "int": 42,
        "big int": 2**64,
        "float": 1e16,
        "NaN": float("nan"),
        "null": None,
        "empty list": [],
        "empty dict": {},
        "lone surrogate": "\ud800",
        "long, compressed by the URL-safe ones": ["the same words, "] * 30,
    }


def record_loads(peer):
    """Tokens that are refused or peculiar, with the exception that says so."""
    for kind in KINDS:
        value = "value" if kind in SIGNERS else {"$dict": [["id", {"$int": "42"}]]}

        def token(now=NOW, value=value, kind=kind, **options):
            return peer.dumps({**maker(kind, options), "now": now, "value": value})["token"]

        good = token()
        head, signature = good.rsplit(".", 1)
        cases = {
            "good": {"token": good},
            "another key": {"token": token(key=OLD_KEY)},
            "another salt": {"token": token(salt="other")},
            "another digest": {"token": token(digest="sha512")},
            "another derivation": {"token": token(keyDerivation="hmac")},
            "another separator": {"token": token(sep=":")},
            "the old one of two keys": {"token": token(key=OLD_KEY), "options": {"key": [OLD_KEY, KEY]}},
            "none of two keys": {"token": token(key="third"), "options": {"key": [OLD_KEY, KEY]}},
            "empty": {"token": ""},
            "no separator": {"token": "value"},
            "a separator": {"token": "."},
            "many separators": {"token": "." * 20},
            "no signature": {"token": head},
            "empty signature": {"token": head + "."},
            "truncated": {"token": good[:-1]},
            "a longer signature": {"token": good + "A"},
            "a padded signature": {"token": good + "="},
            "a signature with a foreign character": {"token": good + "!"},
            "a signature with spare bits": {"token": f"{head}.{signature[:-1]}{chr(ord(signature[-1]) + 1)}"},
            "a changed value": {"token": "x" + good},
            "not text": {"token": {"$bytes": "ff002eff"}},
            "not ASCII": {"token": "grüße.grüße.grüße"},
        }
        if kind in TIMED:
            cases.update({
                "with its time": {"token": good, "returnTimestamp": True},
                "its last second": {"token": good, "maxAge": 10, "now": NOW + 10},
                "expired": {"token": good, "maxAge": 10, "now": NOW + 11},
                "from the future": {"token": good, "maxAge": 10, "now": NOW - 1},
                "from the future, without maxAge": {"token": good, "now": NOW - 1},
                "maxAge 0": {"token": good, "maxAge": 0},
                "maxAge -1": {"token": good, "maxAge": -1},
                "expired, with the old of two keys": {"token": token(key=OLD_KEY), "options": {"key": [OLD_KEY, KEY]}, "maxAge": 10, "now": NOW + 11},
                "expired and another key": {"token": token(key=OLD_KEY), "maxAge": 10, "now": NOW + 11},
                "without a timestamp": {"token": unstamped(peer, kind, head.rsplit(".", 1)[0])},
                "without a timestamp, and no separator": {"token": unstamped(peer, kind, "value")},
                "an empty timestamp": {"token": unstamped(peer, kind, head.rsplit(".", 1)[0] + ".")},
                "a timestamp that is no base64": {"token": unstamped(peer, kind, head.rsplit(".", 1)[0] + ".!")},
                "a timestamp of 9 bytes": {"token": unstamped(peer, kind, head.rsplit(".", 1)[0] + "." + base64(b"1" * 9))},
                "a timestamp of 9 bytes, maxAge": {"token": unstamped(peer, kind, head.rsplit(".", 1)[0] + "." + base64(b"1" * 9)), "maxAge": 10},
                "a forged timestamp of 8 bytes": {"token": f"{head.rsplit('.', 1)[0]}.{base64(bytes([255] * 8))}.{signature}"},
                "a forged timestamp of 9 bytes": {"token": f"{head.rsplit('.', 1)[0]}.{base64(bytes([255] * 9))}.{signature}"},
                "year 9999": {"token": token(253402300799), "returnTimestamp": True},
                "year 10000": {"token": token(253402300800), "returnTimestamp": True},
                "year 10000, maxAge": {"token": token(253402300800), "maxAge": 10},
            })
        if kind not in SIGNERS:
            signer = {"kind": "TimestampSigner" if kind in TIMED else "Signer", "key": KEY, "salt": "itsdangerous"}

            def signed(payload):
                return peer.dumps({**signer, "now": NOW, "value": payload})["token"]

            cases.update({
                "a payload that is no JSON": {"token": signed(base64(b"hello") if kind.startswith("URL") else "hello")},
                "an empty payload": {"token": signed("")},
            })
            if kind.startswith("URL"):
                cases.update({
                    "a payload that is no base64": {"token": signed("a")},
                    "a payload that is no zlib": {"token": signed("." + base64(b"hello"))},
                    "a payload that is zlib": {"token": signed("." + base64(compress(b'{"id":42}')))},
                    "a payload that is no UTF-8": {"token": signed(base64(b'"\xff"'))},
                })
        for name, case in cases.items():
            asked = {"now": case.get("now", NOW), "token": case["token"]}
            for option in ("maxAge", "returnTimestamp"):
                if option in case:
                    asked[option] = case[option]
            made = maker(kind, case.get("options", {}))
            yield {"name": f"{kind}: {name}", "maker": made, **asked, "result": peer.loads({**made, **asked})}
        if kind not in SIGNERS:
            for name in ("good", "another key", "empty", "no signature", "a payload that is no JSON"):
                asked = {"now": NOW, "token": cases[name]["token"]}
                made = maker(kind, {})
                yield {"name": f"{kind}: {name}, unsafe", "maker": made, **asked, "unsafe": True, "result": peer.loads_unsafe({**made, **asked})}


def unstamped(peer, kind, value):
    """Rightly signed, but without a timestamp."""
    salt = "itsdangerous.Signer" if kind in SIGNERS else "itsdangerous"
    return peer.dumps({"kind": "Signer", "key": KEY, "salt": salt, "value": value})["token"]


def record_derived_keys(peer):
    for digest in ("sha1", "sha256", "sha384", "sha512"):
        for derivation in ("concat", "django-concat", "hmac", "none"):
            for key in (KEY, LONG_KEY, "", {"$bytes": "00ff80fe"}):
                made = {"kind": "Signer", "key": key, "salt": "cookie-session", "digest": digest, "keyDerivation": derivation}
                yield {"name": f"{digest} {derivation}", "maker": made, **peer.derive_key(made)}


# -- recording

def record():
    import peer

    versions = peer.versions({})
    return {
        "versions": {name: versions[name] for name in ("python", "flask", "itsdangerous", "werkzeug")},
        "flask": {
            "sessions": list(record_sessions(peer)),
            "tags": list(record_tags(peer)),
            "responses": list(record_answered(peer)),
        },
        "itsdangerous": {
            "tokens": list(record_tokens(peer)),
            "loads": list(record_loads(peer)),
            "derivedKeys": list(record_derived_keys(peer)),
        },
    }


def merge(runs, file, section):
    """The records of all runs, each once, those of one name together."""
    merged = {}
    for index, run in enumerate(runs):
        for position, entry in enumerate(run[file][section]):
            merged.setdefault(json.dumps(entry), (position, index, {"by": [], **entry}))[2]["by"].append(index)
    return [entry for _, _, entry in sorted(merged.values(), key=lambda item: item[:2])]


def write(runs, file, maker="make_vectors.py"):
    lines = [f'{{"note": "Made by {maker}, not to be edited.",']
    lines.append('"madeBy": ' + json.dumps([run["versions"] for run in runs]))
    for section in runs[0][file]:
        entries = ",\n".join(json.dumps(entry) for entry in merge(runs, file, section))
        lines[-1] += ","
        lines.append(f'"{section}": [\n{entries}\n]')
    (HERE / f"{file}.json").write_text("\n".join(lines) + "}\n", encoding="ascii")


if __name__ == "__main__":
    if sys.argv[1:] == ["--record"]:
        json.dump(record(), sys.stdout)
    elif sys.argv[1:]:
        outputs = [subprocess.run([python, __file__, "--record"], check=True, stdout=subprocess.PIPE).stdout for python in sys.argv[1:]]
        recorded = [json.loads(output) for output in outputs]
        write(recorded, "flask")
        write(recorded, "itsdangerous")
    else:
        sys.exit(__doc__)
