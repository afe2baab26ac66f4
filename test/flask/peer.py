"""A real Flask that answers questions on a pipe, for the differential tests.

One JSON object a line comes in on stdin, one goes out on stdout, in the same order:

    {"id": 1, "op": "tag_dumps", "value": {"$tuple": []}}
    {"id": 1, "result": {"text": "{\\" t\\":[]}"}}

A request that makes no sense is answered with {"id": ..., "error": "..."}; no input ends the process except
the end of stdin. What Python raises while it does what it was asked is a result: {"exception": {...}}.

Values travel as "typed JSON", which loses nothing. str, bool and None are themselves, everything else is
    {"$int": "123"} {"$float": "1e+16"} {"$list": [...]} {"$dict": [[key, value], ...]} {"$tuple": [...]}
    {"$bytes": "hex"} {"$markup": "text"} {"$uuid": "hex"} {"$datetime": seconds since 1970, UTC}
Keys and tokens are text, or {"$bytes": "hex"} where they are no UTF-8.

The operations are the functions marked @operation below; peer.ts has their types.
Works with Flask 2.2 to 3.1, in the versions that are installed beside the Python that runs it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import sys
import time as real_time
import warnings
from datetime import datetime, timedelta, timezone
from importlib.metadata import PackageNotFoundError, version
from uuid import UUID

# Flask 2.2 on a newer Python warns of much that is not our concern here.
warnings.simplefilter("ignore", DeprecationWarning)

import flask
import flask.json.tag
import flask.sessions
import itsdangerous
import itsdangerous.timed
import werkzeug.test
from markupsafe import Markup


# -- the clock

class Clock:
    """Stands in for the time module in itsdangerous.timed: stopped at .now, or the real time while that is None."""

    now = None

    def time(self):
        return real_time.time() if self.now is None else self.now

    def __getattr__(self, name):
        return getattr(real_time, name)


clock = Clock()


class ClockDatetime(datetime):
    """Stands in for datetime in flask.sessions, where Expires is computed."""

    @classmethod
    def now(cls, tz=None):
        return datetime.fromtimestamp(clock.time(), tz)

    @classmethod
    def utcnow(cls):
        return datetime.fromtimestamp(clock.time(), timezone.utc).replace(tzinfo=None)


itsdangerous.timed.time = clock
flask.sessions.datetime = ClockDatetime


# -- typed JSON

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)


def encode(value):
    if value is None or value is True or value is False:
        return value
    if isinstance(value, Markup):
        return {"$markup": str(value)}
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"$int": str(value)}
    if isinstance(value, float):
        return {"$float": repr(value)}
    if isinstance(value, dict):
        # dict.items, as Flask 2.2 notes an access when a session is read in another way
        return {"$dict": [[encode(key), encode(item)] for key, item in dict.items(value)]}
    if isinstance(value, tuple):
        return {"$tuple": [encode(item) for item in value]}
    if isinstance(value, list):
        return {"$list": [encode(item) for item in value]}
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, UUID):
        return {"$uuid": value.hex}
    if isinstance(value, datetime):
        return {"$datetime": (value - EPOCH) // SECOND}
    return {"$other": f"{type(value).__name__} {value!r}"}


DECODERS = {
    "$int": int,
    "$float": float,
    "$dict": lambda pairs: {decode(key): decode(item) for key, item in pairs},
    "$tuple": lambda items: tuple(decode(item) for item in items),
    "$list": lambda items: [decode(item) for item in items],
    "$bytes": bytes.fromhex,
    "$markup": Markup,
    "$uuid": UUID,
    "$datetime": lambda seconds: EPOCH + timedelta(seconds=seconds),
}


def decode(typed):
    if typed is None or isinstance(typed, (str, bool)):
        return typed
    if not isinstance(typed, dict) or len(typed) != 1:
        raise TypeError(f"not typed JSON: {str(typed)[:80]}")
    (kind, content), = typed.items()
    if kind not in DECODERS:
        raise TypeError(f"not a kind of typed JSON: {kind[:80]}")
    return DECODERS[kind](content)


def plain(value):
    """Options may be plain JSON; what they cannot hold in it (keys that are bytes) is typed."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in DECODERS:
        return decode(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def text(token):
    """A token as text, or typed where it is no UTF-8."""
    if isinstance(token, str):
        return token
    try:
        return token.decode()
    except UnicodeDecodeError:
        return encode(token)


def describe(error):
    """What a test may want to know of an exception."""
    description = {
        "name": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__[1:-2]],
        "message": str(error),
    }
    payload = getattr(error, "payload", None)
    if payload is not None:
        description["payload"] = encode(payload)
    date_signed = getattr(error, "date_signed", None)
    if date_signed is not None:
        description["dateSigned"] = (date_signed - EPOCH) // SECOND
    original_error = getattr(error, "original_error", None)
    if original_error is not None:
        description["originalError"] = type(original_error).__name__
    return description


