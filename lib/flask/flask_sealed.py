"""Sealed sessions of fastify-secure-cookie-session, read and written by Flask. Needs PyNaCl.

    app.session_interface = SealedSessionInterface()

It signs with SHA-512, as the plugin does unless it is told otherwise.
"""

import hashlib
import hmac

from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, SignatureExpired, TimestampSigner, base64_decode, base64_encode, want_bytes
from nacl.secret import SecretBox


class SealedSerializer:
    def __init__(self, keys, salt, json, **signing):
        self.json = json
        self.keys = [(TimestampSigner(key, salt=salt, **signing), box_of(key, salt)) for key in keys]

    def dumps(self, data):
        text = self.json.dumps(data).encode()
        signer, box = self.keys[0]
        padded = text.ljust(-(-len(text) // 32) * 32)  # so that the length tells little
        return signer.sign(base64_encode(box.encrypt(padded))).decode()

    def loads(self, token, max_age=None, return_timestamp=False):
        for signer, box in self.keys:
            try:
                payload, signed_at = signer.unsign(token, max_age, return_timestamp=True)
                data = self.json.loads(box.decrypt(base64_decode(payload)).decode())
                return (data, signed_at) if return_timestamp else data
            except SignatureExpired:
                raise
            except BadSignature:
                continue
            except Exception as error:
                raise BadSignature("The payload could not be opened") from error
        raise BadSignature("Signature does not match")


def box_of(key, salt):
    return SecretBox(hmac.digest(want_bytes(key), b"\0box\0" + salt, "sha512")[:32])


class SealedSessionInterface(SecureCookieSessionInterface):
    digest_method = staticmethod(hashlib.sha512)

    def get_signing_serializer(self, app):
        if not app.secret_key:
            return None
        keys = [app.secret_key, *reversed(app.config.get("SECRET_KEY_FALLBACKS") or [])]
        signing = {"key_derivation": self.key_derivation, "digest_method": self.digest_method}
        return SealedSerializer(keys, want_bytes(self.salt) + b".sealed", self.serializer, **signing)
