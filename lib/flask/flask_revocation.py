"""Makes Flask refuse the sessions that fastify-secure-cookie-session has ended: app.session_interface = RevokedSessionInterface()

Settings: REVOCATION_REDIS, the URL of the Redis with the ended sessions; REVOCATION_PREFIX, if it is not "session:".

It signs as stock Flask does, with SHA-1: set digestMethod: 'sha1' in the plugin, or app.session_interface.digest_method = hashlib.sha512.
"""

import json
from functools import lru_cache
from hashlib import sha256

from flask.sessions import SecureCookieSessionInterface
from itsdangerous import base64_decode, base64_encode
from redis import Redis

connect = lru_cache(Redis.from_url)


class RevokedSessionInterface(SecureCookieSessionInterface):
    def user(self, session):
        return dict.get(session, "user_id", "")  # what the option revocation.user returns; dict.get notes no access

    def open_session(self, app, request):
        session = super().open_session(app, request)
        if not session:
            return session
        cookie = request.cookies[self.get_cookie_name(app)]
        _, signed = self.get_signing_serializer(app).loads(cookie, return_timestamp=True)
        # Flask takes a signature in many spellings, such as with padding. The id is that of the one that is written.
        signed_part, _, signature = cookie.encode().rpartition(b".")
        spelling = signed_part + b"." + base64_encode(base64_decode(signature))
        derived = base64_encode(sha256(spelling).digest()[:16]).decode()
        sid, began = dict.get(session, "_sid", derived), dict.get(session, "_created", int(signed.timestamp()))
        prefix = app.config.get("REVOCATION_PREFIX", "session:")
        user = str(self.user(session)).replace("%", "%25").replace(":", "%3A")
        ended, record = connect(app.config["REVOCATION_REDIS"]).mget(f"{prefix}ended:{sid}", f"{prefix}since:{user}")
        record = json.loads(record or '{"since": -1}')
        if ended or (began <= record["since"] and sid not in record["except"]):
            return self.session_class()
        dict.update(session, _sid=sid, _created=began)  # all copies that are signed from now on end together
        return session
