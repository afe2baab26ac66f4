"""The demo in Flask: the same page on the same session. `npm run start:flask`

FLASK_PORT, PORT (Fastify's), HOST, DIGEST, SESSIONS and Flask's keys are read from the environment. Works with Flask 2.2 to 3.1.
"""

import hashlib
import importlib
import json
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from uuid import uuid4

# The ways to keep sessions, as in kinds.ts: what they need, and what the page says of the payload.
KINDS = {
    "cookie": (["flask"], "Signed, not encrypted: everybody can read it, nobody can change it."),
    "sealed": (["flask", "nacl"], "Sealed: only who has the key can read it or change it. This page can, so it shows it."),
}
SESSIONS = os.environ.get("SESSIONS", "cookie")
if SESSIONS not in KINDS:
    sys.exit(f"SESSIONS must be one of {', '.join(KINDS)}")
NEEDED, NOTE = KINDS[SESSIONS]

try:
    for module in NEEDED:
        importlib.import_module(module)
except ImportError:
    system_python = "/usr/bin/python3"
    # Asking that Python first keeps this from going round in circles.
    question = [system_python, "-c", f"import {', '.join(NEEDED)}"]
    if os.path.exists(system_python) and subprocess.run(question, capture_output=True).returncode == 0:
        os.execv(system_python, [system_python, *sys.argv])
    pip, apt = ("flask pynacl", "python3-flask python3-nacl") if "nacl" in NEEDED else ("flask", "python3-flask")
    sys.exit(f"The twin needs Flask{' and PyNaCl' if 'nacl' in NEEDED else ''}. "
             f"Install it with: pip install {pip} (Debian, Ubuntu: apt-get install {apt})")

import flask
from flask import flash, redirect, render_template, request, send_from_directory, session
from itsdangerous import BadData, base64_decode
from markupsafe import Markup, escape

# As in settings.ts: published, so it protects nobody.
DEMO_SECRET_KEY = "DEMO ONLY - this key is published with the source, set SECRET_KEY to your own"
DIGEST = os.environ.get("DIGEST", "sha512")
HOST = os.environ.get("HOST", "127.0.0.1")
FLASK_PORT = int(os.environ.get("FLASK_PORT", "5000"))
FASTIFY_PORT = int(os.environ.get("PORT", "3000"))
HERE = os.path.dirname(os.path.abspath(__file__))
GREATEST_QUANTITY = 99
PRODUCTS = {
    "tea": ("Darjeeling", 890),
    "cup": ("Blue cup", 1450),
    "cookies": ("Ginger cookies", 420),
}


# -- the configuration

def as_text(text):
    return text or None


def as_boolean(text):
    return text.lower() in ("true", "1")


READERS = {
    "SECRET_KEY": lambda text: text or DEMO_SECRET_KEY,
    "SECRET_KEY_FALLBACKS": lambda text: [key for key in text.split(",") if key],
    "SESSION_COOKIE_NAME": as_text,
    "SESSION_COOKIE_DOMAIN": as_text,
    "SESSION_COOKIE_PATH": as_text,
    "SESSION_COOKIE_HTTPONLY": as_boolean,
    "SESSION_COOKIE_SECURE": as_boolean,
    "SESSION_COOKIE_PARTITIONED": as_boolean,
    "SESSION_COOKIE_SAMESITE": as_text,
    "PERMANENT_SESSION_LIFETIME": int,
    "SESSION_REFRESH_EACH_REQUEST": as_boolean,
    "APPLICATION_ROOT": as_text,
    "MAX_COOKIE_SIZE": int,
}

CONFIG = {
    "SECRET_KEY": DEMO_SECRET_KEY,
    "SESSION_COOKIE_SAMESITE": "Lax",
    **{key: read(os.environ[key]) for key, read in READERS.items() if key in os.environ},
}

app = flask.Flask(__name__, root_path=HERE, static_folder=None)
app.config.update(CONFIG)
if SESSIONS == "sealed":
    sys.path.append(os.path.join(HERE, "..", "..", "lib", "flask"))
    from flask_sealed import SealedSessionInterface

    app.session_interface = SealedSessionInterface()
