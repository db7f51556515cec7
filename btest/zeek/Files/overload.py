"""A publisher, a subscriber that keeps up and one that does not: what becomes of a flood."""

import os
import re
import signal
import subprocess
import sys

from nodes import Nodes, others_of, port

PREFIX = "zeek_cluster_zeekwire_"


class Flood:
    """Nodes with `flood.zeek` and the test's `settings.zeek`, and the part that each plays."""

    def __init__(self, **roles):
        self.roles = {name.replace("_", "-"): role for name, role in roles.items()}
        self.nodes = Nodes()
        self.source, self.slow = self._with_role("source"), self._with_role("slow")
        self.steady = self._with_role("steady")

    def _with_role(self, role):
        return next((name for name in self.roles if self.roles[name] == role), None)

    def __enter__(self):
        try:
            self._start()
        except Exception:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, *error):
        return self.nodes.__exit__(*error)

    def _start(self):
        for name, role in self.roles.items():
            scripts = ("membership.zeek", "flood.zeek", "settings.zeek")
            self.nodes.zeek(name, *scripts, FLOOD=role)
        for name in self.roles:
            for other in others_of(name, self.roles):
                self.nodes[name].wait_for(f"^beat {other} ")

    def command(self, event):
        """Raises an event on all nodes but a stopped one."""
        subprocess.run(
            [
                os.environ["ZEEKWIRE"], "pub", "--connect", f"tcp://127.0.0.1:{port()}",
                "control/", f"Flood::flood_{event}",
            ],
            check=True,
        )  # fmt: skip

    def stop_slow(self):
        self.nodes[self.slow].signal(signal.SIGSTOP)

    def continue_slow(self):
        self.nodes[self.slow].signal(signal.SIGCONT)

    def run(self):
        """Floods. Returns how many events were accepted, and how many refused."""
        self.command("begin")
        line = self.nodes[self.source].wait_for("^published")
        accepted, refused = map(int, re.findall(r"\d+", line.text))
        return accepted, refused

    def end(self):
        """Ends the flood, once all queues are empty."""
        self.command("end")

    def received(self, name):
        """What a node received: how many, the first and the last number, how many gaps."""
        line = self.nodes[name].wait_for("^received")
        return tuple(map(int, re.findall(r"\d+", line.text)))

    def metrics(self, name):
        """The metrics of a node that are not 0, by name and labels without their prefix."""
        mark = self.nodes[name].mark()
        self.command("metrics")
        self.nodes[name].wait_for("^metrics end", mark)
        words = [text.split(" ") for text in self.nodes[name].texts("^metric ", mark)]
        return {f"{name[len(PREFIX):]} {labels}": int(value) for _, name, labels, value in words}

    def refusals_told(self):
        """How many refused events each of the source's reports told of."""
        texts = [line.text for line in self.nodes[self.source].err]
        return [int(re.search(r"(\d+) events were refused", t)[1]) for t in texts if "refused" in t]
