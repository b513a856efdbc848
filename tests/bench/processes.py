"""Processes that are measured: how much of a processor and of the memory they use, as /proc tells."""

import os
import re
import signal
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 120
"""Seconds that anything may take to come."""


class Failure(Exception):
    """A part could not be measured."""


def cpu_seconds(pid):
    """Processor time of a process, its children not counted; to 10 ms."""
    # The name of the program, in parentheses, may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid, key="VmRSS"):
    """Memory of a process in MB (10^6 bytes): now, or with `VmHWM` at the most so far."""
    found = re.search(rf"^{key}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 / 1e6


def shared_memory(pid):
    """Memory of one of several processes of a program, in MB: of what they share it has its part."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 / 1e6


def cpu_share(pids, seconds):
    """The share of one processor that the processes use together in the coming `seconds`."""
    before, began = sum(map(cpu_seconds, pids)), time.monotonic()
    time.sleep(seconds)
    return (sum(map(cpu_seconds, pids)) - before) / (time.monotonic() - began)


def until(what, holds, within=PATIENCE):
    """Waits until `holds()` gives something, and gives that."""
    end = time.monotonic() + within
    while not (found := holds()):
        if time.monotonic() > end:
            raise Failure(f"{what} did not come within {within} s")
        time.sleep(0.1)
    return found


@contextmanager
def running(command, log, **options):
    """Runs a program until the block ends; its output goes to the file `log`."""
    with open(log, "ab") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Daemon:
    """A running `aircheck run` in a folder of its own."""

    def __init__(self, process, folder):
        self.process, self.pid, self.folder = process, process.pid, folder
        self.log = folder / "run.log"

    def says(self, words):
        """Waits for `words` (a pattern) in the log, and gives the match."""

        def found():
            if self.process.poll() is not None:
                raise Failure(f"aircheck ended:\n{self.log.read_text()[-2000:]}")
            return re.search(words, self.log.read_text())

        return until(f"`{words}` in the log of aircheck", found)

    def url(self, path):
        """An address of the page."""
        return self.says(r"the page is at (http://\S+)")[1].rstrip("/") + path

    def get(self, path):
        """What the page answers at `path`."""
        with urllib.request.urlopen(self.url(path), timeout=PATIENCE) as answer:
            return answer.read().decode()

    def first_byte(self, path):
        """Waits for the first byte of what is at `path`."""
        with urllib.request.urlopen(self.url(path), timeout=PATIENCE) as answer:
            if not answer.read(1):
                raise Failure(f"nothing is at {path}")

    def post(self, path, body=b"{}"):
        """Sends JSON to `path`."""
        request = urllib.request.Request(self.url(path), body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=PATIENCE).close()

    def slowest(self, path, times=5):
        """How many milliseconds the slowest of several answers takes."""

        def one():
            began = time.monotonic()
            self.get(path)
            return (time.monotonic() - began) * 1000

        return max(one() for _ in range(times))

    def metric(self, name):
        """A figure of /metrics, with its labels in its name."""
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.get("/metrics"), re.MULTILINE)
        if not found:
            raise Failure(f"/metrics has no {name}")
        return float(found[1])

    def configure(self, yaml):
        """Gives it another file, and waits until it has read that."""
        before = self.log.read_text().count("configuration read again")
        write_configuration(self.folder, yaml)
        until("a reload", lambda: self.log.read_text().count("configuration read again") > before)


def write_configuration(folder, yaml):
    head = "timezone: UTC\nstate: state\noutput: recordings\nmin_free: 1 MiB\n"
    (folder / "new.yaml").write_text(head + yaml)
    (folder / "new.yaml").replace(folder / "stations.yaml")


@contextmanager
def aircheck(binary, folder, yaml):
    """Runs the service with this file until the block ends."""
    folder.mkdir(exist_ok=True)
    write_configuration(folder, yaml)
    hidden = {"NOTIFY_SOCKET", "STATE_DIRECTORY", "RUST_LOG"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["AIRCHECK_CONFIG"] = str(folder / "stations.yaml")
    with running([binary, "run"], folder / "run.log", cwd=folder, env=environment) as process:
        daemon = Daemon(process, folder)
        daemon.says(r"aircheck \S+ runs")
        yield daemon
