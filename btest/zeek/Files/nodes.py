"""Processes of a test: Zeek nodes and others, what they print, and signals to them.

A test runs `with Nodes() as nodes:`, starts processes, and waits for lines that they print. When
the block ends, or the test is killed, so do they. Waiting is bounded: it fails with all that every
process printed.
"""

import collections
import ctypes
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

# When a line came, and the mark behind it.
Line = collections.namedtuple("Line", "at text mark")

# Bounds hold on a busy machine too: where all is well, nothing takes near as long.
SECONDS_MAX = 20

FILES = os.path.dirname(os.path.abspath(__file__))

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def port(name="RENDEZVOUS_PORT"):
    """The number of a port that btest chose."""
    return int(os.environ[name].split("/")[0])


def _ends_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Failed(Exception):
    """What was waited for did not come."""


class Process:
    """One process, and the lines that it printed: `out` is standard output, `err` the other."""

    def __init__(self, name, command, folder, environment, changed):
        self.name = name
        self.out, self.err = [], []
        self.started_at = time.monotonic()
        self._changed = changed
        self._streams_left = 2
        os.makedirs(folder, exist_ok=True)
        self._child = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_ends_with_parent,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self._child.stdout, self.out), (self._child.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream, lines):
        for line in stream:
            text = line.decode(errors="replace").rstrip("\n")
            with self._changed:
                lines.append(Line(time.monotonic(), text, len(lines) + 1))
                self._changed.notify_all()
        with self._changed:
            self._streams_left -= 1
            self._changed.notify_all()

    def mark(self):
        """Where to begin to look for lines from now on."""
        with self._changed:
            return len(self.out)

    def texts(self, pattern="", since=0):
        """The lines of standard output that match, from a mark on."""
        with self._changed:
            return [line.text for line in self.out[since:] if re.search(pattern, line.text)]

    def has_error(self, pattern):
        """Whether a line of standard error matches."""
        with self._changed:
            return any(re.search(pattern, line.text) for line in self.err)

    def wait_for(self, pattern, since=0, count=1, seconds=SECONDS_MAX, of="out"):
        """The first line that matches, from a mark on; with `count`, the last of so many."""
        deadline = time.monotonic() + seconds
        lines = getattr(self, of)
        with self._changed:
            seen, found = since, 0
            while True:
                for line in lines[seen:]:
                    seen += 1
                    found += bool(re.search(pattern, line.text))
                    if found == count:
                        return line
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Failed(f"{self.name}: no /{pattern}/ after {seconds} s")
                if self._streams_left == 0:
                    raise Failed(f"{self.name}: ended without /{pattern}/")
                self._changed.wait(left)

    def signal(self, number):
        self._child.send_signal(number)

    def is_running(self):
        return self._child.poll() is None

    def wait(self, seconds=SECONDS_MAX):
        """Its exit code, once it ended and all that it printed was read."""
        try:
            code = self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name}: still runs after {seconds} s") from None
        for reader in self._readers:
            reader.join(seconds)
        return code

    def end(self):
        """Asks it to end, and returns its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """Ends it without asking."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def told(self):
        """All that it printed, for people."""
        parts = [f"----- {self.name}, exit code {self._child.poll()}"]
        for title, lines in (("out", self.out), ("err", self.err)):
            parts += [f"{title} {line.at - self.started_at:7.3f} {line.text}" for line in lines]
        return "\n".join(parts)


class Nodes:
    """The processes of a test."""

    def __init__(self):
        self._changed = threading.Condition()
        self._all = []
        self._zeeks = []
        self.current = {}

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for process in self._all:
            if process.is_running():
                process.signal(signal.SIGKILL)
                process.signal(signal.SIGCONT)
        if error is not None and not isinstance(error, (SystemExit, KeyboardInterrupt)):
            for process in self._all:
                process.wait()
                print(process.told(), file=sys.stderr)
        return False

    def __getitem__(self, name):
        return self.current[name]

    def run(self, name, command, **environment):
        """Starts a program in a folder of its name."""
        if isinstance(command, str):
            command = shlex.split(command)
        variables = dict(os.environ)
        variables.update({key: str(value) for key, value in environment.items()})
        process = Process(name, command, name, variables, self._changed)
        self._all.append(process)
        self.current[name] = process
        return process

    def zeek(self, name, *scripts, folder=None, **environment):
        """Starts the Zeek `name` of the layout, see `zeek-node`, with scripts of the test
        or of this folder."""
        folder = folder or name
        layout = os.path.join(folder, "cluster-layout.zeek")
        os.makedirs(folder, exist_ok=True)
        if not os.path.exists(layout):
            own = "../cluster-layout.zeek"
            is_own = os.path.exists("cluster-layout.zeek")
            os.symlink(own if is_own else f"{FILES}/cluster-layout.zeek", layout)
        command = ["stdbuf", "-oL", "zeek", "-b", f"{FILES}/node.zeek"]
        for script in scripts:
            command.append(f"../{script}" if os.path.exists(script) else f"{FILES}/{script}")
        process = self.run(folder, command, CLUSTER_NODE=name, **environment)
        self._zeeks.append(process)
        return process

    def membership(self, names, *scripts):
        """Starts nodes with `membership.zeek`, and waits until everybody hears everybody."""
        for name in names:
            self.zeek(name, "membership.zeek", *scripts)
        for name in names:
            for other in others_of(name, names):
                self[name].wait_for(f"^beat {other} ")

    def told_errors(self):
        """What Zeeks wrote to standard error so far, but that they were told to end."""
        return [
            f"{process.name}: {plain(line.text)}"
            for process in self._zeeks
            for line in process.err
            if not line.text.endswith("received termination signal")
        ]

    def zeekwire(self, name, *arguments):
        """Starts the program `zeekwire`."""
        return self.run(name, [os.environ["ZEEKWIRE"], *arguments])


def plain(text):
    """A message without what differs from run to run: lines of scripts, lives of nodes."""
    text = re.sub(r"( in|^) ?(\S+|<params>), line \d+:", r":", text).lstrip(": ")
    return re.sub(r"@\d+\.[0-9a-f]+", "@LIFE", text)


def wait_until(claim, what, seconds=SECONDS_MAX):
    """Waits until a function returns something true, and returns it."""
    deadline = time.monotonic() + seconds
    while not (result := claim()):
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not so after {seconds} s")
        time.sleep(0.02)
    return result


def others_of(name, names):
    """All names but one."""
    return [other for other in names if other != name]


def alternates(process, name):
    """Whether ups and downs of a node took turns for another one, and how they went."""
    changes = [text.split()[0] for text in process.texts(rf"^(up|down) {re.escape(name)}( |$)")]
    expected = ["up" if i % 2 == 0 else "down" for i in range(len(changes))]
    if changes != expected:
        raise Failed(f"{process.name}: ups and downs of {name} do not take turns: {changes}")
    return changes
