@0xac6ffea558ead5ba;
# Logs: streams, batches of rows in columns, and what senders and loggers say about them.
#
# A payload is one `LogMessage` with its segment table, not packed. Numbers inside `Data` are
# little-endian. Bits inside `Data` are counted from the lowest bit of the first byte.

struct LogMessage {
  union {
    none @0 :Void;
    # Never sent.

    # From senders.
    open @1 :Stream;
    # Defines a stream. Goes to a logger before the first batch that needs it.
    batch @2 :Batch;
    # Rows of one stream.
    append @3 :Append;
    # Bytes for a file.

    # From loggers.
    acknowledgement @4 :Acknowledgement;
    # Batches and appends that are safe.
    refusal @5 :Refusal;
    # A batch or an append that this logger does not take.
    want @6 :Want;
    # A stream's definition is missing here.
  }
}

struct Stream {
  # Where rows go, and their fields. What Zeek's log framework keeps for a writer.
  hash @0 :UInt64;
  # Of all that follows, as docs/protocol/logs.md defines it. Receivers verify it.
  stream @1 :Text;
  # The stream's id: "Conn::LOG".
  writer @2 :Text;
  # "Log::WRITER_ASCII"
  filter @3 :Text;
  # The filter's name: "default".
  path @4 :Text;
  # "conn"
  fields @5 :List(Field);
  # One at least.
}

struct Field {
  name @0 :Text;
  # "id.orig_h"
  secondaryName @1 :Text;
  # A null pointer means that there is none.
  type @2 :Type;
  element @3 :Type;
  # For sets and vectors: the type of their elements, which is neither. For others: void.
  optional @4 :Bool;
  # Whether Zeek declares it so. Any field may be unset.
}

enum Type {
  # The numbers are Zeek's. Types that no log holds are there to keep count.
  void @0;
  bool @1;
  int @2;
  count @3;
  double @4;
  time @5;
  # Seconds since the Unix epoch.
  interval @6;
  # Seconds.
  string @7;
  pattern @8;
  enum @9;
  # By its fully qualified name.
  port @10;
  addr @11;
  subnet @12;
  any @13;
  set @14;
  # Zeek's table without values.
  record @15;
  list @16;
  func @17;
  # As Zeek prints it.
  file @18;
  # By its name.
  vector @19;
}

struct Life {
  # One life of one node.
  name @0 :Text;
  startedUs @1 :UInt64;
  random @2 :UInt64;
}

struct BatchId {
  # Names a batch or an append for ever: it stays the same when it is sent again, to whomever.
  sender @0 :Life;
  sequence @1 :UInt64;
  # From 1, rising by one with each batch and each append of this life.
}

struct Batch {
  id @0 :BatchId;
  stream @1 :UInt64;
  # The hash of its stream.
  rowCount @2 :UInt32;
  # One at least.
  columns @3 :List(Column);
  # One for each field of the stream, in that order.
}

struct Column {
  # The values of one field in all rows, or the elements of all sets or vectors of a field.
  #
  # A row without a value holds a place all the same: zero, nothing, or the code 0.
  validity @0 :Data;
  # A bit for each row: 1 where there is a value. No bytes: every row has one. Otherwise as many
  # bytes as the rows take, and unused bits are 0.

  union {
    none @1 :Void;
    # No row has a value, and the validity says so.
    bits @2 :Data;
    # bool: a bit for each row; unused bits are 0.
    bytes1 @3 :Data;
    # count, int: one byte for each row. What does not fit takes one of the following.
    bytes2 @4 :Data;
    bytes4 @5 :Data;
    bytes8 @6 :Data;
    # count is unsigned, int two's complement of the width.
    doubles @7 :Data;
    # double, time, interval: IEEE 754, eight bytes for each row.
    ports @8 :Data;
    # port: four bytes for each row: 16 bits of number, 8 bits of protocol, as `PortProtocol` of
    # value.capnp has it, and 8 bits that are 0.
    addresses @9 :Addresses;
    # addr
    subnets @10 :Subnets;
    # subnet
    strings @11 :Strings;
    # string, enum, func, file
    dictionary @12 :Dictionary;
    # string, enum, func, file: where few different ones are in many rows.
    lists @13 :Lists;
    # set, vector
  }
}

struct Addresses {
  words @0 :Data;
  # Four bytes for each row: an IPv4 address in network byte order, or, for an IPv6 address, its
  # index in `wide`.
  isWide @1 :Data;
  # A bit for each row: 1 for an IPv6 address. No bytes: there is none.
  wide @2 :Data;
  # Sixteen bytes for each IPv6 address, in network byte order. No IPv4-mapped address.
}

struct Subnets {
  prefixes @0 :Data;
  # Sixteen bytes for each row, in network byte order; IPv4 addresses are mapped into IPv6.
  lengths @1 :Data;
  # A byte for each row: bits of the prefix, of 128. IPv4 lengths are 96 more than one writes.
}

struct Strings {
  ends @0 :Data;
  # Four bytes for each row: where its bytes end, and those of the next row start. They never fall.
  bytes @1 :Data;
  # As long as the last end says.
}

struct Dictionary {
  codes @0 :Data;
  # A byte for each row: which entry.
  ends @1 :Data;
  # Four bytes for each entry, as in `Strings`. At most 256 entries of at most 255 bytes.
  bytes @2 :Data;
}

struct Lists {
  ends @0 :Data;
  # Four bytes for each row: the index in `elements` at which its elements end, and those of the
  # next row start. They never fall.
  elements @1 :Column;
  # As many rows as the last end says. Holes of vectors have no value.
}

struct Append {
  # Bytes that go to the end of a file.
  id @0 :BatchId;
  path @1 :Text;
  # Names the file. What it means is the receiver's affair.
  bytes @2 :Data;
}

struct Acknowledgement {
  sender @0 :Life;
  level @1 :Level;
  sequences @2 :List(Range);
  # All batches and appends of the sender from the first to the last of each range.

  struct Range {
    first @0 :UInt64;
    last @1 :UInt64;
  }
}

enum Level {
  # How safe.
  received @0;
  # It arrived; nothing is promised.
  written @1;
  # The file has it: it survives the logger, not its machine.
  synced @2;
  # The disk has it.
}

struct Refusal {
  id @0 :BatchId;
  reason @1 :Reason;
  permanent @2 :Bool;
  # It would be refused again, here and by every logger like this one: do not send it again.
  text @3 :Text;
  # For people.

  enum Reason {
    unspecified @0;
    unknownStream @1;
    # The logger has no such stream, or no such writer.
    fieldMismatch @2;
    # The logger's stream has other fields.
    malformed @3;
    # The bytes are no batch.
    unwritable @4;
    # The logger cannot write just now: its disk is full, or its folder is gone.
    stopping @5;
    # The logger ends.
    unknownPath @6;
    # Nobody takes appends for this path.
  }
}

struct Want {
  stream @0 :UInt64;
  # The hash of the stream.
  id @1 :BatchId;
  # The batch that could not be read for lack of it, and is not kept: send it again behind the
  # definition.
}
