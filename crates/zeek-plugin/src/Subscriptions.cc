#include "Subscriptions.h"

#include <algorithm>
#include <memory>

#include "zeek/Reporter.h"

#include "Options.h"

namespace zeek::cluster::zeekwire {

using CallbackStatus = zeek::cluster::Backend::CallbackStatus;

struct Subscriptions::Pending {
    Subscriptions* table;
    std::string prefix;
    uint64_t generation;
};

void Subscriptions::Start(zw_context* new_context) {
    context = new_context;
    started = true;

    for ( auto& [prefix, entry] : entries )
        if ( entry.state == State::Queued )
            Submit(prefix, entry);
}

void Subscriptions::Stop() {
    stopped = true;
    context = nullptr;
    results.clear();

    for ( auto& [prefix, entry] : entries )
        entry.waiters.clear();
}

bool Subscriptions::Add(Backend* instance, const std::string& prefix, Callback callback) {
    if ( stopped )
        return false;

    auto it = entries.try_emplace(prefix).first;
    Entry& entry = it->second;
    bool known = std::ranges::find(entry.users, instance) != entry.users.end();

    if ( ! known )
        entry.users.push_back(instance);

    if ( callback ) {
        if ( entry.state == State::Effective )
            results.push_back(
                {{instance, std::move(callback)}, prefix, {CallbackStatus::Success, std::nullopt}});
        // A second callback of the same instance would tell a WebSocket client of its subscription
        // twice.
        else if ( ! known )
            entry.waiters.push_back({instance, std::move(callback)});
    }

    return ! started || entry.state != State::Queued || Submit(it->first, entry);
}

void Subscriptions::Remove(Backend* instance, const std::string& prefix) {
    auto it = entries.find(prefix);

    if ( it == entries.end() )
        return;

    Entry& entry = it->second;

    for ( auto& waiter : entry.waiters )
        if ( waiter.instance == instance )
            results.push_back({std::move(waiter),
                               prefix,
                               {CallbackStatus::Error, "unsubscribed before it was effective"}});

    std::erase_if(entry.waiters, [&](const Waiter& waiter) { return waiter.instance == instance; });
    std::erase(entry.users, instance);

    if ( ! entry.users.empty() )
        return;

    if ( context && entry.state != State::Queued ) {
        ZEEKWIRE_DEBUG(DEBUG_TOPICS, "unsubscribe '%s'", prefix.c_str());
        auto filter = FilterOfPrefix(prefix);
        zw_topic_unsubscribe(context, nullptr, filter.data(), filter.size(), nullptr, nullptr);
    }

    entries.erase(it);
}

void Subscriptions::RemoveAll(Backend* instance) {
    std::vector<std::string> prefixes;

    for ( const auto& [prefix, entry] : entries )
        if ( std::ranges::find(entry.users, instance) != entry.users.end() )
            prefixes.push_back(prefix);

    for ( const auto& prefix : prefixes )
        Remove(instance, prefix);

    std::erase_if(results,
                  [&](const Result& result) { return result.waiter.instance == instance; });
}

void Subscriptions::Deliver() {
    // A callback may end an instance and with it take results away, so they are taken one by one.
    while ( ! results.empty() ) {
        Result result = std::move(results.front());
        results.erase(results.begin());
        result.waiter.callback(result.prefix, result.info);
    }
}

bool Subscriptions::Submit(const std::string& prefix, Entry& entry) {
    if ( ! context ) {
        entry.state = State::Effective;
        Finish(prefix, entry, true, "");
        return true;
    }

    ZEEKWIRE_DEBUG(DEBUG_TOPICS, "subscribe '%s'", prefix.c_str());
    entry.state = State::Pending;
    entry.generation = ++last_generation;

    auto filter = FilterOfPrefix(prefix);
    auto pending = std::make_unique<Pending>(Pending{this, prefix, entry.generation});
    auto done = [](zw_context*, zw_result result, void* cookie) {
        std::unique_ptr<Pending> pending(static_cast<Pending*>(cookie));
        pending->table->OnDone(*pending, result);
    };

    auto result =
        zw_topic_subscribe(context, nullptr, filter.data(), filter.size(), done, pending.get());

    if ( result == ZW_OK ) {
        (void)pending.release(); // The handler has it.
        return true;
    }

    std::string message = zw_context_strerror(context);
    reporter->Error("Zeekwire: cannot subscribe to '%s': %s", prefix.c_str(), message.c_str());
    entry.state = State::Queued;
    Finish(prefix, entry, false, message);
    return false;
}

void Subscriptions::Finish(const std::string& prefix, Entry& entry, bool good,
                           const std::string& message) {
    for ( auto& waiter : entry.waiters ) {
        Info info{good ? CallbackStatus::Success : CallbackStatus::Error, std::nullopt};

        if ( ! good )
            info.message = message;

        results.push_back({std::move(waiter), prefix, std::move(info)});
    }

    entry.waiters.clear();
}

void Subscriptions::OnDone(const Pending& pending, zw_result result) {
    if ( stopped )
        return;

    auto it = entries.find(pending.prefix);

    // Taken back, or taken back and made anew.
    if ( it == entries.end() || it->second.generation != pending.generation )
        return;

    ZEEKWIRE_DEBUG(DEBUG_TOPICS, "subscription to '%s' is effective: %s", pending.prefix.c_str(),
                   zw_result_name(result));
    it->second.state = State::Effective;
    Finish(it->first, it->second, result == ZW_OK, zw_result_name(result));
}

std::string FilterOfPrefix(std::string_view prefix) {
    // Every byte is escaped at worst, and an asterisk follows.
    std::string filter(2 * prefix.size() + 2, '\0');
    filter.resize(zw_topic_of_prefix(prefix.data(), prefix.size(), filter.data(), filter.size()));
    return filter;
}

std::string PrefixOfFilter(std::string_view filter) {
    std::string prefix;

    for ( size_t i = 0; i < filter.size(); i++ ) {
        if ( filter[i] == '*' )
            // A prefix has one star, at its end.
            return i + 1 == filter.size() ? prefix : std::string(filter);

        if ( filter[i] == '\\' && i + 1 < filter.size() )
            ++i;

        prefix += filter[i];
    }

    // A filter for one topic alone.
    return std::string(filter);
}

} // namespace zeek::cluster::zeekwire
