"""Hostile Cookie headers, and what real Flasks make of them.

    python3 test/campaigns/hostile/make_corpus.py /usr/bin/python3 python3

runs itself under each of the Pythons (Flask 2.2 to 3.1) and writes corpus.json beside it. What several versions agree on
stands there once; "by" lists the versions, as indices of "madeBy". Values are in the typed JSON of test/flask/peer.py,
which also runs Flask. corpus.ts has the types.

Everything here may be signed with the right key: what an application gets that shares a key with another one, that was
rolled back, or whose key has leaked.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import subprocess
import sys
import zlib
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "flask"))

NOW = 1_700_000_000  # 2023-11-14 22:13:20 UTC
LIFETIME = 31 * 24 * 3600
KEY = "the secret key of the hostile corpus"
OLD_KEY = "the key before that, of the corpus"
OLDEST_KEY = "the first key of all, of the corpus"
FOREIGN_KEY = "the secret key of somebody else"
LONG_KEY = "longer than any block of a digest " * 5
DIGESTS = ("sha1", "sha256", "sha384", "sha512")
VICTIM = b'{"user":"victim"}'
MALLORY = b'{"user":"mallory"}'

# The applications. All but "fallbacks" work in every version of Flask.
APPS = {
    **{digest: {"config": {"SECRET_KEY": KEY}, "digest": digest} for digest in DIGESTS},
    "rotated": {"config": {"SECRET_KEY": KEY, "SECRET_KEY_FALLBACKS": [OLDEST_KEY, OLD_KEY]}, "digest": "sha1"},
    "long key": {"config": {"SECRET_KEY": LONG_KEY}, "digest": "sha1"},
    "other salt": {"config": {"SECRET_KEY": KEY}, "digest": "sha1", "salt": "another-salt"},
    "other derivation": {"config": {"SECRET_KEY": KEY}, "digest": "sha1", "keyDerivation": "django-concat"},
    "other name": {"config": {"SECRET_KEY": KEY, "SESSION_COOKIE_NAME": "sid"}, "digest": "sha1"},
    "host prefix": {"config": {"SECRET_KEY": KEY, "SESSION_COOKIE_NAME": "__Host-session", "SESSION_COOKIE_SECURE": True}, "digest": "sha1"},
    "short life": {"config": {"SECRET_KEY": KEY, "PERMANENT_SESSION_LIFETIME": 0}, "digest": "sha1"},
    "no key": {"config": {"SECRET_KEY": None}, "digest": "sha1"},
}
# Only since Flask 3.1.
NEEDS_FALLBACKS = {"rotated"}


# -- making cookies

def base64(content):
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def stamp(seconds):
    return base64(seconds.to_bytes((seconds.bit_length() + 7) // 8, "big"))


def derive(key, salt, digest, derivation="hmac"):
    function = getattr(hashlib, digest)
    key, salt = key if isinstance(key, bytes) else key.encode(), salt.encode()
    if derivation == "hmac":
        return hmac.new(key, salt, function).digest()
    if derivation == "django-concat":
        return function(salt + b"signer" + key).digest()
    if derivation == "concat":
        return function(salt + key).digest()
    return key


def sign(text, digest="sha1", key=KEY, salt="cookie-session", derivation="hmac", encode=base64):
    """Rightly signed text, whatever it is."""
    content = text if isinstance(text, bytes) else text.encode("latin-1")
    mac = hmac.new(derive(key, salt, digest, derivation), content, getattr(hashlib, digest)).digest()
    return content.decode("latin-1") + "." + encode(mac)


def token(payload=VICTIM, now=NOW, **options):
    """What Flask would write for this JSON, or other bytes."""
    return sign(base64(payload) + "." + stamp(now), **options)


def packed(payload, level=9, **options):
    return sign("." + base64(zlib.compress(payload, level)) + "." + stamp(NOW), **options)


def header(value, name="session"):
    return f"{name}={value}"


# -- the groups: (name, app, Cookie header)

def structure():
    good = token()
    payload, when, mac = good.split(".")
    values = {
        "nothing": "", "a dot": ".", "two dots": "..", "three dots": "...", "ten dots": "." * 10, "a letter": "a", "letter and dot": "a.",
        "dot and letter": ".a", "a.b": "a.b", "a.b.c": "a.b.c", "a.b.c.d": "a.b.c.d", "payload alone": payload, "payload and dot": payload + ".",
        "payload and time": f"{payload}.{when}", "payload, time and dot": f"{payload}.{when}.", "no time": f"{payload}.{mac}",
        "empty time": f"{payload}..{mac}", "no payload": f".{when}.{mac}", "signature alone": mac, "time and signature": f"{when}.{mac}",
        "order reversed": f"{mac}.{when}.{payload}", "time and payload exchanged": f"{when}.{payload}.{mac}", "leading dot": "." + good,
        "trailing dot": good + ".", "twice": good + good, "twice with a dot": f"{good}.{good}", "signature twice": f"{good}.{mac}",
        "time twice": f"{payload}.{when}.{when}.{mac}", "payload twice": f"{payload}.{payload}.{when}.{mac}", "in capitals": good.upper(),
        "in small letters": good.lower(), "one letter less": good[:-1], "first letter less": good[1:], "colons for dots": good.replace(".", ":"),
        "percent-encoded dots": good.replace(".", "%2E"), "all percent-encoded": "".join(f"%{ord(c):02X}" for c in good),
        "a plus": "+", "an equals sign": "=", "equals signs": "====", "equals sign before": "=" + good, "equals sign behind": good + "=",
        "JSON": VICTIM.decode(), "JSON in base64": b64encode(VICTIM).decode(), "null": "null", "undefined": "undefined", "true": "true",
        "deleted": "deleted", "[object Object]": "[object Object]", "a space": "%20", "percent": "%", "bad percent": "%zz", "percent NUL": "%00",
        "percent CR LF": "%0d%0aSet-Cookie: session=x", "bytes above ASCII": "\xff\xfe\x80", "UTF-8": "grüße".encode().decode("latin-1"),
        "unsigned JWT": "eyJhbGciOiJub25lIn0." + payload + ".",
        "connect's signed cookie": "s%3A" + payload + "." + mac, "Django's signed cookie": f"{payload}:{when}:{mac}",
        "a pickle": base64(b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94."),
        "a PHP object": 'O:8:"stdClass":1:{s:4:"user";s:6:"victim";}', "an iron-session seal": "Fe26.2**" + "a" * 64 + "*b*c*1700000000*d*e",
        "__proto__": "__proto__", "constructor": "constructor", "a script": "<script>alert(1)</script>", "a path": "../../etc/passwd",
        "format string": "%s%s%n{0}${x}", "tab inside": payload + "\t." + when + "." + mac, "space inside": payload + " ." + when + "." + mac,
        "quoted": f'"{good}"', "half quoted": f'"{good}', "apostrophes": f"'{good}'", "in brackets": f"[{good}]", "comma": f"{good},{good}",
        "signature of nothing": sign("").lstrip("."), "signed nothing": sign(""), "signed dot": sign("."), "signed two dots": sign(".."),
        "signed letter": sign("a"), "signed text without time": sign(payload), "signed without payload": sign("." + when),
        "signed with an empty time": sign(payload + "."), "signed with two times": sign(f"{payload}.{when}.{when}"),
        "signed twice": sign(good), "signed three times": sign(sign(good)), "signed with a leading dot": sign(f".{payload}.{when}"),
        "signed with two leading dots": sign(f"..{payload}.{when}"), "signed with a dot in the payload": sign(f"{payload[:4]}.{payload[4:]}.{when}"),
        "signed over the header": sign(f"session={payload}.{when}"),
    }
    for name, value in values.items():
        yield name, "sha1", header(value)
    yield "no cookie", "sha1", "other=1"
    yield "empty header", "sha1", ""
    yield "good", "sha1", header(good)
    yield "good, without a key here", "no key", header(good)


def malleability():
    """One signature has one spelling. Everything behind "good" is another spelling of a right signature, or nearly one."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for digest in DIGESTS:
        # a signature with - or _ in it, so that + and / are another spelling
        for number in range(1000):
            good = token(b'{"user":"victim","n":%d}' % number, digest=digest)
            body, mac = good.rsplit(".", 1)
            if "-" in mac and "_" in mac:
                break
        spellings = {
            "good": mac, "plus and slash": mac.replace("-", "+").replace("_", "/"), "plus": mac.replace("-", "+"), "slash": mac.replace("_", "/"),
            "one =": mac + "=", "two =": mac + "==", "three =": mac + "===", "ten =": mac + "=" * 10, "= and letters": mac + "=abcd",
            "= and a signature": f"{mac}={mac}", "== and junk": mac + "==!!!", "leading =": "=" + mac, "four leading =": "====" + mac,
            "inner =": mac[:10] + "=" + mac[10:], "inner ====": mac[:8] + "====" + mac[8:], "longer by A": mac + "A", "longer by AA": mac + "AA",
            "longer by AAAA": mac + "AAAA", "shorter by 1": mac[:-1], "shorter by 2": mac[:-2], "shorter by 4": mac[:-4], "empty": "",
            "leading A": "A" + mac, "swapped case": mac.swapcase(), "twice": mac + mac, "leading newline %0A": "%0A" + mac,
            "percent-encoded": "".join(f"%{ord(c):02X}" for c in mac), "last letter percent-encoded": f"{mac[:-1]}%{ord(mac[-1]):02X}",
            "percent %3D": mac + "%3D", "U+016F in UTF-8": mac[:-1] + "\xc5\xaf", "U+016F percent-encoded": mac[:-1] + "%C5%AF",
            "full-width letter": mac[:-1] + "\xef\xbd\x81", "hexadecimal": hmac.new(b"", b"", "sha1").hexdigest(),
            "quoted": f'"{mac}"', "octal escape": f'"{mac}\\075"', "trailing dot": mac + ".", "trailing space and junk": mac + " !",
            "ASCII 0x1c": mac + "\x1c\x1c", "DEL": mac + "\x7f\x7f",
        }
        for junk, name in (("!", "!"), ("\0", "NUL"), (" ", "space"), ("\xe9", "byte E9"), ("~", "~"), ("%", "%"), ("\\", "backslash"), ("*", "*")):
            for count in (1, 2, 3, 4, 5, 8):
                if junk != "!" and count in (1, 5, 8):
                    continue
                spellings[f"{count} {name} behind"] = mac + junk * count
                spellings[f"{count} {name} before"] = junk * count + mac
                spellings[f"{count} {name} inside"] = mac[:7] + junk * count + mac[7:]
        for letter in letters:
            if letter != mac[-1]:
                spellings[f"last letter {letter}"] = mac[:-1] + letter
        for name, spelling in spellings.items():
            yield f"{digest}: {name}", digest, header(f"{body}.{spelling}")
    # Only who has the key can do this: payload and time are signed as text.
    payload, when = base64(VICTIM), stamp(NOW)
    texts = {
        "payload with =": f"{payload}=.{when}", "payload with ==": f"{payload}==.{when}", "payload with junk": f"{payload}!!!.{when}",
        "payload with inner junk": f"{payload[:4]}!!{payload[4:]}.{when}", "payload with a space": f"{payload[:4]} {payload[4:]}.{when}",
        "payload with spare bits": f"{payload[:-1]}{chr(ord(payload[-1]) + 1)}.{when}",
        "payload in base64": f"eyJhIjoiPz8/Pj4+In0=.{when}",
        "time with =": f"{payload}.{when}=", "time with ==": f"{payload}.{when}==", "time with junk": f"{payload}.{when}!!!!",
        "time with inner junk": f"{payload}.{when[:2]}!!{when[2:]}", "time with spare bits": f"{payload}.{when[:-1]}{chr(ord(when[-1]) + 1)}",
        "time with leading zero byte": f"{payload}.{base64(bytes(1) + NOW.to_bytes(4, 'big'))}", "percent-encoded payload": f"%65{payload[1:]}.{when}",
    }
    for name, text in texts.items():
        yield f"signed text: {name}", "sha1", header(sign(text))


