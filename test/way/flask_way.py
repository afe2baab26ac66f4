"""The way of one warm request through Flask's sessions, counted as way.ts counts ours: python3 test/way/flask_way.py"""
import importlib.metadata
import sys

from flask import Flask, session

PARTS = ('/flask/sessions.py', '/flask/json/', '/itsdangerous/')
app = Flask(__name__)
app.secret_key = 'a secret key to count with'


@app.post('/untouched')
def untouched():
    return ''


@app.post('/read')
def read():
    return str(session['visits'])


@app.post('/write')
def write():
    session['visits'] += 1
    return ''


@app.post('/login')
def login():
    session.update(user_id=100_000, visits=1, cart=[1, 2, 3], name='Ada')
    return ''


def record(visit):
    """Each call as (file, function, file of the caller, depth); the caller is the nearest one in these files."""
    calls, stack = [], []

    def profile(frame, event, _):
        code = frame.f_code
        if event not in ('call', 'return') or not any(part in code.co_filename for part in PARTS):
            return
        if event == 'return':
            stack.pop()
            return
        calls.append((code.co_filename, code, stack[-1] if stack else None, len(stack) + 1))
        stack.append(code.co_filename)

    sys.setprofile(profile)
    try:
        visit()
    finally:
        sys.setprofile(None)
    return calls


def way_of(calls):
    crossing = [(caller, file) for file, _, caller, _ in calls if caller not in (None, file)]
    turns = {pair for pair in crossing if pair[::-1] in crossing and pair[0] < pair[1]}
    return (len({file for file, *_ in calls}), len({code for _, code, *_ in calls}), len(calls), len(crossing),
            len(set(crossing)), max(depth for *_, depth in calls), len(turns))


def main():
    print('Flask', importlib.metadata.version('flask'), 'ItsDangerous', importlib.metadata.version('itsdangerous'))
    cookie = app.test_client().post('/login').headers['Set-Cookie'].split(';')[0]
    for name, path, has_cookie in [('untouched, no cookie', '/untouched', False), ('untouched', '/untouched', True),
                                   ('read', '/read', True), ('write', '/write', True)]:
        client = app.test_client(use_cookies=False)
        headers = {'Cookie': cookie} if has_cookie else {}
        visit = lambda: client.post(path, headers=headers)  # noqa: E731
        for _ in range(20):
            visit()
        print('|', ' | '.join(map(str, (name, *way_of(record(visit))))), '|')


if __name__ == '__main__':
    main()
