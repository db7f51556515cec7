// The event serializer `capnp-v1`: Zeek's events to and from Cap'n Proto, without detours.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "zeek/cluster/Event.h"
#include "zeek/cluster/Serializer.h"

#include "ValReader.h"
#include "zeekwire.h"

namespace zeek::cluster::zeekwire {

/// Main thread only, as all that touches values. Keeps its encoders and its decoder, so that once
/// warm it allocates nothing but the values of received events.
class EventSerializer final : public zeek::cluster::EventSerializer {
public:
    /// Gives the script enum `Cluster::EVENT_SERIALIZER_ZEEKWIRE_CAPNP_V1`.
    static constexpr const char* COMPONENT_NAME = "Zeekwire_Capnp_V1";
    /// Names the format on the wire.
    static constexpr const char* FORMAT = "capnp-v1";

    /// The component's factory.
    static std::unique_ptr<zeek::cluster::EventSerializer> Instantiate();

    EventSerializer();

    bool SerializeEvent(byte_buffer& buf, const Event& event) override;
    std::optional<Event> UnserializeEvent(byte_buffer_span buf) override;

    /// As SerializeEvent(), without a copy: the payload, aligned to 8 bytes, stays where it is
    /// until the next call of Encode() or SerializeEvent(). False when the event cannot be sent;
    /// the reason was reported.
    bool Encode(const Event& event, const uint8_t** payload, size_t* size);

    /// As UnserializeEvent(). Read in place if aligned to 8 bytes; nothing of the payload is
    /// referred to afterwards. Nothing when it is no event for this node; the reason was reported.
    std::optional<Event> Decode(const uint8_t* payload, size_t size);

private:
    struct EncoderDelete {
        void operator()(zw_encoder* encoder) const { zw_encoder_delete(encoder); }
    };
    struct DecoderDelete {
        void operator()(zw_decoder* decoder) const { zw_decoder_delete(decoder); }
    };
    using EncoderPtr = std::unique_ptr<zw_encoder, EncoderDelete>;
    using DecoderPtr = std::unique_ptr<zw_decoder, DecoderDelete>;

    bool Fill(zw_encoder* encoder, const Event& event);
    EventHandler* FindHandler(std::string_view name);
    bool ReadArgs(EventHandler* handler, const zw_list& list, Args* args);
    zeek::detail::EventMetadataVectorPtr ReadMetadata(const char* event_name, size_t count);

    // One for each encoding under way: a &default expression that an encoding evaluates may itself
    // publish an event.
    std::vector<EncoderPtr> encoders;
    size_t encodings_under_way = 0;

    DecoderPtr decoder;
    ValReader reader;

    // Handlers by their own names. Zeek never removes a handler; what may change about one, such
    // as its function or its type, is looked up through it each time.
    std::unordered_map<std::string_view, EventHandler*> handlers;
};

} // namespace zeek::cluster::zeekwire
