@0xf0e17b7183533d53;
# Values of every type that Zeek scripts know.
#
# Readers must treat an unknown member of the union as "sent by a newer peer", never as damage.

struct Value {
  # One value. Containers hold values; nesting is bounded by the reader (see docs/limits.md).

  union {
    unset @0 :Void;
    # Nothing: an unset record field, or a hole in a vector.

    bool @1 :Bool;
    count @2 :UInt64;
    int @3 :Int64;
    double @4 :Float64;

    time @5 :Float64;
    # Seconds since the Unix epoch.

    interval @6 :Float64;
    # Seconds.

    string @7 :Data;
    # Any bytes; not necessarily UTF-8.

    pattern @8 :Pattern;

    enum @9 :Text;
    # The fully qualified name, such as "Notice::Tally".

    port :group {
      number @10 :UInt16;
      protocol @11 :PortProtocol;
    }

    addr @12 :Data;
    # Network byte order: 4 bytes for IPv4, 16 for IPv6. Writers send IPv4 as 4 bytes; readers
    # take an IPv4-mapped IPv6 address as the IPv4 address.

    subnet :group {
      address @13 :Data;
      # As addr: 4 or 16 bytes. An IPv4-mapped address of 16 bytes keeps its length of 0 to 128.

      length @14 :UInt8;
      # Bits of the prefix in the address's own family: 0 to 32 or 0 to 128.
    }

    set @15 :List(Value);
    # No element twice; any order, which is to be kept if it is ordered. A composite element is a
    # list.

    table @16 :Table;
    record @17 :Record;

    vector @18 :List(Value);
    # Holes are unset.

    list @19 :List(Value);
    # A composite index.

    function @20 :Function;
    opaque @21 :Opaque;

    any @22 :Value;
    # A value whose declared type is any.
  }

  ordered @23 :Bool;
  # Of a set or table: the order of its elements means something.
}

enum PortProtocol {
  unknown @0;
  tcp @1;
  udp @2;
  icmp @3;
}

struct Pattern {
  # The two regular expressions that Zeek compiles.

  exact @0 :Data;
  # Matches a whole string.

  anywhere @1 :Data;
  # Matches anywhere in a string.
}

struct Table {
  keys @0 :List(Value);
  # No key twice; any order, as that of a set. A composite key is a list.

  values @1 :List(Value);
  # As many as keys: the value at an index belongs to the key at that index.
}

struct Record {
  fields @0 :List(Value);
  # In the order of the record's declaration; unset where a field has no value.

  names @1 :List(Text);
  # As many as fields, or none when the sender leaves them out.

  typeName @2 :Text;
  # The fully qualified name of the type, such as "Conn::Info". Empty when the sender leaves it out:
  # a receiver whose declaration names the type has no use for it.
}

struct Function {
  name @0 :Text;
  # The fully qualified name.

  captures @1 :List(Value);
  # What a closure captured. Empty when isClosure is false.

  isClosure @2 :Bool;
}

struct Opaque {
  typeId @0 :Text;
  # Names the type, such as "CardinalityVal".

  data @1 :Value;
  # What the type's own serialization made of the value.
}
