#!/usr/bin/env python3
"""Measures a cluster of separate processes and prints one table.

    launcher/bench/cluster.py PHXLOAD [--repeat N] [--only WORD] [--row TEXT]...

PHXLOAD is the load generator's program. Starts gateways and channel nodes with the conformance
fixture, each a process in its production configuration, and takes each row N times (3); CPU and
memory are those of all processes together unless the row says otherwise. The embedded node's rows
stand beside them, taken in the same run. Runs everything on 127.0.0.1, ports from 4110 on. Exits
non-zero if a message was lost or a run failed.
"""

import argparse
import atexit
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "launcher/it/target/roost-it-0.1.0-SNAPSHOT.jar"
FIRST_PORT = 4110


class Process:
    """One node, ready."""

    def __init__(self, *arguments):
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log", delete=False)
        self.process = subprocess.Popen(
            [ROOT / "roost", *arguments], stdout=self.log, stderr=self.log,
            env={**os.environ, "ROOST_APPS": str(FIXTURE)})
        self.pid = self.process.pid
        atexit.register(self.stop)

    def wait(self):
        for _ in range(1200):
            text = pathlib.Path(self.log.name).read_text()
            if "is ready" in text:
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"a node did not come up:\n{text}")

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)
        pathlib.Path(self.log.name).unlink(missing_ok=True)

    def cpu(self):
        """Seconds of CPU so far."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        text = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+) kB", text, re.M)[1])


class Cluster:
    def __init__(self, gateways, channels, *more):
        base = FIRST_PORT + 100 * Cluster.started
        Cluster.started += 1
        common = ["--cluster-name", f"bench-{os.getpid()}-{base}", *more]
        count = gateways + channels
        seeds = ",".join(f"127.0.0.1:{base + 20 + 8 * i}" for i in range(count))

        def node(number, *role):
            return Process(
                *role, "--cluster-port", str(base + 20 + 8 * number),
                "--bus-port", str(base + 24 + 8 * number), "--cluster-seeds", seeds, *common)

        self.ports = [base + i for i in range(gateways)]
        self.channels = [
            node(gateways + i, "--role", "channels", "--applications", "fixture") for i in range(channels)]
        self.gateways = [
            node(i, "--role", "gateway", "--port", str(port)) for i, port in enumerate(self.ports)]
        for process in self.channels + self.gateways:
            process.wait()
        time.sleep(12)  # Nodes that came later are given their partitions, one each 20 ms.

    started = 0

    def all(self):
        return self.gateways + self.channels

    def stop(self):
        for process in self.gateways + self.channels:
            process.stop()


class Embedded:
    def __init__(self):
        self.ports = [FIRST_PORT + 90]
        self.process = Process("--port", str(self.ports[0]), "--applications", "fixture").wait()

    def all(self):
        return [self.process]

    def stop(self):
        self.process.stop()


def idle(system, seconds=60):
    """Microseconds of CPU a second of all its processes while nobody is there."""
    before = sum(process.cpu() for process in system.all())
    time.sleep(seconds)
    return (sum(process.cpu() for process in system.all()) - before) / seconds * 1e6


def load(phxload, system, arguments, tolerate=False):
    targets = [word for port in system.ports for word in ("--target", f"127.0.0.1:{port}")]
    pids = ",".join(str(process.pid) for process in system.all())
    done = subprocess.run(
        [phxload, *arguments.split(), *targets, "--pid", pids, *(["--tolerate"] if tolerate else [])],
        capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"phxload {arguments} failed:\n{done.stderr}")
    return json.loads(done.stdout)


WARM_UP = [
    "storm -c 2000 --inflight 128 --rounds 6",
    "echo -c 200 --inflight 4 --duration 10",
    "fanout -c 1000 --max --inflight 64 --duration 5",
    "fanout -c 5000 --rooms 500 --rate 500 --duration 10",
    "joins -c 50 --duration 15",
    "storm -c 5000 --inflight 256 --rounds 6",
]

# Sockets that join one topic after the other, less as many sockets with one topic each: neither connect
# nor leave is in it and, as both take the same time, nothing that the processes use when idle.
JOIN_ALONE = "idle -c 2000 --ramp 200 --warmup 0 --duration 1 --topics-per-conn {}"
MORE_JOINS = 10

# name, phxload's arguments, figure, how many of them a second
BOTH = [
    ("delivery, 1 room x 1,000, 20/s", "fanout -c 1000 --rate 20 --duration 10", "server_cpu_us_per_delivery", "deliveries_per_s"),
    ("delivery, 1 room x 1,000, 80/s", "fanout -c 1000 --rate 80 --duration 10", "server_cpu_us_per_delivery", "deliveries_per_s"),
    ("delivery, 1 room x 1,000, saturated", "fanout -c 1000 --max --inflight 64 --duration 10", "server_cpu_us_per_delivery", "deliveries_per_s"),
    ("delivery, 500 rooms x 10, 1,000/s", "fanout -c 5000 --rooms 500 --rate 1000 --duration 10", "server_cpu_us_per_delivery", "deliveries_per_s"),
    ("echo, 200 sockets x 4 in flight", "echo -c 200 --inflight 4 --duration 10", "server_cpu_us_per_message", "sent_per_s"),
    ("join + leave, 50 sockets", "joins -c 50 --duration 10", "server_cpu_us_per_join", "joins_per_s"),
    ("connect + join", "storm -c 5000 --inflight 256 --rounds 3", "server_cpu_us_per_connect", "connects_per_s"),
    ("join alone", JOIN_ALONE, "server_cpu_us_per_connect", None),
]


def measured(phxload, system, row, resting):
    """A row's figure, as it is and without what the processes use when idle."""
    _, arguments, figure, pace = row
    if arguments == JOIN_ALONE:
        one, more = (connects(phxload, system, arguments.format(topics), figure) for topics in (1, 1 + MORE_JOINS))
        return (more - one) / MORE_JOINS, (more - one) / MORE_JOINS
    seen = load(phxload, system, arguments)
    return seen[figure], seen[figure] - resting / seen[pace]


