"""Makes Flask keep the limits of fastify-secure-cookie-session: app.session_interface = LimitedSessionInterface()

Settings, all in seconds: SESSION_ABSOLUTE_LIFETIME, SESSION_REFRESH_AFTER, and session["_lifetime"] of one session.

It signs as stock Flask does, with SHA-1: set digestMethod: 'sha1' in the plugin, or app.session_interface.digest_method = hashlib.sha512.
"""

import time
from datetime import datetime, timezone

from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature

BOOK = {"_created", "_lifetime", "_sid"}


class LimitedSessionInterface(SecureCookieSessionInterface):
    def open_session(self, app, request):
        signing = self.get_signing_serializer(app)
        cookie = request.cookies.get(self.get_cookie_name(app))
        if signing is None or not cookie:
            return super().open_session(app, request)
        try:
            data, signed = signing.loads(cookie, max_age=longest(app), return_timestamp=True)
        except BadSignature:
            return self.session_class()
        now, signed_at = int(time.time()), int(signed.timestamp())
        lacks_created = type(data.get("_created")) is not int
        created = signed_at if lacks_created else data["_created"]
        absolute = app.config.get("SESSION_ABSOLUTE_LIFETIME")
        if (absolute is not None and now - created > absolute) or now - signed_at > lifetime_of(app, data):
            return self.session_class()
        if absolute is not None:
            data["_created"] = created
        session = self.session_class(data)
        session.signed_at = None if absolute is not None and lacks_created else signed_at
        return session

    def should_set_cookie(self, app, session):
        signed_at = getattr(session, "signed_at", None)
        if session.modified or signed_at is None or not super().should_set_cookie(app, session):
            return super().should_set_cookie(app, session)
        due = min(app.config.get("SESSION_REFRESH_AFTER", 0), lifetime_of(app, session) / 2)
        return max(0, int(time.time()) - signed_at) >= due

    def get_expiration_time(self, app, session):
        if not session.permanent:
            return None
        now, absolute = int(time.time()), app.config.get("SESSION_ABSOLUTE_LIFETIME")
        ends = [now + lifetime_of(app, session)]
        if absolute is not None:
            ends.append(dict.get(session, "_created", now) + absolute)
        return datetime.fromtimestamp(min(ends), timezone.utc)

    def save_session(self, app, session, response):
        if session.modified and not dict.keys(session) - BOOK:
            session.clear()
        elif session.modified and app.config.get("SESSION_ABSOLUTE_LIFETIME") is not None and "_created" not in session:
            session["_created"] = int(time.time())
        super().save_session(app, session, response)


def longest(app):
    return int(app.permanent_session_lifetime.total_seconds())


def lifetime_of(app, session):
    # dict.get, since the session would note an access.
    own = dict.get(session, "_lifetime")
    return min(own, longest(app)) if type(own) is int and own >= 1 else longest(app)
