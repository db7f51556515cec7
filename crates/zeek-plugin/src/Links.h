// The connections and listeners of this process's node, and who waits for the first of them.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "zeek/EventHandler.h"
#include "zeek/cluster/Backend.h"

#include "zeekwire.h"

namespace zeek::cluster::zeekwire {

class Backend;

class Links {
public:
    using Clock = std::chrono::steady_clock;
    using Callback = zeek::cluster::Backend::ReadyCallback;

    /// Looks the script events up. After all scripts were parsed.
    void FindEvents();

    /// Without a context there are no links, and nothing to wait for.
    void Start(zw_context* context);

    /// Forgets all. No callback is called from here on.
    void Stop();

    /// Listens at an endpoint. Returns the endpoint that was bound; empty on failure.
    std::string Listen(const std::string& endpoint, bool insecure_remote);

    /// Connects to an endpoint, again and again. Returns the connection's number; 0 on failure.
    uint64_t Connect(const std::string& endpoint, bool publish, bool subscribe);

    /// Closes a connection once what waits was sent or `flush_max` has passed.
    bool Close(uint64_t link, std::chrono::milliseconds flush_max);

    /// The connection with a number; null if there is none.
    zw_connection* Find(uint64_t link) const;

    /// All connections with which this node starts were made.
    void Opened() { opened = true; }

    /// Calls back once the first connections are up or have failed, or at `deadline`. Called from
    /// here where there is nothing to wait for.
    void WhenReady(Backend* instance, Callback callback, Clock::time_point deadline);

    /// Drops the callbacks of an instance.
    void Forget(Backend* instance);

    /// Calls what is due.
    void Deliver(Clock::time_point now);

    /// Seconds until Deliver() has something to do; negative while it has not.
    double NextTimeout(Clock::time_point now) const;

    bool HasWaiters() const { return ! waiters.empty(); }

    /// A notice of the library. Valid for the call only.
    void OnLink(zw_link_change change, zw_connection* connection, const char* peer,
                const char* location, const char* reason);

private:
    struct Waiter {
        Backend* instance;
        Callback callback;
        Clock::time_point deadline;
    };

    struct Link {
        zw_connection* connection = nullptr;
        bool dialled = false;
        // Up, or failed once.
        bool settled = false;
    };

    bool IsReady() const;
    uint64_t NumberOf(zw_connection* connection);

    zw_context* context = nullptr;
    bool opened = false;
    bool stopped = false;
    uint64_t last_link = 0;
    std::map<uint64_t, Link> links;
    std::vector<zw_listener*> listeners;
    std::vector<Waiter> waiters;
    EventHandlerPtr link_up;
    EventHandlerPtr link_down;
};

} // namespace zeek::cluster::zeekwire
