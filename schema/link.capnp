@0xbc13d874db60265f;
# What two ends of a link say to each other, and what stands in front of every message.
#
# A link carries frames; docs/protocol/frames.md has their fixed header. A frame of class `control`
# holds one `Control`; every other frame holds an `Envelope` and an opaque payload. Both are single
# segment messages without a segment table: the header already says how long they are.

struct Envelope {
  # Travels in front of each payload and is verified on every hop.
  startedUs @0 :UInt64;
  # Incarnation of the publisher: microseconds since the Unix epoch at its start.
  random @1 :UInt64;
  # Incarnation of the publisher: tells apart lives that began at the same time.
  sequence @2 :UInt64;
  # Rises by at least one with each message of a publisher in a class. Gaps are not losses.
  topic @3 :Data;
  # 1 to 512 bytes.
  publisher @4 :Text;
  # Name of the publishing node.
  format @5 :Text;
  # Name of the payload's serializer.
}

struct Control {
  # One message between the two ends of a link; never forwarded.
  union {
    hello @0 :Hello;
    # First from each side.
    accept @1 :Void;
    # The listener's consent; the link is up.
    refuse @2 :Goodbye;
    # The listener's refusal; it closes after this.
    close @3 :Goodbye;
    # The last message of a side that ends the link.
    heartbeat @4 :Void;
    # Sent when nothing else was for a while; any byte proves life.
    subscribe @5 :Filters;
    # Adds filters: send me what matches them.
    unsubscribe @6 :Filters;
    # Takes filters back.
    done @7 :UInt64;
    # Answers a `Filters` with this token: it is effective here.
    credit @8 :Credit;
    # Moves the limit up to which the other side may send.
    dropped @9 :Dropped;
    # Reports messages of the other side that were dropped here.
  }
}

struct Hello {
  name @0 :Text;
  startedUs @1 :UInt64;
  random @2 :UInt64;
  role @3 :Role;
  features @4 :UInt64;
  # Bits of optional behaviour that the sender understands. Unknown bits are ignored.
  heartbeatMs @5 :UInt32;
  # The sender lets no more than this pass without a byte.
  messageBytesMax @6 :UInt64;
  # Longest message that the sender takes.
  creditLimits @7 :List(UInt64);
  # Bytes that may be sent before the first `credit`, by class number.
  program @8 :Text;
  # For people: what runs here, such as `zeekwire 0.1.0`.
}

enum Role {
  member @0;
  # Forwards, and takes part in routing and membership.
  client @1;
  # Attached to one member; never forwards.
}

struct Goodbye {
  reason @0 :Reason;
  text @1 :Text;
  # For people.
}

enum Reason {
  unspecified @0;
  shutdown @1;
  # The node ends.
  closed @2;
  # This link was closed by its owner.
  refusedByPolicy @3;
  # The accept hook said no.
  versionMismatch @4;
  protocolError @5;
  # The receiver of this message broke the protocol.
  overloaded @6;
  # The receiver of this message cannot keep up, and the policy is to disconnect.
  nameInUse @7;
  # Another live node holds this name.
  selfConnection @8;
  # Both ends are the same node.
}

struct Filters {
  token @0 :UInt64;
  # If not 0, the receiver answers `done` with it.
  filters @1 :List(Data);
  snapshotEnd @2 :Bool;
  # With this the sender's subscriptions at the time the link came up are complete.
}

struct Credit {
  class @0 :UInt8;
  limit @1 :UInt64;
  # The other side may send up to this many bytes of the class, counted from the link's start.
}

struct Dropped {
  class @0 :UInt8;
  messages @1 :UInt64;
  bytes @2 :UInt64;
  # Since the last report.
}
