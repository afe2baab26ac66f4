"""Flask with Flask-Session on a Redis. Reads requests as lines of JSON, and answers each with a line of JSON."""
import datetime
import decimal
import importlib.metadata
import json
import sys
import uuid
import warnings

from flask import Flask, current_app, request, session
from flask_session import Session
from redis import Redis

VALUES = {
    'int': 2 ** 64 - 1, 'negative': -2 ** 63, 'float': 0.5, 'whole': 1.0, 'text': 'é😀', 'bytes': b'\x00\xff', 'list': [1, [2]], 'dict': {'a': {'b': None}},
    'true': True, 'tuple': (1, 2), 'aware': datetime.datetime(2026, 11, 27, 12, 30, 15, tzinfo=datetime.timezone.utc),
    'naive': datetime.datetime(2026, 11, 27, 12, 30), 'uuid': uuid.UUID(int=1), 'decimal': decimal.Decimal('1.10'),
}


def make_app(port, options):
    app = Flask(__name__)
    app.secret_key = options.pop('SECRET_KEY', 'a secret key of the tests')
    app.config.update(SESSION_TYPE='redis', SESSION_REDIS=Redis(port=port), **options)
    Session(app)

    @app.post('/set')
    def set_keys():
        session.update(request.json)
        return 'set'

    @app.post('/values')
    def values():
        session.update(VALUES)
        return 'set'

    @app.get('/show')
    def show():
        return {key: f'{type(value).__name__} {value!r}' for key, value in session.items()}

    @app.post('/pop')
    def pop():
        for key in request.json:
            session.pop(key, None)
        return 'popped'

    @app.post('/clear')
    def clear():
        session.clear()
        return 'cleared'

    @app.post('/regenerate')
    def regenerate():
        current_app.session_interface.regenerate(session)
        return 'regenerated'

    return app


def main():
    warnings.simplefilter('ignore')
    setup = json.loads(sys.stdin.readline())
    client = make_app(setup['port'], setup['options']).test_client(use_cookies=False)
    names = ('flask', 'flask-session', 'msgspec')
    print(json.dumps({name: importlib.metadata.version(name) for name in names}), flush=True)
    for line in sys.stdin:
        ask = json.loads(line)
        headers = {'Cookie': ask['cookie']} if ask['cookie'] else {}
        answer = client.open(ask['path'], method=ask['method'], headers=headers, json=ask.get('json'))
        print(json.dumps({'status': answer.status_code, 'cookies': answer.headers.getlist('Set-Cookie'), 'body': answer.text}), flush=True)


main()
