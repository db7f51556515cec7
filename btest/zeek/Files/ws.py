"""A WebSocket client of Zeek, in the format of its API's version 1."""

import json
import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_to

from nodes import Failed, port

__all__ = ["Client", "ConnectionClosed"]


def _typed(value):
    """A Python value as the API wants it; pairs of a type and data stay what they are."""
    if isinstance(value, tuple):
        return {"@data-type": value[0], "data": value[1]}
    if isinstance(value, bool):
        return {"@data-type": "boolean", "data": value}
    if isinstance(value, int):
        return {"@data-type": "count", "data": value}
    if isinstance(value, str):
        return {"@data-type": "string", "data": value}
    if isinstance(value, list):
        return {"@data-type": "vector", "data": [_typed(element) for element in value]}
    raise TypeError(f"no type for {value!r}")


def _plain(data):
    """What the API says, as a Python value."""
    if data["@data-type"] in ("vector", "set"):
        return [_plain(element) for element in data["data"]]
    return data.get("data")


class Client:
    """One client. Making one waits until the server is there, and for its acknowledgement."""

    def __init__(self, topics, port_name="WEBSOCKET_PORT", name=None, seconds=20):
        url = f"ws://127.0.0.1:{port(port_name)}/v1/messages/json"
        headers = {"X-Application-Name": name} if name else None
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._socket = connect_to(url, additional_headers=headers, proxy=None)
                break
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        self._socket.send(json.dumps(topics))
        self.ack = json.loads(self._socket.recv(seconds))
        if self.ack.get("type") != "ack":
            raise Failed(f"no acknowledgement, but {self.ack}")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def publish(self, topic, event, *arguments, metadata=()):
        """Sends an event, with pairs of an id and a value as its metadata."""
        content = [1, 1, [event, list(arguments)]]
        if metadata:
            content[2].append([list(entry) for entry in metadata])
        message = {"type": "data-message", "topic": topic, **_typed(content)}
        self._socket.send(json.dumps(message))

    def receive(self, seconds=20):
        """The next event that comes: its topic, name and arguments."""
        message = json.loads(self._socket.recv(seconds))
        if message.get("type") != "data-message":
            raise Failed(f"no event, but {message}")
        event = _plain(message)[2]
        return message["topic"], event[0], event[1]

    def close(self):
        """Takes leave."""
        self._socket.close()

    def vanish(self):
        """Ends the connection without a word, with a reset."""
        import socket
        import struct

        raw = self._socket.socket
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()
