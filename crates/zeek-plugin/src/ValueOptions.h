// What scripts may choose about values. The plugin sets these from script constants.

#pragma once

namespace zeek::cluster::zeekwire {

/// Choices of the whole process. Set before the first event is sent or received.
struct ValueOptions {
    /// A received `any` becomes a value of its own type where one can be built, instead of the
    /// `Broker::Data` that Zeek's own serializers give to scripts.
    static inline bool concrete_any = false;

    /// Vectors and lists may have holes, on sending and on receiving. Otherwise an event with
    /// holes is refused, as Zeek's own serializers do.
    static inline bool vector_holes = false;
};

} // namespace zeek::cluster::zeekwire