if DIGEST != "sha1" or SESSIONS == "sealed":
    app.session_interface.digest_method = getattr(hashlib, DIGEST)


# -- the shop

def is_member():
    if "user_name" in session:
        return True
    flash("Please log in first.", "warning")
    return False


def home():
    return redirect("/", 303)


@app.get("/")
def index():
    messages = flask.get_flashed_messages(with_categories=True)
    if "visits" in session:
        session["visits"]["flask"] += 1
        session.modified = True
    return render_template("twin.html", messages=messages, **facts_of_cookie())


@app.post("/login")
def login():
    name = request.form.get("name", "").strip()[:60]
    if not name:
        flash("Please tell a name; any will do.", "warning")
        return home()
    session.clear()
    session.permanent = bool(request.form.get("remember"))
    session["user_name"] = name
    session["logged_in_at"] = datetime.now(timezone.utc)
    session["visits"] = {"fastify": 0, "flask": 0}
    flash(Markup("Welcome, <strong>{}</strong>. Flask has logged you in.").format(name), "success")
    return home()


@app.post("/logout")
def logout():
    session.clear()
    flash("Flask has logged you out.", "success")
    return home()


@app.post("/remember")
def remember():
    if is_member():
        session.permanent = bool(request.form.get("remember"))
    return home()


@app.post("/cart/add")
def add_to_cart():
    if not is_member():
        return home()
    sku = request.form.get("sku")
    if sku not in PRODUCTS:
        flash("There is no such thing in the shop.", "warning")
        return home()
    name, price = PRODUCTS[sku]
    cart = session.setdefault("cart", {"id": uuid4(), "items": [], "note": ""})
    item = next((item for item in cart["items"] if item["sku"] == sku), None)
    if item is None:
        cart["items"].append({"sku": sku, "quantity": 1, "price": (price, "EUR")})
    else:
        item["quantity"] = min(item["quantity"] + 1, GREATEST_QUANTITY)
    session.modified = True
    flash(Markup("<strong>{}</strong> put into the cart by Flask.").format(name), "success")
    return home()


@app.post("/cart/quantity")
def change_quantity():
    if is_member() and "cart" in session:
        items = session["cart"]["items"]
        by = -1 if request.form.get("by") == "-1" else 1
        for item in items:
            if item["sku"] == request.form.get("sku"):
                item["quantity"] = min(item["quantity"] + by, GREATEST_QUANTITY)
        session["cart"]["items"] = [item for item in items if item["quantity"] > 0]
        session.modified = True
    return home()


@app.post("/cart/remove")
def remove_from_cart():
    if is_member() and "cart" in session:
        items = session["cart"]["items"]
        session["cart"]["items"] = [item for item in items if item["sku"] != request.form.get("sku")]
        session.modified = True
    return home()


@app.post("/cart/note")
def keep_note():
    if is_member() and "cart" in session:
        session["cart"]["note"] = request.form.get("note", "").strip()
        session.modified = True
    return home()


# -- what surrounds it

@app.get("/style.css")
def style():
    return send_from_directory(HERE, "style.css", max_age=60)


@app.get("/icon.svg")
def icon():
    return send_from_directory(HERE, "icon.svg", max_age=60)


@app.after_request
def add_headers(response):
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    return response


@app.template_global()
def product_name(sku):
    return PRODUCTS.get(sku, (sku, 0))[0]


@app.template_filter()
def money(cents):
    return f"€ {cents / 100:.2f}"


