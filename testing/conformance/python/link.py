"""Reads and writes what two ends of a link say to each other.

    link.py SCHEMA_DIR read|write CASES FOLDER

A case whose name starts with "envelope" is an Envelope, any other a Control. All else is told by
the schema, which pycapnp walks: a new message or field needs no code here. Messages are one segment
without a table: the frame's header says how long they are.
"""

import json
import pathlib
import struct
import sys

import capnp

from events import bytes_to_text, text_to_bytes

INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}


def with_table(segment):
    return struct.pack("<II", 0, len(segment) // 8) + segment


def describe(value):
    if isinstance(value, bytes):
        return bytes_to_text(value)
    if isinstance(value, dict):
        return {name: describe(member) for name, member in value.items()}
    if isinstance(value, list):
        return [describe(element) for element in value]
    return value


def plain(described, kind, schema):
    """What pycapnp takes for a description; the schema is that of a struct or list, or None."""
    which = str(kind.which())
    if which in INTEGERS:
        return int(described)
    if which == "data":
        return text_to_bytes(described)
    if which == "struct":
        return plain_members(described, schema)
    if which == "list":
        kind = kind.list.elementType
        nested = str(kind.which()) in ("struct", "list")
        schema = schema.elementType if nested else None
        return [plain(element, kind, schema) for element in described]
    return described


def plain_members(described, schema):
    members = {}
    for name, member in described.items():
        field = schema.fields[name]
        if str(field.proto.which()) == "group":
            members[name] = plain_members(member, field.schema)
            continue
        kind = field.proto.slot.type
        nested = str(kind.which()) in ("struct", "list")
        members[name] = plain(member, kind, field.schema if nested else None)
    return members


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
                found[name] = describe(message.to_dict())
        else:
            message = kind.new_message(**plain_members(described, kind.schema))
            written = message.to_bytes()
            assert written[:4] == bytes(4), "one segment"
            path.write_bytes(written[8:])
    if command == "read":
        json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