def timestamps():
    times = {
        "now": 0, "one second ago": 1, "the whole lifetime ago": LIFETIME, "a second too old": LIFETIME + 1, "a year ago": 365 * 86400,
        "1 second ahead": -1, "5 seconds ahead": -5, "6 seconds ahead": -6, "an hour ahead": -3600, "a year ahead": -365 * 86400,
    }
    for name, age in times.items():
        yield name, "sha1", header(token(now=NOW - age))
        yield f"{name}, forged", "sha1", header(token(now=NOW - age, key=FOREIGN_KEY))
    for name, age in {"lifetime 0: now": 0, "lifetime 0: a second ago": 1, "lifetime 0: a second ahead": -1}.items():
        yield name, "short life", header(token(now=NOW - age))
    absolute = {
        "zero byte": b"\0", "1970": b"\1", "leading zero bytes": bytes(4) + NOW.to_bytes(4, "big"), "the last second of 9999": (253402300799).to_bytes(5, "big"),
        "year 10000": (253402300800).to_bytes(5, "big"), "milliseconds": (NOW * 1000).to_bytes(6, "big"), "nanoseconds": (NOW * 10**9).to_bytes(8, "big"),
        "2^31": (2**31).to_bytes(4, "big"), "2^32 - 1": (2**32 - 1).to_bytes(4, "big"), "2^32": (2**32).to_bytes(5, "big"),
        "2^53": (2**53).to_bytes(7, "big"), "2^53 + 1": (2**53 + 1).to_bytes(7, "big"), "2^63": (2**63).to_bytes(8, "big"), "2^64 - 1": b"\xff" * 8,
        "9 bytes": bytes(5) + NOW.to_bytes(4, "big"), "9 bytes FF": b"\xff" * 9, "100 bytes": b"\xff" * 100, "nothing": b"",
        "itsdangerous 0.24's epoch": (NOW - 1293840000).to_bytes(4, "big"), "little endian": NOW.to_bytes(4, "little"), "minus one": b"\xff" * 4,
    }
    for name, content in absolute.items():
        text = f"{base64(VICTIM)}.{base64(content)}"
        yield f"as bytes: {name}", "sha1", header(sign(text))
        yield f"as bytes: {name}, forged", "sha1", header(sign(text, key=FOREIGN_KEY))
    for name, when in {"decimal": str(NOW), "one letter": "A", "not base64": "!!!!", "NaN": "NaN", "minus": "-1", "percent": "%5A", "above ASCII": "\xe9\xe9"}.items():
        yield f"as text: {name}", "sha1", header(sign(f"{base64(VICTIM)}.{when}"))