# Flask runs under Python's usual limit, so that what is too deep for it fails here as it would in production.
USUAL_DEPTH = sys.getrecursionlimit()
OWN_DEPTH = 8 * USUAL_DEPTH


@contextlib.contextmanager
def depth(limit):
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


@contextlib.contextmanager
def as_in_production(now):
    clock.now = now
    try:
        with depth(USUAL_DEPTH):
            yield
    finally:
        clock.now = None


# -- Flask

class PeerInterface(flask.sessions.SecureCookieSessionInterface):
    """Remembers the session of the request, whatever way this version of Flask keeps it."""

    session = None

    def open_session(self, app, request):
        self.session = super().open_session(app, request)
        return self.session

    def make_null_session(self, app):
        self.session = super().make_null_session(app)
        return self.session


class PeerFlask(flask.Flask):
    exception = None
    after = None

    def log_exception(self, exc_info):
        if self.exception is None:
            self.exception = describe(exc_info[1])

    def process_response(self, response):
        session = self.session_interface.session
        if self.after is None and session is not None:
            self.after = {
                "accessed": session.accessed,
                "modified": session.modified,
                "permanent": bool(dict.get(session, "_permanent", False)),
                "null": self.session_interface.is_null_session(session),
            }
            with depth(OWN_DEPTH):
                self.after["data"] = encode(session)
        return super().process_response(response)


DIGESTS = {name: getattr(hashlib, name) for name in ("sha1", "sha256", "sha384", "sha512")}
MISSING = object()

apps = {}
environs = {}
current = {}


def view(**_):
    """Takes the steps of the request, one after the other, on the flask.session that an application would see."""
    answers = []
    current["answers"] = answers
    for step in current["steps"]:
        try:
            value = STEPS[step["op"]](flask.session, step)
        except Exception as error:
            if current["raise"] or step["op"] == "abort":
                raise
            answers.append({"exception": describe(error)})
        else:
            # at once, as the next step may change what this one has read
            with depth(OWN_DEPTH):
                answers.append({"value": encode(value)})
    return "ok"


def walk(session, path):
    place = session
    for part in path:
        place = place[part]
    return place


def take_get(session, step):
    return session.get(step["key"], step.get("default"))


def take_item(session, step):
    return session[step["key"]]


def take_set(session, step):
    session[step["key"]] = step["value"]


def take_delete(session, step):
    del session[step["key"]]


def take_pop(session, step):
    if "default" in step:
        return session.pop(step["key"], step["default"])
    return session.pop(step["key"])


def take_permanent(session, step):
    if "value" not in step:
        return session.permanent
    session.permanent = step["value"]


def take_modified(session, step):
    if "value" not in step:
        return session.modified
    session.modified = step["value"]


def take_put(session, step):
    *path, last = step["path"]
    walk(session, path)[last] = step["value"]


def take_remove(session, step):
    *path, last = step["path"]
    del walk(session, path)[last]


def take_abort(session, step):
    flask.abort(step["status"])


STEPS = {
    "nothing": lambda session, step: None,
    "get": take_get,
    "item": take_item,
    "set": take_set,
    "delete": take_delete,
    "pop": take_pop,
    "popitem": lambda session, step: session.popitem(),
    "setdefault": lambda session, step: session.setdefault(step["key"], step["value"]),
    "update": lambda session, step: session.update(step["value"]),
    "clear": lambda session, step: session.clear(),
    "len": lambda session, step: len(session),
    "bool": lambda session, step: bool(session),
    "contains": lambda session, step: step["key"] in session,
    "keys": lambda session, step: list(session.keys()),
    "values": lambda session, step: list(session.values()),
    "items": lambda session, step: list(session.items()),
    "iterate": lambda session, step: list(session),
    "data": lambda session, step: dict(session),
    "permanent": take_permanent,
    "modified": take_modified,
    "accessed": lambda session, step: session.accessed,
    "new": lambda session, step: session.new,
    "read": lambda session, step: walk(session, step["path"]),
    "append": lambda session, step: walk(session, step["path"]).append(step["value"]),
    "put": take_put,
    "remove": take_remove,
    "abort": take_abort,
}


# -- the operations

operations = {}
warned = []


def operation(function):
    operations[function.__name__] = function
    return function


