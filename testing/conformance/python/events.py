"""Reads and writes events with pycapnp, for the conformance tests.

    events.py SCHEMA_DIR read CASES PAYLOAD_DIR    print, as JSON, what each case's payload holds
    events.py SCHEMA_DIR write CASES PAYLOAD_DIR   write a payload for each case

README.md of this suite says how cases.json describes values.
"""

import json
import pathlib
import struct
import sys
import urllib.parse

import capnp


# Bytes that cases.json writes as they are: printable ASCII, but not the percent sign.
PLAIN = "".join(chr(byte) for byte in range(0x20, 0x7F) if chr(byte) != "%")


def bytes_to_text(data):
    return urllib.parse.quote_from_bytes(bytes(data), safe=PLAIN)


def text_to_bytes(text):
    return urllib.parse.unquote_to_bytes(text)


def float_to_bits(number):
    return struct.pack(">d", number).hex()


def bits_to_float(bits):
    return struct.unpack(">d", bytes.fromhex(bits))[0]


def read_values(values):
    return [read_value(value) for value in values]


def read_value(value):
    described = read_union(value)
    if value.ordered:
        described["ordered"] = True
    return described


def read_union(value):
    kind = str(value.which())
    if kind == "unset":
        return {kind: None}
    if kind in ("bool", "enum"):
        return {kind: getattr(value, kind)}
    if kind in ("count", "int"):
        return {kind: str(getattr(value, kind))}
    if kind in ("double", "time", "interval"):
        return {kind: float_to_bits(getattr(value, kind))}
    if kind == "string":
        return {kind: bytes_to_text(value.string)}
    if kind == "pattern":
        pattern = value.pattern
        return {
            kind: {
                "exact": bytes_to_text(pattern.exact),
                "anywhere": bytes_to_text(pattern.anywhere),
            }
        }
    if kind == "port":
        return {kind: {"number": value.port.number, "protocol": str(value.port.protocol)}}
    if kind == "addr":
        return {kind: bytes(value.addr).hex()}
    if kind == "subnet":
        subnet = value.subnet
        return {kind: {"address": bytes(subnet.address).hex(), "length": subnet.length}}
    if kind in ("set", "vector", "list"):
        return {kind: read_values(getattr(value, kind))}
    if kind == "table":
        keys, values = read_values(value.table.keys), read_values(value.table.values)
        return {kind: [list(entry) for entry in zip(keys, values, strict=True)]}
    if kind == "record":
        record = value.record
        parts = {"fields": read_values(record.fields), "names": list(record.names)}
        if record.typeName:
            parts["type"] = record.typeName
        return {kind: parts}
    if kind == "function":
        function = value.function
        captures = read_values(function.captures) if function.isClosure else None
        return {kind: {"name": function.name, "captures": captures}}
    if kind == "opaque":
        return {kind: {"type_id": value.opaque.typeId, "data": read_value(value.opaque.data)}}
    if kind == "any":
        return {kind: read_value(value.any)}
    raise ValueError(f"the schema has a kind that this program does not know: {kind}")


def read_event(event):
    return {
        "name": event.name,
        "args": read_values(event.args),
        "metadata": [
            {"id": str(fact.id), "value": read_value(fact.value)} for fact in event.metadata
        ],
    }


def write_values(builders, values):
    for builder, value in zip(builders, values, strict=True):
        write_value(builder, value)


def write_value(builder, described):
    builder.ordered = described.get("ordered", False)
    ((kind, value),) = ((name, part) for name, part in described.items() if name != "ordered")
    if kind in ("unset", "bool", "enum"):
        setattr(builder, kind, value)
    elif kind in ("count", "int"):
        setattr(builder, kind, int(value))
    elif kind in ("double", "time", "interval"):
        setattr(builder, kind, bits_to_float(value))
    elif kind == "string":
        builder.string = text_to_bytes(value)
    elif kind == "pattern":
        pattern = builder.init("pattern")
        pattern.exact = text_to_bytes(value["exact"])
        pattern.anywhere = text_to_bytes(value["anywhere"])
    elif kind == "port":
        port = builder.init("port")
        port.number = value["number"]
        port.protocol = value["protocol"]
    elif kind == "addr":
        builder.addr = bytes.fromhex(value)
    elif kind == "subnet":
        subnet = builder.init("subnet")
        subnet.address = bytes.fromhex(value["address"])
        subnet.length = value["length"]
    elif kind in ("set", "vector", "list"):
        write_values(builder.init(kind, len(value)), value)
    elif kind == "table":
        table = builder.init("table")
        write_values(table.init("keys", len(value)), [key for key, _ in value])
        write_values(table.init("values", len(value)), [entry for _, entry in value])
    elif kind == "record":
        record = builder.init("record")
        write_values(record.init("fields", len(value["fields"])), value["fields"])
        record.names = value["names"]
        if "type" in value:
            record.typeName = value["type"]
    elif kind == "function":
        function = builder.init("function")
        function.name = value["name"]
        function.isClosure = value["captures"] is not None
        if value["captures"]:
            write_values(function.init("captures", len(value["captures"])), value["captures"])
    elif kind == "opaque":
        opaque = builder.init("opaque")
        opaque.typeId = value["type_id"]
        write_value(opaque.init("data"), value["data"])
    elif kind == "any":
        write_value(builder.init("any"), value)
    else:
        raise ValueError(f"a case has a kind that this program does not know: {kind}")


def write_event(event, described):
    event.name = described["name"]
    write_values(event.init("args", len(described["args"])), described["args"])
    metadata = event.init("metadata", len(described["metadata"]))
    for fact, described_fact in zip(metadata, described["metadata"], strict=True):
        fact.id = int(described_fact["id"])
        write_value(fact.init("value"), described_fact["value"])


def main():
    schema_dir, command, cases_file, payload_dir = sys.argv[1:]
    schema = capnp.load(str(pathlib.Path(schema_dir) / "event.capnp"))
    cases = json.loads(pathlib.Path(cases_file).read_text(encoding="utf-8"))
    found = {}
    for name, described in cases.items():
        payload = pathlib.Path(payload_dir) / name
        if command == "read":
            with schema.Event.from_bytes(payload.read_bytes()) as event:
                found[name] = read_event(event)
        else:
            event = schema.Event.new_message()
            write_event(event, described)
            payload.write_bytes(event.to_bytes())
    if command == "read":
        json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
