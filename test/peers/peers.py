"""Real Starlette, Django, Flask-Login and Flask-WTF that answer questions on a pipe, for the tests in this folder.

One JSON object a line comes in on stdin, one goes out on stdout, as in ../flask/peer.py, whose typed JSON and clock
are used here. The operations are the functions marked @operation; peers.ts has their types.
"""

from __future__ import annotations

import asyncio
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "flask"))

from peer import clock, decode, encode, operation, serve  # noqa: E402


def change(session, asked):
    """What the view of each framework does to its session: replaces all data, or some keys."""
    if "replace" in asked:
        session.clear()
    for name in ("replace", "update"):
        if name in asked:
            session.update(decode(asked[name]))


# -- Starlette

def middleware(asked):
    from starlette.middleware.sessions import SessionMiddleware

    seen = {}

    async def view(scope, receive, send):
        session = scope["session"]
        seen["session"] = encode(session)
        change(session, asked)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return SessionMiddleware(view, secret_key=asked["secretKey"], **asked.get("options", {})), seen


@operation
def starlette_version(asked):
    import starlette

    return starlette.__version__


@operation
def starlette(asked):
    app, seen = middleware(asked)
    messages = []
    headers = [(b"host", b"localhost")]
    if asked.get("cookie") is not None:
        headers.append((b"cookie", asked["cookie"].encode("latin-1")))

    async def send(message):
        messages.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    clock.now = asked["now"]
    try:
        asyncio.run(app(scope, None, send))
    finally:
        clock.now = None
    return {
        "session": seen["session"],
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in messages[0]["headers"]],
    }


# -- Django

def configured():
    from django.conf import settings

    if not settings.configured:
        import django
        import django.contrib.sessions.middleware
        import django.core.signing

        settings.configure(
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
            SESSION_SERIALIZER="django.contrib.sessions.serializers.JSONSerializer",
            INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            ALLOWED_HOSTS=["*"],
            USE_TZ=True,
        )
        django.setup()
        django.core.signing.time = clock
        django.contrib.sessions.middleware.time = clock
    return settings


@operation
def django_version(asked):
    import django

    return django.__version__


@operation
def django(asked):
    settings = configured()
    from django.contrib.sessions.middleware import SessionMiddleware
    from django.http import HttpResponse
    from django.test import RequestFactory

    settings.SECRET_KEY = asked["secretKey"]
    for name, value in asked.get("options", {}).items():
        setattr(settings, name, value)
    seen = {}

    def view(request):
        session = request.session
        seen["session"] = encode(dict(session.items()))
        change(session, asked)
        if asked.get("login"):
            log_in(request, asked["login"])
        if asked.get("logout"):
            session.flush()
        if "expiry" in asked:
            session.set_expiry(asked["expiry"])
        if asked.get("who"):
            from django.contrib.auth import get_user

            seen["who"] = get_user(request).get_username()
        return HttpResponse("")

    headers = {"HTTP_COOKIE": asked["cookie"]} if asked.get("cookie") is not None else {}
    clock.now = asked["now"]
    try:
        response = SessionMiddleware(view)(RequestFactory().get("/", **headers))
    finally:
        clock.now = None
    return {
        **seen,
        "headers": [["Set-Cookie", morsel.OutputString()] for morsel in response.cookies.values()],
    }


def log_in(request, name):
    """A login with a user table, as Django has it."""
    from django.contrib.auth import get_user_model, login, user_logged_in
    from django.contrib.auth.models import update_last_login
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    user_logged_in.disconnect(update_last_login, dispatch_uid="update_last_login")
    user, _ = get_user_model().objects.get_or_create(username=name)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")


# -- Flask with Flask-Login and Flask-WTF

@operation
def plugin_versions(asked):
    from importlib.metadata import version

    return {name: version(name) for name in ("flask", "flask-login", "flask-wtf")}


apps = {}


@operation
def flask_app(asked):
    """An application whose routes are the recipes' other side."""
    import flask
    import flask_login
    import flask_wtf.csrf

    app = flask.Flask("recipes", static_folder=None)
    app.config.update(asked["config"])
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", False)
    csrf = flask_wtf.csrf.CSRFProtect(app)
    manager = flask_login.LoginManager(app)

    class User(flask_login.UserMixin):
        def __init__(self, user_id):
            self.id = user_id

    manager.user_loader(User)

    @app.get("/login/<user_id>")
    def login(user_id):
        flask_login.login_user(User(user_id), remember="remember" in flask.request.args)
        return "in"

    @app.get("/logout")
    def logout():
        flask_login.logout_user()
        return "out"

    @app.get("/me")
    def me():
        user = flask_login.current_user
        return {"user": user.get_id(), "fresh": flask_login.login_fresh()}

    @app.get("/fresh")
    @flask_login.fresh_login_required
    def fresh():
        return "fresh"

    @app.get("/token")
    def token():
        return flask_wtf.csrf.generate_csrf()

    @app.post("/form")
    def form():
        csrf.protect()
        return "right"

    @app.get("/flash/<message>")
    def flash(message):
        flask.flash(message)
        flask.flash("second", "warning")
        return "flashed"

    @app.get("/flashes")
    def flashes():
        return flask.jsonify(flask.get_flashed_messages(with_categories=True))

    apps["flask"] = app


@operation
def flask_request(asked):
    """A request with exactly these headers, from 127.0.0.1."""
    import werkzeug.test

    environ = werkzeug.test.EnvironBuilder(
        asked["path"], method="POST" if "form" in asked else "GET", data=asked.get("form"),
    ).get_environ()
    environ["REMOTE_ADDR"] = "127.0.0.1"
    environ.pop("HTTP_USER_AGENT", None)
    for name, value in asked.get("headers", {}).items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    clock.now = asked["now"]
    try:
        body, status, headers = werkzeug.test.run_wsgi_app(apps["flask"], environ, buffered=True)
        text = b"".join(body).decode()
    finally:
        clock.now = None
    return {"status": int(status[:3]), "body": text, "headers": [list(header) for header in headers]}


# -- Quart

@operation
def quart(asked):
    import quart

    app = quart.Quart("peer", static_folder=None)
    app.secret_key = asked["secretKey"]
    seen = {}

    @app.get("/")
    async def view():
        seen["session"] = encode(dict(quart.session))
        change(quart.session, asked)
        return ""

    async def visit():
        headers = {"Cookie": asked["cookie"]} if asked.get("cookie") is not None else {}
        return await app.test_client(use_cookies=False).get("/", headers=headers)

    clock.now = asked["now"]
    try:
        response = asyncio.run(visit())
    finally:
        clock.now = None
    return {**seen, "headers": [list(header) for header in response.headers.items()]}


if __name__ == "__main__":
    serve()
