#include "LogOutbox.h"

#include <algorithm>

#include "zeek/Reporter.h"

#include "Options.h"

namespace zeek::cluster::zeekwire {

void LogOutbox::AddLogger(const std::string& name) {
    if ( std::ranges::find(loggers, name) == loggers.end() )
        loggers.push_back(name);
}

void LogOutbox::RemoveLogger(const std::string& name) { std::erase(loggers, name); }

bool LogOutbox::Publish(const std::string& format, std::vector<std::byte>& batch) {
    // Nothing overtakes what waits already.
    if ( batches.empty() && Send(format, batch) )
        return true;

    if ( queued_bytes + batch.size() > bytes_max ) {
        Drop(batch.size());
        return false;
    }

    ZEEKWIRE_DEBUG(DEBUG_LOGS, "log batch of %zu bytes waits, %zu loggers", batch.size(),
                   loggers.size());
    queued_bytes += batch.size();
    batches.push_back({format, std::move(batch)});
    return true;
}

bool LogOutbox::Flush() {
    bool sent = false;

    while ( ! batches.empty() && Send(batches.front().format, batches.front().bytes) ) {
        queued_bytes -= batches.front().bytes.size();
        batches.pop_front();
        sent = true;
    }

    return sent;
}

bool LogOutbox::Send(const std::string& format, Bytes bytes) {
    if ( ! context )
        return false;

    for ( size_t tries = 0; tries < loggers.size(); tries++ ) {
        const auto& logger = loggers[next_logger++ % loggers.size()];
        auto result = zw_publish_to_node(context, ZW_CLASS_LOG, logger.c_str(), format.c_str(),
                                         Raw(bytes), bytes.size());

        if ( result == ZW_OK ) {
            ZEEKWIRE_DEBUG(DEBUG_LOGS, "log batch of %zu bytes to %s", bytes.size(),
                           logger.c_str());
            ++sent_batches;
            return true;
        }

        // No logger will ever take it: it must not hold up the others.
        if ( result == ZW_TOO_LARGE ) {
            Drop(bytes.size());
            return true;
        }
    }

    return false;
}

void LogOutbox::Drop(size_t bytes) {
    ++dropped_batches;
    ++unreported;
    auto now = Clock::now();

    if ( now < next_report )
        return;

    next_report = now + report_interval;
    reporter->Warning("Zeekwire: %" PRIu64 " log batches were dropped, the last of %zu bytes: %s",
                      unreported, bytes,
                      loggers.empty() ? "no logger is up" : "the loggers do not keep up");
    unreported = 0;
}

} // namespace zeek::cluster::zeekwire
