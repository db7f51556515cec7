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
  survey @6 :UInt64;
  # If not 0, this is a question of the publisher's with this number; or, where the topic is its
  # `.node.<name>`, an answer to that question.
}

struct Control {
  # One message between the two ends of a link. Only `update`, `routed` and `trace` travel further.
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
    digest @9 :Digest;
    # First on a link that routes: which records the sender knows.
    update @10 :Update;
    # What one member says of itself, flooded over all links that route.
    synced @11 :Void;
    # Every record that the other side's digest lacked was sent before this.
    want @12 :NodeRef;
    # Send me the whole record of this member.
    routed @13 :Routed;
    # For one member, from hop to hop.
    trace @14 :Trace;
    # Goes where a publication would go, and tells its origin how.
  }
}

struct Hello {
  name @0 :Text;
  startedUs @1 :UInt64;
  random @2 :UInt64;
  role @3 :Role;
  features @4 :UInt64;
  # Bits of optional behaviour that the sender understands. Unknown bits are ignored.
  # Bit 0: routes over this link. A link routes if both sides say so.
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

struct NodeRef {
  # One life of one node.
  name @0 :Text;
  startedUs @1 :UInt64;
  random @2 :UInt64;
}

struct Digest {
  records @0 :List(Version);
  complete @1 :Bool;
  # No more parts follow.

  struct Version {
    node @0 :NodeRef;
    version @1 :UInt64;
  }
}

struct Update {
  # Brings the record of one member from one version to another. Applied as a whole, once all parts
  # are there.
  origin @0 :NodeRef;
  base @1 :UInt64;
  # The version that the changes start from; 0 for a whole record.
  version @2 :UInt64;
  # The version that they lead to.
  tree @3 :UInt32;
  # Names the origin's shortest-path tree in frame headers; not 0.
  complete @4 :Bool;
  # No more parts follow.
  confirm @5 :Bool;
  # The origin wants to hear from every member that has this version.
  added @6 :Items;
  removed @7 :Items;
}

struct Items {
  neighbours @0 :List(NodeRef);
  # Members over whose link the origin routes. An edge counts if both ends name each other.
  leaves @1 :List(NodeRef);
  # Members that are attached to the origin and do not route.
  superseded @2 :List(NodeRef);
  # Lives that ended, although some member may still believe in them. The origin names itself when
  # it is about to end: nobody need wait to see whether it comes back.
  filters @3 :List(Data);
  # What the origin and all that is attached to it subscribed to.
  pools @4 :List(Text);
  # Labels under which publishers find the origin.
  aliases @5 :List(Text);
  # What the origin's program calls this life of it: one at most.
}

struct Routed {
  to @0 :NodeRef;
  from @1 :NodeRef;
  hopLimit @2 :UInt8;
  union {
    confirm @3 :UInt64;
    # This version of the record of `to` is effective at `from`.
    ask @4 :UInt64;
    # Confirm this version of the record of `from`, or a later one, if it is effective at `to`.
    ping @5 :UInt64;
    # Are you alive? The answer carries the same number.
    pong @6 :UInt64;
    lost @7 :Lost;
    # Messages that entered the cluster at `to` were lost at `from`. A node that does not route
    # tells its peer, who passes it on.
    traced @8 :Trace;
    # How far a trace of `to` has come.
  }
}

struct Lost {
  publisher @0 :Text;
  class @1 :UInt8;
  cause @2 :Cause;
  messages @3 :UInt64;
  bytes @4 :UInt64;
  # Since the last report of the same kind.
  peer @5 :Text;
  # The node for which they were meant next; empty for local subscribers.
  tree @6 :UInt32;
  # The tree that they followed.

  enum Cause {
    unspecified @0;
    queueFull @1;
    # The queue of a link was full.
    inboxFull @2;
    # The inbox of a subscriber was full.
    tooLong @3;
    # Longer than the next node takes.
    linkLost @4;
    # Waited for a link that broke.
    hopLimit @5;
    noRoute @6;
    # The member whose tree it follows is not known.
  }
}

struct Trace {
  number @0 :UInt64;
  # Chosen by the origin.
  origin @1 :NodeRef;
  tree @2 :UInt32;
  topic @3 :Data;
  hops @4 :List(Hop);

  struct Hop {
    node @0 :Text;
    timeUs @1 :UInt64;
    # Wall clock of the node when the trace came, in microseconds since the Unix epoch.
    queuedBytes @2 :UInt64;
    # Events that waited for the link by which the trace left; 0 at the last hop.
    subscribed @3 :Bool;
    # Somebody at this node subscribed to the topic; or some group did, and the message would enter
    # the cluster here.
  }
}
