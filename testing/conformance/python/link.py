"""Reads and writes what two ends of a link say to each other.

    link.py SCHEMA_DIR read|write CASES FOLDER

CASES maps names to neutral forms; a name that starts with "envelope" is an Envelope, any other a
Control. Messages are one segment without a table: the frame's header says how long they are.
"""

import json
import pathlib
import struct
import sys

import capnp


def with_table(segment):
    return struct.pack("<II", 0, len(segment) // 8) + segment


def neutral(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {name: neutral(member) for name, member in value.items()}
    if isinstance(value, list):
        return [neutral(element) for element in value]
    return value


def fill(builder, described):
    for name, value in described.items():
        if isinstance(value, dict):
            fill(builder.init(name), value)
        elif name == "topic":
            builder.topic = value.encode("latin-1")
        elif name == "filters":
            builder.filters = [filter.encode("latin-1") for filter in value]
        else:
            setattr(builder, name, value)


def main():
    schema_dir, command, cases_file, folder = sys.argv[1:]
    schema = capnp.load(str(pathlib.Path(schema_dir) / "link.capnp"))
    cases = json.loads(pathlib.Path(cases_file).read_text(encoding="utf-8"))
    found = {}
    for name, described in cases.items():
        kind = schema.Envelope if name.startswith("envelope") else schema.Control
        path = pathlib.Path(folder) / name
        if command == "read":
            with kind.from_bytes(with_table(path.read_bytes())) as message:
                found[name] = neutral(message.to_dict())
        else:
            message = kind.new_message()
            fill(message, described)
            written = message.to_bytes()
            assert written[:4] == bytes(4), "one segment"
            path.write_bytes(written[8:])
    if command == "read":
        json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