def compression():
    text = b'{"user":"victim","pad":"' + b"x" * 400 + b'"}'
    stream = zlib.compress(text)
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    with_dictionary = zlib.compressobj(9, zlib.DEFLATED, 15, 8, 0, b"victim")
    flushed = zlib.compressobj()
    streams = {
        "good": stream, "level 0": zlib.compress(text, 0), "level 1": zlib.compress(text, 1), "raw deflate": raw.compress(text) + raw.flush(),
        "gzip": gzip.compress(text, mtime=0), "a preset dictionary": with_dictionary.compress(text) + with_dictionary.flush(),
        "bad adler": stream[:-1] + bytes([stream[-1] ^ 1]), "no adler": stream[:-4], "cut in the middle": stream[: len(stream) // 2], "header alone": stream[:2],
        "first byte alone": stream[:1], "no end": flushed.compress(text) + flushed.flush(zlib.Z_SYNC_FLUSH), "nothing": b"", "a byte behind": stream + b"\0",
        "a second stream behind": stream + zlib.compress(MALLORY), "JSON behind": stream + VICTIM, "twice": zlib.compress(stream), "bad method": b"\x79" + stream[1:],
        "bad check of the header": stream[:1] + b"\x00" + stream[2:], "a bit turned": stream[:10] + bytes([stream[10] ^ 8]) + stream[11:],
        "window too large": b"\x88\x1c" + stream[2:], "bad block type": b"\x78\x9c\x07\x00", "stored block with bad length": b"\x78\x9c\x01\x05\x00\x00\x00hello",
        "distance too far": b"\x78\x9c\x4b\x04\x41\x00\x00", "not zlib": b"hello", "zeros": bytes(64), "plain JSON": text, "compressed nothing": zlib.compress(b""),
        "compressed null": zlib.compress(b"null"), "compressed bad UTF-8": zlib.compress(b'{"a":"\xff"}'), "compressed no JSON": zlib.compress(b"{'a':1}"),
        "small": zlib.compress(VICTIM), "empty dict": zlib.compress(b"{}"), "brotli": b"\x0b\x02\x80{}\x03", "zstd": b"\x28\xb5\x2f\xfd\x20\x02\x11\x00\x00{}",
        "a window of 256 bytes": b"\x08\x1d" + zlib.compress(text, 0)[2:],
    }
    for name, content in streams.items():
        yield name, "sha1", header(sign(f".{base64(content)}.{stamp(NOW)}"))
    yield "good, forged", "sha1", header(packed(text, key=FOREIGN_KEY))
    yield "compressed without its dot", "sha1", header(sign(f"{base64(stream)}.{stamp(NOW)}"))
    yield "a second dot", "sha1", header(sign(f"..{base64(stream)}.{stamp(NOW)}"))
    yield "base64 with =", "sha1", header(sign(f".{base64(stream)}=.{stamp(NOW)}"))
    yield "base64 with junk", "sha1", header(sign(f".{base64(stream)}!!!!.{stamp(NOW)}"))


def utf8():
    contents = {
        "good": "é €😀".encode(), "lone byte": b"\xff", "continuation alone": b"\x80", "cut": b"\xe2\x82", "overlong slash": b"\xc0\xaf",
        "overlong NUL": b"\xc0\x80", "overlong in three": b"\xe0\x80\xaf", "surrogate": b"\xed\xa0\x80", "surrogate pair (CESU-8)": b"\xed\xa0\xbd\xed\xb8\x80",
        "past U+10FFFF": b"\xf4\x90\x80\x80", "five bytes": b"\xf8\x88\x80\x80\x80", "latin-1": b"\xe9", "NUL escaped": b"\\u0000", "DEL": b"\x7f",
        "U+2028": b"\xe2\x80\xa8", "U+FEFF inside": b"\xef\xbb\xbf", "U+FFFE": b"\xef\xbf\xbe", "U+FFFD": b"\xef\xbf\xbd", "U+0085": b"\xc2\x85",
    }
    for name, content in contents.items():
        yield f"in a string: {name}", "sha1", header(token(b'{"user":"' + content + b'"}'))
        yield f"in a key: {name}", "sha1", header(token(b'{"' + content + b'":1}'))
    for name, content in {
        "BOM before": b"\xef\xbb\xbf" + VICTIM, "UTF-16 LE": VICTIM.decode().encode("utf-16-le"), "UTF-16 BE": VICTIM.decode().encode("utf-16-be"),
        "UTF-16 with BOM": VICTIM.decode().encode("utf-16"), "UTF-32": VICTIM.decode().encode("utf-32-le"), "UTF-7": b"+AHsAfQ-",
        "bad byte behind": VICTIM + b"\xff", "bad byte before": b"\xff" + VICTIM, "NUL behind": VICTIM + b"\0", "NUL before": b"\0" + VICTIM,
    }.items():
        yield name, "sha1", header(token(content))


def json_texts():
    values = {
        "NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity", "+Infinity": "+Infinity", "nan": "nan", "-NaN": "-NaN", "Inf": "Inf", "1e400": "1e400", "-1e400": "-1e400",
        "1e-400": "1e-400", "1E5": "1E5", "1e5": "1e5", "-0": "-0", "-0.0": "-0.0", "0.0": "0.0", "1.0": "1.0", "1.50": "1.50", "2^53 - 1": str(2**53 - 1), "2^53": str(2**53),
        "2^53 + 1": str(2**53 + 1), "-2^53 - 1": str(-(2**53) - 1), "2^63": str(2**63), "2^64": str(2**64), "2^53 + 1 as a float": "9007199254740993.0",
        "10^308": "1" + "0" * 308, "10^309": "1" + "0" * 309, "-10^400": "-1" + "0" * 400, "10^309 beside a float": "[1.0,1" + "0" * 309 + "]", "10^309 as a float": "1" + "0" * 309 + ".0",
        "10^4299 (4300 digits)": ["1", ["0", 4299]], "10^4300 (4301 digits)": ["1", ["0", 4300]], "10^20000": ["1", ["0", 20000]], "a float of 5000 digits": ["0.", ["1", 5000]],
        "01": "01", "+1": "+1", ".5": ".5", "1.": "1.", "1e": "1e", "0x10": "0x10", "1_000": "1_000", "1n": "1n", "--1": "--1", "1 2": "1 2", "full-width digit": "\uff11",
        "Arabic digit": "\u0661", "True": "True", "None": "None", "undefined": "undefined", "TRUE": "TRUE", "single quotes": "'a'", "no quotes": "a",
        "trailing comma in a list": "[1,]", "leading comma in a list": "[,1]", "hole": "[1,,2]", "trailing comma in a dict": '{"a":1,}', "comment": "1/* */", "line comment": "1//\n",
        "unclosed list": "[1", "unclosed string": '"a', "closed twice": "[1]]", "colon missing": '{"a" 1}', "key without quotes": "{a:1}", "key that is a number": "{1:1}",
        "key that is null": "{null:1}", "nothing": "", "raw newline in a string": '"a\nb"', "raw tab in a string": '"a\tb"', "raw U+001F in a string": '"\x1f"',
        "raw NUL in a string": '"\0"', "escape \\x": '"\\x41"', "escape \\'": '"\\\'"', "escape \\u12": '"\\u12"', "escape \\u{41}": '"\\u{41}"', "escape \\u 041": '"\\u 041"',
        "escape \\u+041": '"\\u+041"', "escape \\u0x41": '"\\u0x41"', "escape \\/": '"\\/"', "escape \\": '"\\', "escapes": '"\\"\\\\\\b\\f\\n\\r\\t"', "NUL escaped": '"\\u0000"',
        "lone high surrogate": '"\\ud800"', "lone low surrogate": '"\\udc00"', "reversed surrogates": '"\\udc00\\ud800"', "surrogate pair": '"\\ud83d\\ude00"', "half a pair and text": '"\\ud83dx"',
        "same key twice": '{"a":1,"b":2,"a":3}', "key twice, once escaped": '{"a":1,"\\u0061":2}', "empty key": '{"":1}', "__proto__": '{"__proto__":{"admin":true}}',
        "__proto__ escaped": '{"\\u005f_proto__":{"admin":true}}', "__proto__ that is null": '{"__proto__":null}', "__proto__ that is a list": '{"__proto__":[]}',
        "__proto__ in __proto__": '{"__proto__":{"__proto__":{"admin":true}}}', "constructor.prototype": '{"constructor":{"prototype":{"admin":true}}}',
        "__defineGetter__": '{"__defineGetter__":1,"__lookupSetter__":2}', "toJSON": '{"toJSON":1}', "then": '{"then":"x"}', "valueOf": '{"valueOf":null,"toString":null}',
        "length": '{"length":4294967295,"0":"a"}', "__html__": '{"__html__":"<b>"}', "Symbol.iterator": '{"Symbol.iterator":1,"@@iterator":2}', "integer keys": '{"10":1,"9":2,"-1":3}',
        "NBSP": "\u00a01", "U+2028": "\u20281", "vertical tab": "\v1", "form feed": "\f1", "BOM": "\ufeff1", "all JSON spaces": " \t\r\n1 \t\r\n",
        "a mark like ours": '"number 00000000-0000-0000-0000-000000000000 1"', "text NaN": '"NaN"', "text with NaN and a float": '["NaN",1.0]', "key NaN": '{"NaN":NaN}',
        "escaped quote before NaN": '["\\"",NaN,"\\\\",Infinity]',
    }
    for name, value in values.items():
        text = "".join(part if isinstance(part, str) else part[0] * part[1] for part in value)
        # long ones compressed: they do not fit into a header otherwise
        make = packed if len(text) > 1000 else token
        yield f"value {name}", "sha1", header(make(b'{"x":' + text.encode() + b"}"))
    for name, text in {
        "two documents": '{"a":1}{"b":2}', "two documents with a newline": '{"a":1}\n{"b":2}', "text behind": '{"a":1}x', "text before": 'x{"a":1}', "XSSI prefix": ")]}'\n{}",
        "spaces around": ' {"a": 1} \n', "NBSP before": "\u00a0{}", "form feed before": "\f{}", "nothing": "", "a space": " ", "unclosed": '{"a":1', "no JSON": "user=victim", "XML": "<a/>",
        "YAML": "user: victim", "Python": "{'user': 'victim'}", "msgpack": "\x81\u00a1a\x01", "a comment": '/* */{"a":1}', "__proto__ at the top": '{"__proto__":{"user":"admin"},"user":"victim"}',
        "members of the session": '{"get":1,"set":2,"has":3,"clear":4,"save":5,"modified":false,"accessed":false,"permanent":true,"size":7,"deleted":true,"constructor":8,"hasOwnProperty":9}',
        "permanent": '{"_permanent":true,"user":"victim"}', "permanent as text": '{"_permanent":"no","user":"victim"}', "permanent null": '{"_permanent":null,"user":"victim"}',
        "permanent as a dict": '{"_permanent":{"valueOf":1,"toString":2},"user":"victim"}', "symbol-like keys": '{"Symbol(secure-session.tracked)":{"x":1}}', "_fresh": '{"_fresh":false,"_id":"x","_user_id":"1"}',
        "private names": '{"#data":1,"tracked":2}', "toString": '{"toString":"x","valueOf":1,"toJSON":"y","inspect":"z","nodejs.util.inspect.custom":1}',
    }.items():
        yield f"text: {name}", "sha1", header(token(text.encode()))


def tags():
    hexadecimal = "0123456789abcdef0123456789abcdef"
    dashed = "01234567-89ab-cdef-0123-456789abcdef"
    anything = {"null": None, "true": True, "a number": 7, "a float": 1.5, "a big int": 2**60, "a string": "ab", "an empty string": "", "a list": [1, "b"], "an empty list": [], "a dict": {"x": 1},
                "an empty dict": {}, "two keys": {"a": 1, "b": 2}, "a tuple": {" t": [1]}, "bytes": {" b": "YQ=="}, "markup": {" m": "<b>"}, "a date": {" d": "Tue, 24 May 2011 00:00:00 GMT"},
                "a uuid": {" u": hexadecimal}, "a dict tag": {" di": {" t__": 1}}, "an unknown tag": {" zz": 1}, "NaN": float("nan"), "__proto__": {"__proto__": {"a": 1}}}
    for tag in (" t", " b", " m", " u", " d", " di"):
        for name, content in anything.items():
            yield f"{tag.strip()}: {name}", "sha1", header(token(json.dumps({"x": {tag: content}}).encode()))
    for tag, contents in {
        " b": {"no padding": "YQ", "half a padding": "YQ=", "too much padding": "YQ====", "base64url": "_-8=", "base64": "/+8=", "spare bits": "YR==", "junk": "!!", "junk behind": "YQ==junk",
               "a newline": "Y\nQ==", "a space": "Y Q==", "above ASCII": "é===", "one letter": "A", "inner padding": "YQ==YQ==", "NUL": "\0\0\0\0"},
        " u": {"with dashes": dashed, "capitals": hexadecimal.upper(), "braces": "{" + dashed + "}", "urn": "urn:uuid:" + dashed, "0x": "0x" + hexadecimal[2:], "plus": "+" + hexadecimal[1:],
               "spaces": " " + hexadecimal[1:], "underscores": hexadecimal[:10] + "_" + hexadecimal[11:], "full-width digits": "\uff10" * 32, "31 digits": hexadecimal[1:], "33 digits": hexadecimal + "0",
               "dashes elsewhere": "0-123456789abcdef0123456789abcde-f", "no hex": "g" * 32, "newline behind": hexadecimal + "\n", "half the dashes": "01234567-89ab-cdef0123456789abcdef"},
        " d": {"good": "Tue, 24 May 2011 00:00:00 GMT", "garbage": "garbage", "ISO": "2011-05-24T00:00:00Z", "wrong weekday": "Mon, 24 May 2011 00:00:00 GMT", "30 February": "Tue, 30 Feb 2011 00:00:00 GMT",
               "hour 24": "Tue, 24 May 2011 24:00:00 GMT", "second 60": "Tue, 24 May 2011 23:59:60 GMT", "zone": "Tue, 24 May 2011 00:00:00 +0200", "zone EST": "Tue, 24 May 2011 00:00:00 EST",
               "no zone": "Tue, 24 May 2011 00:00:00", "RFC 850": "Tuesday, 24-May-11 00:00:00 GMT", "asctime": "Tue May 24 00:00:00 2011", "year 1": "Mon, 01 Jan 0001 00:00:00 GMT",
               "year 0": "Sat, 01 Jan 0000 00:00:00 GMT", "year 10000": "Sat, 01 Jan 10000 00:00:00 GMT", "a number": "5", "small letters": "tue, 24 may 2011 00:00:00 gmt", "spaces": " Tue, 24 May 2011 00:00:00 GMT ",
               "no weekday": "24 May 2011 00:00:00 GMT", "full-width digits": "Tue, \uff12\uff14 May 2011 00:00:00 GMT", "other language": "Di, 24 Mai 2011 00:00:00 GMT", "one digit": "Tue, 3 May 2011 00:00:00 GMT"},
        " di": {"no underscores": {"ab": 1}, "one letter": {"a": 1}, "empty key": {"": 1}, "tag": {" t__": [1]}, "tag of a tag": {" di__": {"x": 1}}, "__proto__": {"__proto____": {"a": 1}}, "two underscores": {"__": 1}, "one underscore": {"_": 1}},
        " t": {"of tuples": [{" t": [{" t": []}]}], "of dates": [{" d": "garbage"}], "sparse": [None] * 3},
        " m": {"a script": "<script>", "NUL": "\0"},
    }.items():
        for name, content in contents.items():
            yield f"{tag.strip()}, {name}", "sha1", header(token(json.dumps({"x": {tag: content}}).encode()))
    for name, value in {
        "two keys, one a tag": {" t": [1], "y": 2}, "no space": {"t": [1]}, "two spaces": {"  t": [1]}, "space behind": {"t ": [1]}, "capital": {" T": [1]}, "tab": {"\tt": [1]}, "unknown": {" zz": 1},
        "space alone": {" ": 1}, "escaped twice": {" di": {" t____": 1}}, "bytes of bytes": {" b": {" b": "WVE9PQ=="}}, "uuid of markup": {" u": {" m": hexadecimal}}, "markup of bytes": {" m": {" b": "YQ=="}},
        "date of markup": {" d": {" m": "Tue, 24 May 2011 00:00:00 GMT"}}, "bytes of markup": {" b": {" m": "YQ=="}}, "tuple of a tuple": {" t": {" t": [1]}}, "dict of a tuple": {" di": {" t": [["ab__", 1]]}},
        "__proto__ as a tag": {"__proto__": [1]}, "constructor as a tag": {"constructor": [1]}, "toString as a tag": {"toString": [1]}, "empty tag": {"": [1]},
    }.items():
        yield f"x is {name}", "sha1", header(token(json.dumps({"x": value}).encode()))
        yield f"the session is {name}", "sha1", header(token(json.dumps(value).encode()))
    yield "tag twice in the text", "sha1", header(token(b'{"x":{" t":[1]," t":[2]}}'))
    yield "tag and key twice in the text", "sha1", header(token(b'{"x":{" b":"YQ=="," t":[2]}}'))
    yield "tag escaped", "sha1", header(token(b'{"x":{"\\u0020t":[1]}}'))


def top_level():
    for text in (
        "{}", "[]", '""', "null", "true", "false", "0", "1", "-1", "1.5", "NaN", "Infinity", '"a"', '"ab"', "[1]", "[null]", "[[]]", '[["a",1]]', '["ab","cd"]', '[{"a":1,"b":2}]', '[["a",1],["b"]]',
        '[["a",1,2]]', "[[1,2]]", '[[["a"],1]]', '[["__proto__",{"admin":true}]]', '{" t":[]}', '{" t":[1]}', '{" t":[{" t":["user","admin"]}]}', '{" b":""}', '{" b":"YQ=="}', '{" m":""}', '{" m":"ab"}',
        '{" u":"0123456789abcdef0123456789abcdef"}', '{" d":"garbage"}', '{" d":"Tue, 24 May 2011 00:00:00 GMT"}', '{" di":{}}', '{" di":{" t__":[1]}}', '{" di":[]}', '{" di":[["user__","x"]]}',
        "12345678901234567890", '[["user","admin"]]', "[{}]", '{"__proto__":{"user":"admin"}}', '{"user":null}', '{"":""}',
    ):
        yield text, "sha1", header(token(text.encode()))


def nesting():
    for depth in (100, 120, 124, 200, 250, 254, 255, 256, 260, 400, 600, 1000, 5000, 100_000, 1_000_000):
        for name, opening, closing in (("lists", "[", "]"), ("dicts", '{"a":', "}"), ("tuples", '{" t":[', "]}"), ("open lists", "[", ""), ("dict tags", '{" di":{" t__":', "}}"), ("bytes tags", '{" b":', "}")):
            if depth > 5000 and name not in ("lists", "dicts", "open lists") or (depth in (120, 124) and name not in ("tuples", "dict tags")):
                continue
            text = '{"x":' + opening * depth + ("" if name == "open lists" else "1") + closing * depth + "}"
            if depth > 5000 and name == "dicts":
                text = '{"x":' + '{"a":' * depth + "1" + "}" * depth + "}"
            yield f"{depth} {name}", "sha1", header(packed(text.encode()))
    yield "1000 lists, not compressed", "sha1", header(token(b'{"x":' + b"[" * 1000 + b"]" * 1000 + b"}"))
    yield "100 lists, not compressed", "sha1", header(token(b'{"x":' + b"[" * 100 + b"]" * 100 + b"}"))
    yield "1000 lists, forged", "sha1", header(packed(b'{"x":' + b"[" * 1000 + b"]" * 1000 + b"}", key=FOREIGN_KEY))


def sizes():
    limit = 262144
    frame = len('{"x":""}')
    for name, count in {"1 KiB": 1024, "64 KiB": 65536, "one byte under the limit": limit - frame - 1, "the limit": limit - frame, "one byte over": limit - frame + 1, "1 MiB": 2**20, "3 MB": 3_000_000, "16 MiB": 2**24}.items():
        yield f"{name} inflated", "sha1", header(packed(b'{"x":"' + b"x" * count + b'"}'))
    yield "the limit in characters, twice that in bytes", "sha1", header(packed(b'{"x":"' + "é".encode() * (limit // 2) + b'"}'))
    yield "1 MiB inflated, forged", "sha1", header(packed(b'{"x":"' + b"x" * 2**20 + b'"}', key=FOREIGN_KEY))
    yield "4 MiB of spaces", "sha1", header(packed(b'{"x":1}' + b" " * 2**22))
    yield "200,000 bytes, not compressed", "sha1", header(token(b'{"x":"' + b"x" * 200_000 + b'"}'))
    yield "300,000 bytes, not compressed", "sha1", header(token(b'{"x":"' + b"x" * 300_000 + b'"}'))
    yield "50,000 numbers", "sha1", header(packed(b'{"x":[' + b"1," * 49_999 + b"1]}"))
    yield "50,000 floats", "sha1", header(packed(b'{"x":[' + b"1.0," * 49_999 + b"1.0]}"))
    yield "50,000 empty lists", "sha1", header(packed(b'{"x":[' + b"[]," * 49_999 + b"[]]}"))
    yield "20,000 tuples", "sha1", header(packed(b'{"x":[' + b'{" t":[]},' * 19_999 + b'{" t":[]}]}'))
    yield "10,000 times the same key", "sha1", header(packed(b"{" + b'"a":1,' * 9_999 + b'"a":2}'))
    yield "20,000 keys", "sha1", header(packed(("{" + ",".join(f'"{n}":1' for n in range(0, 20_000, 7)) + "}").encode()))
    yield "a key of 100,000 letters", "sha1", header(packed(b'{"' + b"k" * 100_000 + b'":1}'))
    yield "quotes and backslashes", "sha1", header(packed(b'{"x":"' + b"\\\\\\\"" * 50_000 + b'"}'))
    yield "200,000 backslashes, not closed", "sha1", header(packed(b'{"x":NaN,"y":"' + b"\\" * 200_000))
    yield "200,000 open quotes", "sha1", header(packed(b'{"x":NaN' + b'"' * 200_000))
    yield "a number of 200,000 digits", "sha1", header(packed(b'{"x":' + b"9" * 200_000 + b"}"))
    yield "an exponent of 200,000 digits", "sha1", header(packed(b'{"x":1e' + b"9" * 200_000 + b"}"))
    yield "a fraction of 200,000 digits", "sha1", header(packed(b'{"x":0.' + b"3" * 200_000 + b"}"))
    yield "200,000 minus signs", "sha1", header(packed(b'{"x":' + b"-" * 200_000 + b"1}"))
    for name, character in {"dots": ".", "letters": "a", "equals signs": "=", "spaces": " ", "semicolons": ";", "quotes": '"', "backslashes": "\\", "percent signs": "%", "bytes FF": "\xff", "tabs": "\t", "commas": ","}.items():
        yield f"16,000 {name}", "sha1", header(character * 16_000)
        yield f"a cookie behind 16,000 {name}", "sha1", character * 16_000 + ";" + header(token())
    for name, part in {"names": "session", "names with =": "session=", "pairs": "session=a;", "other pairs": "a=b; ", "open quotes": 'a="', "empty pairs": ";"}.items():
        yield f"2,000 {name}", "sha1", part * 2_000
        yield f"a cookie behind 2,000 {name}", "sha1", part * 2_000 + ";" + header(token())
    yield "100,000 dots", "sha1", header("." * 100_000)
    yield "100,000 dots, signed", "sha1", header(sign("." * 100_000))
    yield "1,000 signatures", "sha1", header(token() + ".abcd" * 1_000)


def rotation():
    for name, key in {"newest": KEY, "old": OLD_KEY, "oldest": OLDEST_KEY, "foreign": FOREIGN_KEY, "empty": "", "comma": ",".join((OLDEST_KEY, OLD_KEY)), "a letter of the list": "t", "None": "None", "undefined": "undefined",
                      "null": "null", "[object Object]": "[object Object]", "reversed": KEY[::-1], "capitals": KEY.upper(), "newline behind": KEY + "\n", "space behind": KEY + " "}.items():
        yield f"signed with the {name} key", "rotated", header(token(key=key))
        yield f"signed with the {name} key, to an app without fallbacks", "sha1", header(token(key=key))
    # HMAC fills short keys with zero bytes and hashes long ones: these are the same key.
    yield "the key and a zero byte", "sha1", header(token(key=KEY + "\0"))
    yield "the hash of a long key", "long key", header(token(key=hashlib.sha1(LONG_KEY.encode()).digest()))
    yield "the long key", "long key", header(token(key=LONG_KEY))
    yield "the start of the long key", "long key", header(token(key=LONG_KEY[:64]))
    yield "old key, too old", "rotated", header(token(key=OLD_KEY, now=NOW - LIFETIME - 1))
    yield "old key, unreadable", "rotated", header(token(b"no JSON", key=OLD_KEY))
    yield "old key, other salt", "rotated", header(token(key=OLD_KEY, salt="another-salt"))
    for secret in ("dev", "secret", "changeme", "CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET", "thisISaSECRET_1234", "temporary_key"):
        yield f"signed with the published key {secret}", "sha1", header(token(key=secret))


def headers():
    a, b, bad = token(b'{"user":"a"}'), token(b'{"user":"b"}'), token(b'{"user":"bad"}', key=FOREIGN_KEY)
    octal = "".join(f"\\{ord(c):03o}" for c in a)
    lines = {
        "two of the name": f"session={a}; session={b}", "two of the name, reversed": f"session={b}; session={a}", "a forged one first": f"session={bad}; session={a}", "a forged one last": f"session={a}; session={bad}",
        "an empty one first": f"session=; session={a}", "an empty one last": f"session={a}; session=", "a name alone first": f"session; session={a}", "a name alone last": f"session={a}; session",
        "three": f"session=x; session={a}; session={b}", "no space": f"session={a};session={b}", "comma between": f"session={a}, session={b}", "many spaces": f"x=1;     session={a}    ; y=2",
        "tab before": f"x=1;\tsession={a}", "spaces around =": f"session = {a}", "space behind the name": f"session ={a}", "space before the value": f"session= {a}", "space behind the value": f"session={a} ; x=1",
        "tab behind the name": f"session\t={a}", "name in capitals": f"SESSION={a}", "name with a capital": f"Session={a}", "another name first": f"xsession={b}; session={a}", "longer name": f"session2={a}", "longer name first": f"session2={b}; session={a}",
        "name as a value": f"x=session; session={a}", "name in a value": f"x=session={b}; session={a}", "pair in a value": f"x=y session={b}; session={a}", "quoted value with a pair": f'x="y; session={b}"; session={a}',
        "quoted value with an open quote": f'x="y; session={a}', "quoted": f'session="{a}"', "quoted, octal": f'session="{octal}"', "quoted, escaped": 'session="' + a.replace(".", "\\.") + '"', "quote inside": f'session={a}"', "single quoted": f"session='{a}'",
        "percent-encoded name": f"%73ession={a}", "percent-encoded value": f"session=%65{a[1:]}", "plus in the name": f"+session={a}", "$ before": f"$session={a}", "$Version": f'$Version=1; session={a}; $Path="/"', "no name": f"={a}",
        "no name, name in the value": f"=session={a}", "Set-Cookie's attributes": f"session={a}; Path=/; HttpOnly", "vertical tab before the name": f"\x0bsession={a}", "form feed before the name": f"\x0csession={a}",
        "0x1c before the name": f"\x1csession={a}", "0x85 before the name": f"\x85session={a}", "NBSP before the name": f"\xa0session={a}", "NBSP in UTF-8 before the name": f"\xc2\xa0session={a}", "NBSP behind the name": f"session\xa0={a}",
        "vertical tab behind the name": f"session\x0b={a}", "BOM before the name": f"\xef\xbb\xbfsession={a}", "zero-width space before the name": f"\xe2\x80\x8bsession={a}", "U+2028 before the name": f"\xe2\x80\xa8session={a}", "NUL before the name": f"\0session={a}",
        "NUL behind the name": f"session\0={a}", "vertical tab before the value": f"session=\x0b{a}", "NBSP before the value": f"session=\xa0{a}", "NBSP behind the value": f"session={a}\xa0", "CR behind the value": f"session={a}\r", "LF between": f"x=1\nsession={a}",
        "semicolons": f";;;session={a};;;", "junk without =": f"a b c; session={a}", "= behind": f"session={a}=", "= before": f"session=={a}", "__Host- name here": f"__Host-session={a}", "__proto__": f"__proto__={a}; constructor=x; session={a}",
        "10 others": "; ".join(f"c{n}=v{n}" for n in range(10)) + f"; session={a}", "name of a bracket": f"session[]={a}", "name with a dot": f"session.x={a}", "full-width name": f"\xef\xbd\x93ession={a}", "long s": f"\xc5\xbfession={a}",
    }
    for name, line in lines.items():
        yield name, "sha1", line
    for name, line in lines.items():
        if "before the name" in name or "behind the name" in name or name in ("two of the name", "name in capitals", "$ before", "quoted"):
            yield f"__Host-: {name}", "host prefix", line.replace("session=", "__Host-session=").replace("session\t", "__Host-session\t").replace("session\xa0", "__Host-session\xa0").replace("session\x0b", "__Host-session\x0b").replace("session\0", "__Host-session\0").replace("session =", "__Host-session =")
    yield "__Host-: small letters", "host prefix", f"__host-session={a}"
    yield "__Host-: the plain name", "host prefix", f"session={a}"
    yield "__Host-: __Secure- name", "host prefix", f"__Secure-session={a}"


def confusion():
    salts = ("another-salt", "itsdangerous", "itsdangerous.Signer", "cookie-session.admin", "cookie-session.session", "cookie-session ", "Cookie-Session", "", "cookie", "session", "remember-token", "email-confirm", "csrf-token", "wtf-csrf-token")
    for salt in salts:
        yield f"salt {salt!r}", "sha1", header(token(salt=salt))
    for digest in DIGESTS:
        for app in DIGESTS:
            if digest != app:
                yield f"{digest} to {app}", app, header(token(digest=digest))
                # the first bytes of a longer signature, or a shorter one filled up
                length = len(token(digest=app).rsplit(".", 1)[1])
                body, mac = token(digest=digest).rsplit(".", 1)
                yield f"{digest} to {app}, made as long", app, header(f"{body}.{mac[:length].ljust(length, 'A')}")
        for derivation in ("django-concat", "concat", "none"):
            yield f"{digest}, key derived by {derivation}", digest, header(token(digest=digest, derivation=derivation))
        yield f"{digest} under a foreign key", digest, header(token(digest=digest, key=FOREIGN_KEY))
        yield f"{digest} under an empty key", digest, header(token(digest=digest, key=""))
        yield f"{digest}, hash instead of HMAC", digest, header(base64(VICTIM) + "." + stamp(NOW) + "." + base64(getattr(hashlib, digest)(KEY.encode() + VICTIM).digest()))
        body, mac = token(digest=digest).rsplit(".", 1)
        other = token(MALLORY, digest=digest).rsplit(".", 1)[1]
        yield f"{digest}: another cookie's signature", digest, header(f"{body}.{other}")
        yield f"{digest}: zeros for a signature", digest, header(f"{body}.{base64(bytes(len(mac) * 3 // 4))}")
        yield f"{digest}: no signature", digest, header(body + ".")
        yield f"{digest}: another time", digest, header(f"{base64(VICTIM)}.{stamp(NOW + 1)}.{mac}")
        yield f"{digest}: another payload", digest, header(f"{base64(MALLORY)}.{stamp(NOW)}.{mac}")
        yield f"{digest}: dot moved to the left", digest, header(f"{base64(VICTIM)[:-1]}.{base64(VICTIM)[-1]}{stamp(NOW)}.{mac}")
        yield f"{digest}: dot moved to the right", digest, header(f"{base64(VICTIM)}{stamp(NOW)[0]}.{stamp(NOW)[1:]}.{mac}")
    yield "no time, session's salt", "sha1", header(sign(base64(VICTIM)))
    yield "no time, 4 letters of payload taken for it", "sha1", header(sign(base64(VICTIM)[:-4] + "." + base64(VICTIM)[-4:]))
    yield "a cookie of the app with another salt", "other salt", header(token())
    yield "its own cookie", "other salt", header(token(salt="another-salt"))
    yield "a cookie of the app with another derivation", "other derivation", header(token())
    yield "its own cookie, django-concat", "other derivation", header(token(derivation="django-concat"))
    yield "the cookie under another app's name", "other name", header(token(), "session")
    yield "the cookie under this app's name", "other name", header(token(), "sid")
    # hmac(key, salt) of one is the key of another
    yield "key and salt exchanged", "sha1", header(token(key="cookie-session", salt=KEY))
    yield "key and salt run together", "other derivation", header(sign(f"{base64(VICTIM)}.{stamp(NOW)}", key="signer" + KEY, salt="cookie-session", derivation="concat"))
    yield "a URL-safe token without JSON object", "sha1", header(token(b'"victim@example.com"'))
    yield "another payload in a reset link with the session's salt", "sha1", header(token(b'[1,"reset"]'))


GROUPS = {"structure": structure, "malleability": malleability, "timestamps": timestamps, "zlib": compression, "utf-8": utf8, "json": json_texts, "tags": tags, "top level": top_level,
          "nesting": nesting, "sizes": sizes, "rotation": rotation, "headers": headers, "confusion": confusion}


# -- recording

def short(text):
    """A long header as parts: text, or [text, times]."""
    if len(text) < 3000:
        return text
    parts, plain, at = [], "", 0
    while at < len(text):
        for width in (1, 2, 3, 4, 5, 7, 8, 9, 10):
            unit, end = text[at:at + width], at + width
            while unit and text.startswith(unit, end):
                end += width
            if end - at > 60 + width:
                if plain:
                    parts.append(plain)
                parts.append([unit, (end - at) // width])
                plain, at = "", end
                break
        else:
            plain += text[at]
            at += 1
    if plain:
        parts.append(plain)
    assert "".join(part if isinstance(part, str) else part[0] * part[1] for part in parts) == text
    return parts


def outcome(response):
    if response["status"] != 200:
        return {"outcome": "500", "exception": response["exception"]["name"]}
    data = response["session"]["data"]
    if not data["$dict"]:
        return {"outcome": "empty"}
    text = json.dumps(data, separators=(",", ":"))
    return {"outcome": "data", "data": data} if len(text) < 700 else {"outcome": "data", "length": len(data["$dict"])}


def record():
    import peer

    versions = peer.versions({})
    for name, options in APPS.items():
        peer.app({"app": name, **options})
    entries = []
    for group, function in GROUPS.items():
        for name, app, line in function():
            entry = {"id": f"{group}: {name}", "app": app, "cookie": short(line)}
            if app not in NEEDS_FALLBACKS or versions["features"]["fallbacks"]:
                entry["flask"] = outcome(peer.request({"app": app, "cookie": line, "now": NOW}))
            entries.append(entry)
    identities = [entry["id"] for entry in entries]
    assert len(set(identities)) == len(identities), [name for name in identities if identities.count(name) > 1]
    return {"versions": {name: versions[name] for name in ("python", "flask", "itsdangerous", "werkzeug")}, "entries": entries}


def merge(runs):
    for together in zip(*(run["entries"] for run in runs)):
        answers = {}
        for index, entry in enumerate(together):
            assert entry["cookie"] == together[0]["cookie"] or "zlib" in entry["id"], entry["id"]
            if "flask" in entry:
                answer = {key: value for key, value in entry["flask"].items()}
                answers.setdefault(json.dumps(answer), {"by": [], **answer})["by"].append(index)
        yield {**together[-1], "flask": list(answers.values())}


if __name__ == "__main__":
    if sys.argv[1:] == ["--record"]:
        json.dump(record(), sys.stdout)
    elif sys.argv[1:]:
        runs = [json.loads(subprocess.run([python, __file__, "--record"], check=True, stdout=subprocess.PIPE).stdout) for python in sys.argv[1:]]
        lines = ['{"note": "Made by make_corpus.py, not to be edited.",', f'"madeBy": {json.dumps([run["versions"] for run in runs])},', f'"now": {NOW},', f'"apps": {json.dumps(APPS)},']
        lines.append('"entries": [\n' + ",\n".join(json.dumps(entry) for entry in merge(runs)) + "\n]}\n")
        (HERE / "corpus.json").write_text("\n".join(lines), encoding="ascii")
    else:
        sys.exit(__doc__)
