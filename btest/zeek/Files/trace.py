"""Writes a trace of UDP packets, one a millisecond: trace.py COUNT FILE."""

import struct
import sys

COUNT = int(sys.argv[1])
ETHERNET, IPV4, UDP = 1, 0x0800, 17


def packet(number):
    """One datagram, with its number as the payload."""
    payload = struct.pack("!I", number)
    udp = struct.pack("!HHHH", 40000, 40001, 8 + len(payload), 0) + payload
    addresses = bytes([10, 0, 0, 1, 10, 0, 0, 2])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), number & 0xFFFF, 0, 64, UDP, 0) + addresses
    return bytes(6) + bytes(6) + struct.pack("!H", IPV4) + ip + udp


with open(sys.argv[2], "wb") as trace:
    trace.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, ETHERNET))

    for number in range(COUNT):
        data = packet(number)
        micros = number * 1000
        seconds, micros = 1700000000 + micros // 1000000, micros % 1000000
        trace.write(struct.pack("<IIII", seconds, micros, len(data), len(data)) + data)
