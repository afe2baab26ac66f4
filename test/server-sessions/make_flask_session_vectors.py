"""Values as Flask-Session writes them: run it with a Python that has Flask-Session 0.8, and keep what it prints in
test/vectors/flask-session.json.
"""
import datetime
import decimal
import importlib.metadata
import json
import platform
import uuid

from flask import Flask
from flask_session.base import MsgSpecSerializer

UTC = datetime.timezone.utc
CET = datetime.timezone(datetime.timedelta(hours=1))

VALUES = {
    'a login': {'_permanent': True, 'user_id': 42},
    'None': {'v': None},
    'True and False': {'v': [True, False]},
    'ints': {'v': [0, 1, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 2 ** 64 - 1]},
    'negative ints': {'v': [-1, -32, -33, -128, -129, -32768, -32769, -2 ** 31, -2 ** 31 - 1, -2 ** 53, -2 ** 63]},
    'floats': {'v': [0.5, -0.25, 1.0, 1e300, 1e-7]},
    'text': {'v': ['', 'a', 'é', '😀', '\x00', 'x' * 31, 'x' * 32, 'x' * 256]},
    'long text': {'v': 'x' * 65536},
    'bytes': {'v': [b'', b'\x00\xff', b'x' * 256]},
    'lists': {'v': [[], [1], list(range(15)), list(range(16))]},
    'a tuple': {'v': (1, 2)},
    'a set': {'v': {7}},
    'dicts': {'v': {'a': {'b': {}}}},
    'a dict of 16 keys': {'v': {f'k{i}': i for i in range(16)}},
    'a dict with ints as keys': {'v': {1: 'one', -1: 'minus one'}},
    'the key __proto__': {'__proto__': {'polluted': True}},
    'an aware datetime': {'v': datetime.datetime(2026, 11, 27, 12, 30, 15, tzinfo=UTC)},
    'an aware datetime with microseconds': {'v': datetime.datetime(2026, 11, 27, 12, 30, 15, 123456, tzinfo=CET)},
    'an aware datetime before 1970': {'v': datetime.datetime(1969, 12, 31, 23, 59, 59, 500000, tzinfo=UTC)},
    'an aware datetime of the year 9999': {'v': datetime.datetime(9999, 12, 31, tzinfo=UTC)},
    'a naive datetime': {'v': datetime.datetime(2026, 11, 27, 12, 30)},
    'a date': {'v': datetime.date(2026, 11, 27)},
    'a UUID': {'v': uuid.UUID('12345678-1234-5678-1234-567812345678')},
    'a Decimal': {'v': decimal.Decimal('1.10')},
    'NaN': {'v': float('nan')},
    'an empty session': {},
}


def main():
    app = Flask(__name__)
    packers = {name: MsgSpecSerializer(app, name) for name in ('msgpack', 'json')}
    vectors = []
    for title, value in VALUES.items():
        vector = {'title': title, 'msgpack': packers['msgpack'].encode(value).hex()}
        vector['json'] = packers['json'].encode(value).decode()
        vectors.append(vector)
    versions = {name: importlib.metadata.version(name) for name in ('flask', 'flask-session', 'msgspec')}
    print(json.dumps({'madeBy': {'python': platform.python_version(), **versions}, 'vectors': vectors}, indent=2))


main()