@operation
def versions(asked):
    defaults = flask.Flask.default_config
    return {
        "executable": sys.executable,
        "python": platform.python_version(),
        "flask": version("flask"),
        "itsdangerous": version("itsdangerous"),
        "werkzeug": version("werkzeug"),
        "pynacl": version_or_none("pynacl"),
        "features": {
            "fallbacks": "SECRET_KEY_FALLBACKS" in defaults,
            "partitioned": "SESSION_COOKIE_PARTITIONED" in defaults,
        },
    }


@operation
def app(asked):
    """Makes the application `app` anew. Without the options below its sessions are stock Flask's.

    `lines` names a module of lib/flask and its session interface, as "flask_limits.LimitedSessionInterface".
    """
    attributes = {}
    if asked.get("digest") is not None:
        attributes["digest_method"] = staticmethod(DIGESTS[asked["digest"]])
    if asked.get("salt") is not None:
        attributes["salt"] = plain(asked["salt"])
    if asked.get("keyDerivation") is not None:
        attributes["key_derivation"] = asked["keyDerivation"]
    bases = (PeerInterface,)
    if asked.get("lines") is not None:
        bases += (interface_of(asked["lines"]),)
    if asked.get("sealed", False):
        bases += (interface_of("flask_sealed.SealedSessionInterface"),)
    made = PeerFlask("peer", static_folder=None)
    made.session_interface = type("Interface", bases, attributes)()
    made.logger.disabled = True
    made.config.update(plain_config(asked.get("config", {})))
    made.add_url_rule("/", "view", view, methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
    apps[asked["app"]] = made
    return {}


def interface_of(lines):
    """A session interface that applications copy from the README, on the clock of the peer."""
    name, _, class_name = lines.partition(".")
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib", "flask", f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.time = clock
    return getattr(module, class_name)


def version_or_none(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@operation
def config(asked):
    """Changes settings of a running application."""
    apps[asked["app"]].config.update(plain_config(asked["config"]))
    return {}


def plain_config(settings):
    return {name: plain(value) for name, value in settings.items()}


def environ_of(asked):
    """A fresh WSGI environment. Werkzeug needs longer to make one than Flask to answer it, so the parts are kept."""
    method = asked.get("method", "GET")
    path = asked.get("path", "/")
    base_url = asked.get("baseUrl", "http://localhost/")
    headers = tuple(map(tuple, asked.get("headers", ())))
    parts = (method, path, base_url, headers)
    if parts not in environs:
        if len(environs) > 100:
            environs.clear()
        environs[parts] = werkzeug.test.create_environ(path, base_url, method=method, headers=list(headers))
    environ = dict(environs[parts])
    if asked.get("cookie") is not None:
        # WSGI's strings are bytes in disguise
        asked["cookie"].encode("latin-1")
        environ["HTTP_COOKIE"] = asked["cookie"]
    return environ


def steps_of(asked):
    steps = [{**step} for step in asked.get("steps", ())]
    for step in steps:
        if step["op"] not in STEPS:
            raise LookupError(f"no such step: {step['op']}")
        for name in ("value", "default"):
            if name in step:
                step[name] = decode(step[name])
    return steps


@operation
def request(asked):
    made = apps[asked["app"]]
    environ = environ_of(asked)
    current.update({"steps": steps_of(asked), "answers": [], "raise": asked.get("raise", False)})
    made.exception = made.after = made.session_interface.session = None
    warned.clear()
    with as_in_production(asked.get("now")):
        body, status, headers = werkzeug.test.run_wsgi_app(made, environ, buffered=True)
        getattr(body, "close", lambda: None)()
    reply = {
        "status": int(status.split(" ", 1)[0]),
        "headers": [list(header) for header in headers],
        "steps": current["answers"],
        "session": made.after,
    }
    if made.exception is not None:
        reply["exception"] = made.exception
    if warned:
        reply["warnings"] = warned.copy()
    return reply


tagged = flask.json.tag.TaggedJSONSerializer()
stock_app = flask.Flask("stock", static_folder=None)


def context_of(asked):
    """In an application (so in every session) Flask's JSON has sorted keys, outside of one it has not."""
    return stock_app.app_context() if asked.get("inApp", True) else contextlib.nullcontext()


SIGNERS = {name: getattr(itsdangerous, name) for name in ("Signer", "TimestampSigner")}
SERIALIZERS = {
    name: getattr(itsdangerous, name)
    for name in ("Serializer", "TimedSerializer", "URLSafeSerializer", "URLSafeTimedSerializer")
}
TIMED = {"TimestampSigner", "TimedSerializer", "URLSafeTimedSerializer"}


def make(asked):
    """The signer or serializer that the request describes; what it leaves out is ItsDangerous' default."""
    kind = asked["kind"]
    signer_options = {}
    if asked.get("sep") is not None:
        signer_options["sep"] = plain(asked["sep"])
    if asked.get("keyDerivation") is not None:
        signer_options["key_derivation"] = asked["keyDerivation"]
    if asked.get("digest") is not None:
        signer_options["digest_method"] = DIGESTS[asked["digest"]]
    if asked.get("algorithm") == "none":
        signer_options["algorithm"] = itsdangerous.NoneAlgorithm()
    options = {}
    if "salt" in asked:
        options["salt"] = plain(asked["salt"])
    key = plain(asked["key"])
    if kind in SIGNERS:
        return SIGNERS[kind](key, **options, **signer_options)
    if asked.get("serializer") == "tagged":
        options["serializer"] = tagged
    if "serializerOptions" in asked:
        options["serializer_kwargs"] = asked["serializerOptions"]
    if "fallbackSigners" in asked:
        options["fallback_signers"] = [
            {name: DIGESTS[value] if name == "digest_method" else plain(value) for name, value in fallback.items()}
            for fallback in asked["fallbackSigners"]
        ]
    return SERIALIZERS[kind](key, signer_kwargs=signer_options, **options)


def attempt(asked, function):
    """Does it as in production; what it raises is the result."""
    try:
        with as_in_production(asked.get("now")), context_of(asked):
            return function()
    except Exception as error:
        return {"exception": describe(error)}


@operation
def dumps(asked):
    value = decode(asked["value"])

    def run():
        maker = make(asked)
        if asked["kind"] in SIGNERS:
            return maker.sign(value)
        return maker.dumps(value)

    token = attempt(asked, run)
    return token if isinstance(token, dict) else {"token": text(token)}


@operation
def loads(asked):
    token = plain(asked["token"])
    timed = asked["kind"] in TIMED
    options = {"max_age": asked.get("maxAge")} if timed else {}
    if asked.get("returnTimestamp", False):
        options["return_timestamp"] = True

    def run():
        maker = make(asked)
        loaded = maker.unsign(token, **options) if asked["kind"] in SIGNERS else maker.loads(token, **options)
        return loaded if "return_timestamp" in options else (loaded, None)

    loaded = attempt(asked, run)
    if isinstance(loaded, dict):
        return loaded
    value, signed = loaded
    reply = {"value": encode(value)}
    if signed is not None:
        reply["dateSigned"] = (signed - EPOCH) // SECOND
    return reply


@operation
def loads_unsafe(asked):
    token = plain(asked["token"])
    options = {"max_age": asked.get("maxAge")} if asked["kind"] in TIMED else {}
    loaded = attempt(asked, lambda: make(asked).loads_unsafe(token, **options))
    if isinstance(loaded, dict):
        return loaded
    return {"valid": loaded[0], "value": encode(loaded[1])}


@operation
def validate(asked):
    token = plain(asked["token"])
    options = {"max_age": asked.get("maxAge")} if asked["kind"] in TIMED else {}
    valid = attempt(asked, lambda: make(asked).validate(token, **options))
    return valid if isinstance(valid, dict) else {"valid": valid}


@operation
def derive_key(asked):
    key = attempt(asked, lambda: make(asked).derive_key())
    return key if isinstance(key, dict) else {"key": encode(key)}


@operation
def tag_dumps(asked):
    value = decode(asked["value"])
    dumped = attempt(asked, lambda: tagged.dumps(value))
    return dumped if isinstance(dumped, dict) else {"text": dumped}


@operation
def tag_loads(asked):
    loaded = attempt(asked, lambda: (tagged.loads(asked["text"]),))
    return loaded if isinstance(loaded, dict) else {"value": encode(loaded[0])}


# -- the pipe

def answer(line):
    identity = None
    try:
        asked = json.loads(line)
        identity = asked.get("id")
        perform = operations.get(asked.get("op"))
        if perform is None:
            raise LookupError(f"no such operation: {asked.get('op')}")
        return json.dumps({"id": identity, "result": perform(asked)})
    except Exception as error:
        return json.dumps({"id": identity, "error": f"{type(error).__name__}: {error}"})


def serve():
    rest = b""
    while True:
        chunk = os.read(0, 1 << 20)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        # one write for all that came at once: this is where the speed comes from
        replies = "".join(answer(line) + "\n" for line in lines if line.strip()).encode()
        while replies:
            replies = replies[os.write(1, replies):]


def note_warning(message, *_, **__):
    warned.append(str(message))


sys.setrecursionlimit(OWN_DEPTH)
# an over-long cookie is a warning in Flask: part of the answer, each time anew
warnings.simplefilter("always", UserWarning)
warnings.showwarning = note_warning

if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve()
