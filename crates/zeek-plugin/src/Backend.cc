#include "Backend.h"

#include <algorithm>

#include "zeek/Reporter.h"
#include "zeek/plugin/Manager.h"
#include "zeek/plugin/Plugin.h"

#include "EventSerializer.h"
#include "Runtime.h"

namespace zeek::cluster::zeekwire {

using detail::SerializationInfo;

std::unique_ptr<zeek::cluster::Backend> Backend::Instantiate(
    std::unique_ptr<zeek::cluster::EventSerializer> event_serializer,
    std::unique_ptr<LogSerializer> log_serializer,
    std::unique_ptr<detail::EventHandlingStrategy> event_handling_strategy) {
    auto* serializer = event_serializer.get();
    bool is_main = log_serializer != nullptr;
    return std::unique_ptr<Backend>(
        new Backend(std::move(event_serializer), std::move(log_serializer),
                    std::move(event_handling_strategy), serializer, is_main));
}

Backend::Backend(std::unique_ptr<zeek::cluster::EventSerializer> event_serializer,
                 std::unique_ptr<LogSerializer> log_serializer,
                 std::unique_ptr<detail::EventHandlingStrategy> event_handling_strategy,
                 zeek::cluster::EventSerializer* serializer, bool is_main)
    : zeek::cluster::Backend("Zeekwire", std::move(event_serializer), std::move(log_serializer),
                             std::move(event_handling_strategy)),
      serializer(serializer),
      native(dynamic_cast<EventSerializer*>(serializer)),
      is_main(is_main) {}

Backend::~Backend() { Leave(); }

bool Backend::Wants(std::string_view topic) const {
    return std::ranges::any_of(prefixes,
                               [&](const auto& prefix) { return topic.starts_with(prefix); });
}

void Backend::Receive(const Message& message) {
    if ( ! native || message.format != EventSerializer::FORMAT ) {
        ProcessEventMessage(message.topic, message.format, message.payload);
        return;
    }

    if ( auto event = Decode(message) )
        ProcessEvent(message.topic, std::move(*event));
}

bool Backend::ReceiveSurvey(const Message& message, uint64_t number) {
    auto event = Decode(message);

    if ( ! event )
        return false;

    Surveys::Mark(*event, number);
    return ProcessEvent(message.topic, std::move(*event));
}

std::optional<Event> Backend::Decode(const Message& message) {
    if ( message.format != serializer->Name() ) {
        reporter->Error("Zeekwire: an event in format %s arrived from %s, this node takes %s",
                        std::string(message.format).c_str(), std::string(message.publisher).c_str(),
                        serializer->Name().c_str());
        return std::nullopt;
    }

    auto event = native ? native->Decode(Raw(message.payload), message.payload.size()) :
                          serializer->UnserializeEvent(message.payload);

    if ( event )
        Telemetry().OnIncomingEvent(message.topic, event->HandlerName(),
                                    SerializationInfo{message.payload.size()});

    return event;
}

void Backend::ReceiveLog(const Message& message) {
    ProcessLogMessage(message.format, message.payload);
}

bool Backend::Encode(const Event& event, const char** format, Bytes* bytes) {
    if ( native ) {
        const uint8_t* payload = nullptr;
        size_t size = 0;

        if ( ! native->Encode(event, &payload, &size) )
            return false;

        *format = EventSerializer::FORMAT;
        *bytes = {reinterpret_cast<const std::byte*>(payload), size};
        return true;
    }

    scratch.clear();

    if ( ! serializer->SerializeEvent(scratch, event) )
        return false;

    *format = serializer->Name().c_str();
    *bytes = scratch;
    return true;
}

void Backend::DoInitPostScript() {
    if ( ! has_joined )
        serial = Runtime::Get().Attach(this);

    has_joined = true;
}

bool Backend::DoInit() {
    // A WebSocket client's instance shares what the main one started.
    return ! is_main || Runtime::Get().Start(this);
}

void Backend::Leave() {
    if ( ! has_joined || has_left )
        return;

    has_left = true;
    auto& runtime = Runtime::Get();

    // Nothing is waited for but at the end of the process: what a client published is in the
    // runtime's queues by now.
    if ( is_main )
        runtime.Stop();

    runtime.Detach(this);
}

bool Backend::DoPublishEvent(const std::string& topic, Event& event) {
    bool publish =
        PLUGIN_HOOK_WITH_RESULT(HOOK_PUBLISH_EVENT, HookPublishEvent(*this, topic, event), true);

    if ( ! publish )
        return true;

    const char* format = nullptr;
    Bytes bytes;

    if ( has_left || ! Encode(event, &format, &bytes) )
        return false;

    Telemetry().OnOutgoingEvent(topic, event.HandlerName(), SerializationInfo{bytes.size()});
    return Runtime::Get().Publish(*this, topic, format, bytes);
}

bool Backend::DoPublishEvent(const std::string& topic, const std::string& format,
                             const byte_buffer& buf) {
    return ! has_left && Runtime::Get().Publish(*this, topic, format.c_str(), buf);
}

bool Backend::DoSubscribe(const std::string& topic_prefix, SubscribeCallback callback) {
    if ( has_left )
        return false;

    prefixes.insert(topic_prefix);
    return Runtime::Get().GetSubscriptions().Add(this, topic_prefix, std::move(callback));
}

bool Backend::DoUnsubscribe(const std::string& topic_prefix) {
    if ( prefixes.erase(topic_prefix) > 0 && ! has_left )
        Runtime::Get().GetSubscriptions().Remove(this, topic_prefix);

    return true;
}

void Backend::DoReadyToPublishCallback(ReadyCallback callback) {
    if ( has_left )
        return;

    auto& runtime = Runtime::Get();
    runtime.GetLinks().WhenReady(this, std::move(callback),
                                 Runtime::Clock::now() + runtime.GetOptions().ready_timeout);
}

bool Backend::DoPublishLogWrites(const logging::detail::LogWriteHeader&, const std::string& format,
                                 byte_buffer& buf) {
    return ! has_left && Runtime::Get().PublishLog(format, buf);
}

} // namespace zeek::cluster::zeekwire
