#!/usr/bin/env python3
"""How long a killed channel node is felt: joins sockets through gateways, kills a process, and says
when the last channel was told with phx_error and when the last one was joined again.

    python3 recovery.py --gateway 127.0.0.1:4000 --gateway 127.0.0.1:4001 --kill PID [--sockets 10000]

Every socket is in one topic of --topics. Channels of other nodes are not told and not counted; a
client that is told joins again as soon as none is left whose message waits to be read, all of them
being one process here, and after each refusal 100 ms later. At the end every channel
is asked something: one that was on the node and has not been told would not answer. Exit code 1 if a
socket was closed, or a channel did not come back or answer within --limit seconds, or the last was
told later than 1.5 s or back later than 5 s after the kill.
"""
import argparse
import base64
import collections
import heapq
import json
import os
import select
import signal
import socket
import struct
import time

parser = argparse.ArgumentParser()
parser.add_argument('--gateway', action='append', required=True)
parser.add_argument('--kill', type=int, required=True)
parser.add_argument('--sockets', type=int, default=10_000)
parser.add_argument('--topics', type=int, default=500)
parser.add_argument('--limit', type=float, default=30)
options = parser.parse_args()


class Client:
    def __init__(self, number):
        host, port = options.gateway[number % len(options.gateway)].rsplit(':', 1)
        self.topic = f'room:recovery-{number % options.topics}'
        self.socket = socket.create_connection((host, int(port)))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f'GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n'
            f'Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n'.encode())
        self.ref = 0
        self.buffer = b''
        self.upgraded = self.joined = self.closed = self.answered = False
        self.told = self.back = None

    def join(self):
        self.ref += 1
        self.send(f'["{self.ref}","{self.ref}","{self.topic}","phx_join",{{}}]')

    def send(self, message):
        body = message.encode()
        head = bytes([0x81, 0x80 | len(body)]) if len(body) < 126 else b'\x81\xfe' + struct.pack('!H', len(body))
        self.socket.sendall(head + bytes(4) + body)

    def read(self):
        try:
            data = self.socket.recv(65536)
        except OSError:
            data = b''
        if not data:
            self.closed = True
            return
        self.buffer += data
        if not self.upgraded:
            head, found, rest = self.buffer.partition(b'\r\n\r\n')
            if not found:
                return
            assert head.startswith(b'HTTP/1.1 101'), head
            self.upgraded, self.buffer = True, rest
            self.join()
        while len(self.buffer) >= 2:
            size, start = self.buffer[1], 2
            if size == 126:
                if len(self.buffer) < 4:
                    return
                size, start = struct.unpack('!H', self.buffer[2:4])[0], 4
            if len(self.buffer) < start + size:
                return
            opcode, body = self.buffer[0] & 15, self.buffer[start:start + size]
            self.buffer = self.buffer[start + size:]
            if opcode == 8:
                self.closed = True
            elif opcode == 1:
                self.received(body)

    # Clients share the machine with the nodes: what they do costs time that is measured.
    def received(self, body):
        if b'"phx_error"' in body:
            self.joined = False
            self.told = time.monotonic()
            joining.append(self)
            return
        _, ref, _, event, payload = json.loads(body)
        if event == 'phx_reply' and ref == 'ping':
            self.answered = payload['status'] == 'ok'
        elif event == 'phx_reply' and ref == str(self.ref):
            if payload['status'] == 'ok':
                self.joined = True
                self.back = time.monotonic()
            else:
                heapq.heappush(later, (time.monotonic() + 0.1, id(self), self))


later = []
joining = collections.deque()
poll = select.epoll()
clients = {}


def turn():
    ready = poll.poll(0 if joining else 0.02)
    for descriptor, _ in ready:
        client = clients[descriptor]
        client.read()
        if client.closed:
            poll.unregister(descriptor)
    for _ in range(0 if ready else min(50, len(joining))):
        joining.popleft().join()
    while later and later[0][0] <= time.monotonic():
        heapq.heappop(later)[2].join()


for number in range(options.sockets):
    client = Client(number)
    clients[client.socket.fileno()] = client
    poll.register(client.socket, select.EPOLLIN)
    if number % 50 == 0:
        turn()
while not all(client.joined for client in clients.values()):
    turn()
print(f'{len(clients)} sockets joined', flush=True)
quiet = time.monotonic() + 3
while time.monotonic() < quiet:
    turn()
for client in clients.values():
    client.told = client.back = None

killed = time.monotonic()
os.kill(options.kill, signal.SIGKILL)
silent = killed + 2.5
while time.monotonic() < killed + options.limit:
    turn()
    if time.monotonic() > silent and all(c.joined or c.closed for c in clients.values()):
        break
told = sorted(c.told - killed for c in clients.values() if c.told)
back = sorted(c.back - killed for c in clients.values() if c.told and c.joined)
closed = sum(c.closed for c in clients.values())
joined = [c for c in clients.values() if c.joined and not c.closed]
for number, client in enumerate(joined):
    client.send(f'["{client.ref}","ping","{client.topic}","ping",{{}}]')
    if number % 50 == 0:
        turn()
asked = time.monotonic()
while time.monotonic() < asked + options.limit and not all(c.answered for c in joined):
    turn()
silent = sum(not c.answered for c in joined)
print(f'told: {len(told)}, first {told[0]:.2f} s, last {told[-1]:.2f} s after the kill' if told else 'told: 0')
print(f'joined again: {len(back)}, last {back[-1]:.2f} s after the kill' if back else 'joined again: 0')
print(f'sockets closed: {closed}, channels that do not answer: {silent}')
all_well = told and len(back) == len(told) and closed == 0 and silent == 0
raise SystemExit(0 if all_well and told[-1] <= 1.5 and back[-1] <= 5 else 1)