def connects(phxload, system, arguments, figure):
    cost = load(phxload, system, arguments)[figure]
    time.sleep(5)  # The end of these sockets is not at the next ones' expense.
    return cost


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("phxload")
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--only", default="", help="one of: paths, interest, topics, storm")
    options.add_argument("--row", action="append", help="of the paths, only those with this in their names")
    given = options.parse_args()
    phxload, repeat = given.phxload, given.repeat
    wanted = lambda part: given.only in ("", part)  # noqa: E731

    def median(values):
        return f"{statistics.median(values):.2f} ({min(values):.2f} – {max(values):.2f})"

    if wanted("paths"):
        print("| µs CPU | embedded | 2 gateways, 3 channel nodes | more | more, without what they use when idle |\n|---|---|---|---|---|", flush=True)
        embedded, cluster = Embedded(), Cluster(2, 3)
        for system in (embedded, cluster):
            for arguments in WARM_UP:
                load(phxload, system, arguments)
        resting = {system: idle(system) for system in (embedded, cluster)}
        one, many = (f"{value / 1000:.1f} ms/s" for value in resting.values())
        print(f"| nobody there | {one} | {many} | | |", flush=True)
        for row in BOTH:
            if not any(text in row[0] for text in given.row or [""]):
                continue
            taken, working = {embedded: [], cluster: []}, {embedded: [], cluster: []}
            for _ in range(repeat):
                for system in taken:
                    all_of_it, without_idle = measured(phxload, system, row, resting[system])
                    taken[system].append(all_of_it)
                    working[system].append(without_idle)
            one, many = taken.values()
            more, above = (statistics.median(b) - statistics.median(a) for a, b in (taken.values(), working.values()))
            print(f"| {row[0]} | {median(one)} | {median(many)} | {more:+.2f} | {above:+.2f} |", flush=True)
        embedded.stop()
        cluster.stop()

    if wanted("interest"):
        print("\n| gateways interested, of 4 | µs CPU per broadcast of a room of 8 |\n|---|---|", flush=True)
        cluster = Cluster(4, 1)
        every = cluster.ports
        for interested in (1, 2, 4):
            cluster.ports = every[:interested]
            arguments = "fanout -c 1600 --rooms 200 --rate 1000 --duration 10"
            load(phxload, cluster, arguments)
            values = []
            for _ in range(repeat):
                seen = load(phxload, cluster, arguments)
                values.append(seen["server_cpu_us_per_delivery"] * seen["deliveries_per_s"] / seen["sent_per_s"])
            print(f"| {interested} | {median(values)} |", flush=True)
        cluster.stop()

    if wanted("topics"):
        print("\n| 200,000 topics with two members each, on 4,000 sockets | Pss |\n|---|---|", flush=True)
        cluster = Cluster(2, 3)
        load(phxload, cluster, "storm -c 1000 --inflight 64 --rounds 2")
        load(phxload, cluster, "idle -c 4000 --duration 3")
        held = {}

        def memory():
            return [sum(process.memory() for process in of) for of in (cluster.gateways, cluster.channels)]

        def look():
            time.sleep(look.after)
            held["memory"] = memory()

        look.after = 60
        before = memory()
        watcher = threading.Thread(target=look)
        watcher.start()
        load(phxload, cluster, "idle -c 4000 --ramp 200 --topics-per-conn 100 --rooms 200000 --duration 60"
             " --connect-timeout 60")
        watcher.join()
        for name, was, now in zip(("two gateways, for each joined topic of a socket", "three channel nodes, for each member"), before, held["memory"]):
            print(f"| {name} | {(now - was) / 400_000:.2f} KB |", flush=True)
        cluster.stop()

    if wanted("storm"):
        print("\n| 5,000 clients reconnect and join, 2 gateways, 3 channel nodes | s |\n|---|---|", flush=True)
        cluster = Cluster(2, 3)
        for arguments in WARM_UP:
            load(phxload, cluster, arguments)
        quiet = load(phxload, cluster, "storm -c 5000 --inflight 256 --rounds 3", tolerate=True)
        print(f"| all nodes there | {quiet['worst_round_s']:.2f} |", flush=True)
        killer = threading.Timer(1.0, lambda: cluster.channels[0].stop(signal.SIGKILL))
        killer.start()
        during = load(phxload, cluster, "storm -c 5000 --inflight 256 --rounds 6", tolerate=True)
        killer.join()
        print(f"| a channel node is killed in between | {during['worst_round_s']:.2f} |", flush=True)
        print(f"\nrefused or failed meanwhile: {during['failures']}", flush=True)
        cluster.stop()


if __name__ == "__main__":
    main()
