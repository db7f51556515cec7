// A received message as the backend looks at it, borrowed from the C library.

#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "zeekwire.h"

namespace zeek::cluster::zeekwire {

using Bytes = std::span<const std::byte>;

struct Message {
    std::string_view topic;
    std::string_view publisher;
    std::string_view format;
    Bytes payload;

    static Message Of(const zw_message* message) {
        size_t topic_size = 0, payload_size = 0;
        const char* topic = zw_message_topic(message, &topic_size);
        const uint8_t* payload = zw_message_payload(message, &payload_size);
        return {{topic, topic_size},
                zw_message_publisher(message),
                zw_message_format(message),
                {reinterpret_cast<const std::byte*>(payload), payload_size}};
    }
};

inline const uint8_t* Raw(Bytes bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

} // namespace zeek::cluster::zeekwire
