// The one node of this process: a context of the C library, the backend instances that share it,
// and what waits to be sent or told. Lives until the process ends; main thread only.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "zeek/EventHandler.h"

#include "Links.h"
#include "LogOutbox.h"
#include "Loopback.h"
#include "Message.h"
#include "Options.h"
#include "Refusals.h"
#include "Subscriptions.h"
#include "Surveys.h"
#include "zeekwire.h"

namespace zeek::cluster::zeekwire {

class Backend;
class Metrics;
class Source;

/// What this process sent and received, for metrics.
struct Traffic {
    uint64_t published_messages = 0;
    uint64_t published_bytes = 0;
    uint64_t received_messages = 0;
    uint64_t received_bytes = 0;
};

class Runtime {
public:
    using Clock = std::chrono::steady_clock;

    /// The runtime of this process; made by the first call, after all scripts were parsed.
    static Runtime& Get();

    /// The runtime, if there is one.
    static Runtime* Find();

    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    /// Instances take part from their initialisation to their end. Returns a number that no other
    /// instance of this process ever has.
    uint64_t Attach(Backend* instance);

    /// What the instance published before is still sent; nothing is called for it any more.
    void Detach(Backend* instance);

    /// Starts the node, under the id of the main instance. A process without a name runs without a
    /// node, and what its instances publish stays inside of it.
    bool Start(Backend* new_main);

    /// Sends what waits for a bounded time and ends the node. Idempotent.
    void Stop();

    /// Passes an event on to the cluster and to the other instances of this process. Never waits.
    /// False if it was refused.
    bool Publish(const Backend& from, const std::string& topic, const char* format, Bytes payload);

    /// Passes a log batch on to a logger. Never waits. False if it was dropped.
    bool PublishLog(const std::string& format, std::vector<std::byte>& batch);

    /// For the IO source: does what there is to do, within the budget.
    void Process();

    /// For the IO source: seconds until Process() should be called at the latest, negative for not
    /// at all. Called for every packet, so it must be cheap.
    double NextTimeout() const;

    zw_context* Context() const { return context; }
    const Options& GetOptions() const { return options; }
    Subscriptions& GetSubscriptions() { return subscriptions; }
    Links& GetLinks() { return links; }
    Surveys& GetSurveys() { return surveys; }
    const LogOutbox& GetLogOutbox() const { return outbox; }
    const Traffic& GetTraffic() const { return traffic; }
    Backend* Main() const { return main; }
    size_t MemberCount() const { return member_ids.size(); }

    /// What the node sees of itself, as JSON; empty without a node.
    std::string StatusJson() const;

    /// Why the last call of the library failed.
    std::string LastError() const;
    std::string LastErrorName() const;

private:
    enum class State { Idle, Running, Stopped };

    Runtime();

    bool Create(const std::string& name);
    bool InstallHandlers();
    void OnMember(zw_member_change change, const zw_member& member);
    void OnMemberUp(const std::string& name, const zw_member& member);
    void OnMemberDown(const std::string& name);
    void OnMessage(const zw_message* message);
    void OnTopic(std::string_view filter, bool subscribed);
    void Dispatch(const Message& message, uint64_t from);
    void DrainLoopback();
    void FlushLogs(Clock::time_point deadline);
    bool Refuse(zw_result result, const std::string& topic);
    zw_result RunContext();

    State state = State::Idle;
    Options options;
    zw_context* context = nullptr;
    Source* source = nullptr;
    Backend* main = nullptr;
    std::vector<Backend*> instances;
    // Ids of the members that are up, by name.
    std::map<std::string, std::string> member_ids;
    uint64_t last_instance = 0;
    bool reads_trace = false;

    // The last call found something, so the next one may.
    bool maybe_more = false;
    bool failed = false;

    Subscriptions subscriptions;
    Links links;
    Loopback loopback;
    LogOutbox outbox;
    Refusals refusals;
    Surveys surveys;
    Traffic traffic;
    std::unique_ptr<Metrics> metrics;

    EventHandlerPtr member_up;
    EventHandlerPtr member_down;
    EventHandlerPtr name_taken;
    EventHandlerPtr subscription;
    EventHandlerPtr unsubscription;
};

} // namespace zeek::cluster::zeekwire
