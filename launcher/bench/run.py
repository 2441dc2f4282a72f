#!/usr/bin/env python3
"""Measures a node in its production configuration and prints one table.

    launcher/bench/run.py PHXLOAD [--repeat N] [--quick] [--beside COMMAND]

PHXLOAD is the load generator's program. Starts .ci/conformance-server, warms it up, takes each row
N times (3) and prints the median and the range; with the machine's floor for one write() in between.
Before each row with connects up to 6 GB of free memory are used once, see back_memory.
COMMAND starts another server of the same fixture, a Phoenix for instance, in the foreground on the
port that it is given last: it is measured in turn with ours, and the last column is our median to
its lowest figure.
Runs everything on 127.0.0.1. Exits non-zero if a message was lost or a run failed.
"""

import argparse
import atexit
import json
import mmap
import os
import pathlib
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORT = 4103

# name, unit, phxload's arguments, figure, most that it should be
ROWS = [
    ("delivery, 1 room x 1,000, 20/s", "µs CPU", "fanout -c 1000 --rate 20 --duration 10", "server_cpu_us_per_delivery", 8),
    ("delivery, 500 rooms x 10, 1,000/s", "µs CPU", "fanout -c 5000 --rooms 500 --rate 1000 --duration 10", "server_cpu_us_per_delivery", 22),
    ("delivery, 1 room x 1,000, saturated", "µs CPU", "fanout -c 1000 --max --inflight 64 --duration 10", "server_cpu_us_per_delivery", 5.5),
    ("echo, 200 sockets x 4 in flight", "µs CPU", "echo -c 200 --inflight 4 --duration 10", "server_cpu_us_per_message", 16),
    ("join + leave, 50 sockets", "µs CPU", "joins -c 50 --duration 10", "server_cpu_us_per_join", 54),
    ("connect + join", "µs CPU", "storm -c 5000 --inflight 256 --rounds 3", "server_cpu_us_per_connect", 130),
    ("5,000 reconnect and rejoin", "s", "storm -c 5000 --inflight 256 --rounds 3", "worst_round_s", 0.9),
]
WARM_UP = [
    "storm -c 5000 --inflight 256 --rounds 6",
    "echo -c 200 --inflight 4 --duration 10",
    "fanout -c 1000 --max --inflight 64 --duration 5",
    "fanout -c 5000 --rooms 500 --rate 1000 --duration 5",
    "joins -c 50 --duration 10",
    "storm -c 5000 --inflight 256 --rounds 6",
]


class Server:
    def __init__(self, command, port):
        self.port = port
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log", delete=False)
        self.process = subprocess.Popen([*command, str(port)], stdout=self.log, stderr=self.log)
        atexit.register(self.stop)
        for _ in range(1200):
            if self.process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", port), 1):
                    return
            except OSError:
                time.sleep(0.1)
        sys.exit(f"the server did not come up:\n{pathlib.Path(self.log.name).read_text()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        pathlib.Path(self.log.name).unlink(missing_ok=True)


def load(phxload, server, arguments):
    done = subprocess.run(
        [phxload, *arguments.split(), "--target", f"127.0.0.1:{server.port}", "--pid", str(server.process.pid)],
        capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"phxload {arguments} failed on port {server.port}:\n{done.stderr}")
    return json.loads(done.stdout)


def back_memory():
    """Has a hypervisor that gives memory only when it is used give some: 2 MB cost some 3.4 ms the
    first time, which counts as ours, and 0.2 ms afterwards. It takes back what stays free for long."""
    size = min(6 << 30, os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        for start in range(0, size, 4096):
            memory[start] = 1


def floor():
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder, "floor")
        subprocess.run(["cc", "-O2", "-o", program, ROOT / "launcher/bench/floor.c"], check=True)
        return float(subprocess.run([program], check=True, capture_output=True, text=True).stdout)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("phxload")
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--quick", action="store_true", help="a short warm-up, for trying the script")
    options.add_argument("--beside", metavar="COMMAND", help="another server of the fixture, measured in turn")
    given = options.parse_args()
    commands = [[ROOT / ".ci/conformance-server"]] + ([shlex.split(given.beside)] if given.beside else [])

    print("| row | median | range | at most | |" + (" beside | range | ratio |" if given.beside else ""))
    print("|---|---|---|---|---|" + ("---|---|---|" if given.beside else ""))

    def shown(values, unit):
        return f"{statistics.median(values):.2f} {unit} | {min(values):.2f} – {max(values):.2f}"

    def row(name, unit, values, limit):
        median = statistics.median(values[0])
        verdict = "" if limit is None else "ok" if median <= limit else "over"
        line = f"| {name} | {shown(values[0], unit)} | {'' if limit is None else limit} | {verdict} |"
        for beside in values[1:]:
            line += f" {shown(beside, unit)} | {median / min(beside):.2f} |"
        print(line, flush=True)

    def in_turn(measure):
        values = [[] for _ in commands]
        for _ in range(given.repeat):
            for i in range(len(commands)):
                values[i].append(measure(i))
        return values

    # Memory: a node that has served a little, then 10,000 more sockets, each on a topic of its own.
    def memory(i):
        server = Server(commands[i], PORT + i)
        load(given.phxload, server, "storm -c 1000 --inflight 64 --rounds 2")
        idle = load(given.phxload, server, "idle -c 10000 --ramp 2000 --duration 10")
        server.stop()
        return (idle["server_mem_joined"] - idle["server_mem_before"]) / 10000 / 1024

    row("idle memory of a joined socket", "KB (Pss)", in_turn(memory), 18)

    servers = [Server(command, PORT + i) for i, command in enumerate(commands)]
    for server in servers:
        for arguments in WARM_UP[: 2 if given.quick else None]:
            load(given.phxload, server, arguments)
    floors = [floor()]
    for name, unit, arguments, figure, limit in ROWS:
        def measure(i):
            if arguments.startswith("storm"):
                back_memory()
            return load(given.phxload, servers[i], arguments)[figure]
        row(name, unit, in_turn(measure), limit)
        floors.append(floor())
    row("floor: one write() of 140 bytes to each of 1,000 sockets, 20/s", "µs CPU", [floors], None)
    for server in servers:
        server.stop()


if __name__ == "__main__":
    main()
