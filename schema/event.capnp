@0xece1259f37b3f1f0;
# Events: the payload of format capnp-v1.
#
# A payload is one message with its segment table, not packed.

using Value = import "value.capnp".Value;

struct Event {
  name @0 :Text;
  # Fully qualified: "Module::event".

  args @1 :List(Value);
  # In the order of the event's declaration.

  metadata @2 :List(Metadata);
  # Facts about the event that are not arguments.
}

struct Metadata {
  id @0 :UInt64;
  # 1 is the network time at the origin, a time. Zeek keeps 1 to 199; packages use 200 and above.

  value @1 :Value;
}