@app.template_filter()
def utc(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


@app.context_processor
def surroundings():
    host = re.sub(r":\d+$", "", request.host)
    return {
        "kind": "sealed" if SESSIONS == "sealed" else "signed",
        "products": PRODUCTS,
        "fastify": f"{request.scheme}://{host}:{FASTIFY_PORT}/",
        "flask_version": version("flask"),
        "start_fastify": start_fastify(),
    }


def start_fastify():
    """The command that starts Fastify's side with the same settings; what both have by default is left out."""
    # Which key that is, the page does not say.
    key = "" if CONFIG["SECRET_KEY"] == DEMO_SECRET_KEY else "..."
    defaults = {
        "SECRET_KEY": ("", key),
        "SESSIONS": ("cookie", SESSIONS),
        "DIGEST": ("sha512", DIGEST),
        "PORT": (3000, FASTIFY_PORT),
        "FLASK_PORT": (5000, FLASK_PORT),
    }
    differences = [f"{name}={value}" for name, (default, value) in defaults.items() if value != default]
    return " ".join([*differences, "npm start"])


# -- what the cookie holds

def facts_of_cookie():
    """What the page tells of the cookie that goes out with it; Flask saves the session only after the view."""
    name = app.session_interface.get_cookie_name(app)
    facts = {"cookie": None, "received": None, "refusal": None, "digest": DIGEST, "settings": settings()}
    token = request.cookies.get(name)
    if token:
        facts.update(judge(token))
    response = app.response_class()
    app.session_interface.save_session(app, session, response)
    sent = response.headers.get("Set-Cookie") or (f"{name}={token}" if facts["received"] else "")
    pair, _, attributes = sent.partition("; ")
    token = pair.partition("=")[2]
    if token:
        facts["cookie"] = explain(name, token, attributes, len(sent))
        if facts["received"]:
            facts["previous_age"] = max(0, round((facts["cookie"]["signed_at"] - facts["received"]).total_seconds()))
    return facts


def judge(token):
    """When a cookie that came in was signed, or why it was refused."""
    serializer = app.session_interface.get_signing_serializer(app)
    lifetime = int(app.permanent_session_lifetime.total_seconds())
    try:
        return {"received": serializer.loads(token, max_age=lifetime, return_timestamp=True)[1]}
    except BadData as error:
        return {"refusal": type(error).__name__}


def explain(name, token, attributes, size):
    payload, timestamp, signature = token.rsplit(".", 2)
    interface = app.session_interface
    text = interface.serializer.dumps(interface.get_signing_serializer(app).loads(token))
    expires = re.search("Expires=([^;]+)", attributes)
    limit = app.config["MAX_COOKIE_SIZE"] or 4093
    lengths = {"payload": len(payload), "timestamp": len(timestamp), "signature": len(signature)}
    lengths["rest"] = size - sum(lengths.values())
    return {
        "name": name,
        "payload": payload,
        "timestamp": timestamp,
        "signature": signature,
        "attributes": attributes,
        "lengths": lengths,
        "json": mark_tags(json.dumps(json.loads(text), indent=2, ensure_ascii=False)),
        "json_bytes": len(text.encode()),
        "is_compressed": payload.startswith("."),
        "note": NOTE,
        "signed_at": datetime.fromtimestamp(int.from_bytes(base64_decode(timestamp), "big"), timezone.utc),
        "expires": expires and expires[1],
        "days": app.permanent_session_lifetime / timedelta(days=1),
        "size": size,
        "limit": limit,
    }


TAGS = {'" d"': "datetime", '" t"': "tuple", '" u"': "UUID", '" m"': "Markup", '" b"': "bytes", '" di"': "dict"}


def mark_tags(text):
    """JSON with the keys of Flask's tags marked."""
    parts = re.split('(" (?:di|[bdmtu])"(?=: ))', text)
    marked = (Markup('<mark title="{}">{}</mark>').format(TAGS[part], part) if part in TAGS else escape(part) for part in parts)
    return Markup("").join(marked)


def settings():
    """Flask's keys: what is in force, and who says so."""
    rows = []
    for key in READERS:
        if key not in app.config and key not in CONFIG:
            shown = f"not known to Flask {version('flask')}"
        elif key == "SECRET_KEY":
            shown = f"{len(app.config[key].encode())} bytes"
        elif key == "SECRET_KEY_FALLBACKS":
            shown = f"{len(app.config[key] or [])} keys"
        else:
            shown = repr(app.config[key])
        rows.append((Markup("_<wbr>").join(key.split("_")), shown, "config" if key in CONFIG else "default"))
    return rows


if __name__ == "__main__":
    if CONFIG["SECRET_KEY"] == DEMO_SECRET_KEY:
        print("SECRET_KEY is not set: the cookies are signed with the published key of the demo", file=sys.stderr)
    app.run(host=HOST, port=FLASK_PORT)
