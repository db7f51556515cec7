// The cluster backend `Zeekwire`: one instance for Zeek's scripts, the main one, and one for each
// WebSocket client. All share the runtime of the process.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "zeek/cluster/Backend.h"

#include "Message.h"

namespace zeek::cluster::zeekwire {

class EventSerializer;

class Backend final : public zeek::cluster::Backend {
public:
    /// The component's factory. Only the main instance gets a log serializer.
    static std::unique_ptr<zeek::cluster::Backend> Instantiate(
        std::unique_ptr<zeek::cluster::EventSerializer> event_serializer,
        std::unique_ptr<LogSerializer> log_serializer,
        std::unique_ptr<detail::EventHandlingStrategy> event_handling_strategy);

    ~Backend() override;

    /// A number that no other instance of this process ever has; not 0.
    uint64_t Serial() const { return serial; }

    /// Whether one of the instance's prefixes matches a topic.
    bool Wants(std::string_view topic) const;

    /// Takes an event that was received.
    void Receive(const Message& message);

    /// Takes a question or an answer that was received. False if it is no event for this node.
    bool ReceiveSurvey(const Message& message, uint64_t number);

    /// Takes a log batch that was received.
    void ReceiveLog(const Message& message);

    /// An event as bytes, which stay where they are until the next call or publication. False if it
    /// cannot be sent; the reason was reported.
    bool Encode(const Event& event, const char** format, Bytes* bytes);

private:
    // What the base class takes, and what of it this class has to know.
    Backend(std::unique_ptr<zeek::cluster::EventSerializer> event_serializer,
            std::unique_ptr<LogSerializer> log_serializer,
            std::unique_ptr<detail::EventHandlingStrategy> event_handling_strategy,
            zeek::cluster::EventSerializer* serializer, bool is_main);

    void DoInitPostScript() override;
    bool DoInit() override;
    void DoTerminate() override { Leave(); }
    bool DoPublishEvent(const std::string& topic, Event& event) override;
    bool DoPublishEvent(const std::string& topic, const std::string& format,
                        const byte_buffer& buf) override;
    bool DoSubscribe(const std::string& topic_prefix, SubscribeCallback callback) override;
    bool DoUnsubscribe(const std::string& topic_prefix) override;
    void DoReadyToPublishCallback(ReadyCallback callback) override;
    bool DoPublishLogWrites(const logging::detail::LogWriteHeader& header,
                            const std::string& format, byte_buffer& buf) override;

    void Leave();
    std::optional<Event> Decode(const Message& message);

    // The base class owns both and keeps them to itself.
    zeek::cluster::EventSerializer* serializer;
    EventSerializer* native; // The same, if it is ours.
    bool is_main;
    bool has_joined = false;
    bool has_left = false;
    uint64_t serial = 0;
    byte_buffer scratch;
    std::set<std::string, std::less<>> prefixes;
};

} // namespace zeek::cluster::zeekwire
