// What one backend instance of this process published, on its way to the other instances of this
// process: a WebSocket client's events for Zeek's scripts, and the other way round.

#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "Message.h"

namespace zeek::cluster::zeekwire {

class Loopback {
public:
    struct Item {
        uint64_t from;
        std::string topic;
        std::string format;
        std::vector<std::byte> payload;
    };

    explicit Loopback(uint64_t bytes_max) : bytes_max(bytes_max) {}

    /// Takes a copy. False if there is no room.
    bool Push(uint64_t from, std::string_view topic, std::string_view format, Bytes payload) {
        if ( bytes_max > 0 && queued_bytes + Charge(topic, payload) > bytes_max )
            return false;

        queued_bytes += Charge(topic, payload);
        items.push_back(
            {from, std::string(topic), std::string(format), {payload.begin(), payload.end()}});
        return true;
    }

    Item Pop() {
        Item item = std::move(items.front());
        items.pop_front();
        queued_bytes -= Charge(item.topic, item.payload);
        return item;
    }

    bool IsEmpty() const { return items.empty(); }

private:
    static uint64_t Charge(std::string_view topic, Bytes payload) {
        return sizeof(Item) + topic.size() + payload.size();
    }

    uint64_t bytes_max;
    uint64_t queued_bytes = 0;
    std::deque<Item> items;
};

} // namespace zeek::cluster::zeekwire
