#include "Links.h"

#include <algorithm>

#include "zeek/Event.h"
#include "zeek/EventRegistry.h"
#include "zeek/Val.h"

#include "Options.h"

namespace zeek::cluster::zeekwire {

using ReadyInfo = zeek::cluster::Backend::ReadyCallbackInfo;
using CallbackStatus = zeek::cluster::Backend::CallbackStatus;

void Links::FindEvents() {
    link_up = event_registry->Register("Cluster::Backend::Zeekwire::link_up");
    link_down = event_registry->Register("Cluster::Backend::Zeekwire::link_down");
}

void Links::Start(zw_context* new_context) {
    context = new_context;
    opened = ! context;
}

void Links::Stop() {
    stopped = true;
    context = nullptr;
    waiters.clear();
    links.clear();
    listeners.clear();
}

std::string Links::Listen(const std::string& endpoint, bool insecure_remote) {
    if ( ! context )
        return "";

    uint32_t flags =
        ZW_AUTO_PUBLISH | ZW_AUTO_SUBSCRIBE | (insecure_remote ? ZW_INSECURE_REMOTE : 0);
    const char* bound = nullptr;
    auto* listener =
        zw_connection_listen(context, nullptr, endpoint.c_str(), flags, nullptr, nullptr, &bound);

    if ( ! listener )
        return "";

    listeners.push_back(listener);
    ZEEKWIRE_DEBUG(DEBUG_LINKS, "listening at %s", bound);
    return bound;
}

uint64_t Links::Connect(const std::string& endpoint, bool publish, bool subscribe) {
    if ( ! context )
        return 0;

    uint32_t flags = (publish ? ZW_AUTO_PUBLISH : 0) | (subscribe ? ZW_AUTO_SUBSCRIBE : 0);
    auto* connection = zw_connection_open(context, nullptr, endpoint.c_str(), flags);

    if ( ! connection )
        return 0;

    auto number = ++last_link;
    links[number] = {connection, true, false};
    ZEEKWIRE_DEBUG(DEBUG_LINKS, "connection %" PRIu64 " to %s", number, endpoint.c_str());
    return number;
}

bool Links::Close(uint64_t link, std::chrono::milliseconds flush_max) {
    auto it = links.find(link);

    // Accepted connections belong to the library until their end.
    if ( it == links.end() || ! it->second.dialled )
        return false;

    auto* connection = it->second.connection;
    links.erase(it);
    return zw_connection_close(connection, static_cast<uint32_t>(flush_max.count())) == ZW_OK;
}

zw_connection* Links::Find(uint64_t link) const {
    auto it = links.find(link);
    return it == links.end() ? nullptr : it->second.connection;
}

void Links::WhenReady(Backend* instance, Callback callback, Clock::time_point deadline) {
    if ( stopped )
        return;

    if ( IsReady() )
        callback(ReadyInfo{CallbackStatus::Success, std::nullopt});
    else
        waiters.push_back({instance, std::move(callback), deadline});
}

void Links::Forget(Backend* instance) {
    std::erase_if(waiters, [&](const Waiter& waiter) { return waiter.instance == instance; });
}

void Links::Deliver(Clock::time_point now) {
    if ( waiters.empty() )
        return;

    auto is_due = [&, ready = IsReady()](const Waiter& waiter) {
        return ready || waiter.deadline <= now;
    };

    // A callback may end an instance, which takes other callbacks away, so each is looked for anew.
    for ( auto it = std::ranges::find_if(waiters, is_due); it != waiters.end();
          it = std::ranges::find_if(waiters, is_due) ) {
        auto callback = std::move(it->callback);
        waiters.erase(it);
        callback(ReadyInfo{CallbackStatus::Success, std::nullopt});
    }
}

double Links::NextTimeout(Clock::time_point now) const {
    if ( waiters.empty() )
        return -1;

    if ( IsReady() )
        return 0;

    auto next = std::ranges::min(waiters, {}, &Waiter::deadline).deadline;
    return std::max(0.0, std::chrono::duration<double>(next - now).count());
}

void Links::OnLink(zw_link_change change, zw_connection* connection, const char* peer,
                   const char* location, const char* reason) {
    if ( stopped )
        return;

    auto number = NumberOf(connection);
    auto text = [](const char* p) { return make_intrusive<StringVal>(p ? p : ""); };
    ZEEKWIRE_DEBUG(DEBUG_LINKS, "link %" PRIu64 " change %d peer %s at %s: %s", number,
                   static_cast<int>(change), peer ? peer : "", location ? location : "",
                   reason ? reason : "");

    if ( change != ZW_LINK_UP )
        links[number].settled = true;

    if ( change == ZW_LINK_READY && link_up )
        event_mgr.Enqueue(link_up, val_mgr->Count(number), text(peer), text(location));

    if ( change != ZW_LINK_DOWN && change != ZW_LINK_FAILED )
        return;

    if ( link_down )
        event_mgr.Enqueue(link_down, val_mgr->Count(number), text(peer), text(location),
                          text(reason));

    if ( ! links[number].dialled )
        links.erase(number);
}

bool Links::IsReady() const {
    return opened && std::ranges::all_of(links, [](const auto& entry) {
               return entry.second.settled || ! entry.second.dialled;
           });
}

uint64_t Links::NumberOf(zw_connection* connection) {
    for ( const auto& [number, link] : links )
        if ( link.connection == connection )
            return number;

    links[++last_link] = {connection, false, false};
    return last_link;
}

} // namespace zeek::cluster::zeekwire
