"""Flask with the routes of the benchmark: gunicorn -w 1 flask_app:app"""
import itertools
import time

from flask import Flask, jsonify, session

app = Flask(__name__)
app.secret_key = 'benchmark key of thirty-two byte'
app.config['MAX_COOKIE_SIZE'] = 8192
numbers = itertools.count(1_000_001)


@app.get('/cpu')
def cpu():
    return str(time.process_time_ns() / 1000)


@app.get('/untouched')
@app.get('/refresh')
def untouched():
    return jsonify(user=0)


@app.get('/read')
def read():
    return jsonify(user=session.get('user_id'))


@app.get('/nested-read')
def nested_read():
    return jsonify(user=session['user_id'], items=len(session['cart']))


@app.get('/write')
def write():
    session['visits'] = next(numbers)
    return jsonify(user=0)


@app.get('/nested-write')
def nested_write():
    session['cart'][0]['qty'] = next(numbers)
    session.modified = True
    return jsonify(user=0)


@app.get('/login/<int:size>')
def login(size):
    n = next(numbers)
    token = ''.join(format((n * 7919 * (i + 1)) & 0xffffff, '06x') for i in range(size // 6))
    session.update(user_id=100000 + n % 100, visits=1000000, cart=[{'sku': 'a1b2c3', 'qty': 1000000}])
    session['token'] = token[:max(0, size - 86)]
    return jsonify(user=0)
