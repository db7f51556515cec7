// The topic prefixes that the backend instances of this process subscribed to. Each is subscribed
// once in the context, however many instances want it.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "zeek/cluster/Backend.h"

#include "zeekwire.h"

namespace zeek::cluster::zeekwire {

class Backend;

class Subscriptions {
public:
    using Callback = zeek::cluster::Backend::SubscribeCallback;
    using Info = zeek::cluster::Backend::SubscriptionCallbackInfo;

    /// What was subscribed before is passed on now. Without a context, which is how a process
    /// without a node runs, all subscriptions are effective from here on.
    void Start(zw_context* context);

    /// No callback is called from here on.
    void Stop();

    /// Adds one of `instance`'s prefixes. The callback is called once, here or from Deliver().
    /// Returns false if the prefix is no topic.
    bool Add(Backend* instance, const std::string& prefix, Callback callback);

    /// Takes one of `instance`'s prefixes back.
    void Remove(Backend* instance, const std::string& prefix);

    /// Forgets all that `instance` asked for, and its callbacks.
    void RemoveAll(Backend* instance);

    /// Calls the callbacks of subscriptions that became effective. Not from inside of zw_process():
    /// the callbacks may publish, subscribe or end an instance.
    void Deliver();

    bool HasResults() const { return ! results.empty(); }

private:
    enum class State { Queued, Pending, Effective };

    struct Waiter {
        Backend* instance;
        Callback callback;
    };

    struct Entry {
        State state = State::Queued;
        uint64_t generation = 0;
        std::vector<Backend*> users;
        std::vector<Waiter> waiters;
    };

    struct Result {
        Waiter waiter;
        std::string prefix;
        Info info;
    };

    struct Pending; // What the library hands back when a subscription is effective.

    bool Submit(const std::string& prefix, Entry& entry);
    void Finish(const std::string& prefix, Entry& entry, bool good, const std::string& message);
    void OnDone(const Pending& pending, zw_result result);

    bool started = false;
    bool stopped = false;
    zw_context* context = nullptr;
    uint64_t last_generation = 0;
    std::map<std::string, Entry, std::less<>> entries;
    std::vector<Result> results;
};

/// The filter that matches what a prefix matches.
std::string FilterOfPrefix(std::string_view prefix);

/// The prefix that a filter stands for, as FilterOfPrefix() made it; other filters as they are.
std::string PrefixOfFilter(std::string_view filter);

} // namespace zeek::cluster::zeekwire
