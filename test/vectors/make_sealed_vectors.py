"""Records what real Flasks with lib/flask/flask_sealed.py and PyNaCl seal with fixed keys and nonces at a fixed time.

    python3 test/vectors/make_sealed_vectors.py /usr/bin/python3

as make_vectors.py, for sealed.json. Pythons without PyNaCl cannot take part.
"""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import make_vectors
from make_vectors import KEY, LONG_KEY, NOW, OLD_KEY

BYTES_KEY = {"$bytes": "00ff80fe"}


def apps():
    """Each with the data that is sealed."""
    sessions = make_vectors.sessions()
    for name, data in sessions.items():
        yield name, {"config": {"SECRET_KEY": KEY}}, data
    few = {"user_id": 42}
    for length in (30, 31, 32, 33, 63, 64, 65):
        yield f"JSON of {length} bytes", {"config": {"SECRET_KEY": KEY}}, {"a": "x" * (length - 8)}
    for digest in ("sha1", "sha256", "sha384", "sha512"):
        for derivation in ("concat", "django-concat", "hmac"):
            yield f"{digest} {derivation}", {"config": {"SECRET_KEY": KEY}, "digest": digest, "keyDerivation": derivation}, few
    for name, key in (("long", LONG_KEY), ("unicode", "schlüssel 鍵 🔑"), ("bytes", BYTES_KEY)):
        yield f"{name} key", {"config": {"SECRET_KEY": key}}, few
    for name, salt in (("name of a session", "cookie-session.admin"), ("text", "gesalzen ä"), ("bytes", BYTES_KEY)):
        yield f"salt: {name}", {"config": {"SECRET_KEY": KEY}, "salt": salt}, few
    yield "with fallback keys", {"config": {"SECRET_KEY": KEY, "SECRET_KEY_FALLBACKS": [LONG_KEY, OLD_KEY]}}, few


def record():
    import nacl.secret
    import peer

    records = []
    for name, app, data in apps():
        nonce = sha256(name.encode()).digest()[:24]
        nacl.secret.random = lambda _: nonce
        peer.app({"app": "made", "sealed": True, **app})
        steps = [{"op": "update", "value": peer.encode(data)}]
        answer = peer.request({"app": "made", "now": NOW, "steps": steps})
        (cookie,) = [value for header, value in answer["headers"] if header == "Set-Cookie"]
        cookie = cookie.split(";")[0].removeprefix("session=")
        read = peer.request({"app": "made", "now": NOW, "cookie": f"session={cookie}", "steps": [{"op": "data"}]})
        assert read["session"]["data"]["$dict"], name
        text = peer.tag_dumps({"value": peer.encode(data)})["text"]
        records.append({"name": name, "app": app, "now": NOW, "nonce": nonce.hex(), "data": read["session"]["data"], "json": text, "cookie": cookie})
    versions = peer.versions({})
    made_by = {name: versions[name] for name in ("python", "flask", "itsdangerous", "werkzeug", "pynacl")}
    return {"versions": made_by, "sealed": {"sessions": records}}


if __name__ == "__main__":
    if sys.argv[1:] == ["--record"]:
        json.dump(record(), sys.stdout)
    elif sys.argv[1:]:
        outputs = [subprocess.run([python, __file__, "--record"], check=True, stdout=subprocess.PIPE).stdout for python in sys.argv[1:]]
        make_vectors.write([json.loads(output) for output in outputs], "sealed", Path(__file__).name)
    else:
        sys.exit(__doc__)
