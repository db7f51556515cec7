// The script-level options of the backend, read once after all scripts were parsed.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "zeek/Val.h"

#include "zeekwire.h"

namespace zeek::cluster::zeekwire {

struct Options {
    uint64_t event_queue_bytes_max = 0;
    uint64_t queued_bytes_max = 0;
    uint64_t publish_bytes_max = 0;
    uint64_t receive_bytes_max = 0;
    uint64_t log_outbox_bytes_max = 0;
    uint64_t process_bytes_max = 0;
    zw_policy event_policy = ZW_BLOCK;
    zw_policy receive_policy = ZW_BLOCK;
    bool lossless = false;
    bool forwarding_rules = false;
    bool forwards_for_others = true;
    bool watch_topics = false;
    bool allow_insecure_remote = false;
    std::chrono::nanoseconds process_time_max{};
    std::chrono::milliseconds heartbeat_interval{};
    std::chrono::milliseconds silence_max{};
    std::chrono::milliseconds member_down_after{};
    std::chrono::milliseconds flush_timeout{};
    std::chrono::milliseconds ready_timeout{};
    std::chrono::milliseconds report_interval{};
    std::chrono::microseconds spin_time{};

    /// Reads them from the script constants. Ends Zeek with a helpful message where options.zeek
    /// was not loaded.
    static Options Read();

    /// The name of this process in the Zeekwire cluster, empty where it takes no part in it. Asks
    /// the script function, as do the labels of its pools.
    static std::string NodeName();
    static std::vector<std::string> PoolLabels();
};

/// Calls a script function of the module, without arguments. Null if it failed, which was reported.
ValPtr CallScript(const char* name);

enum DebugFlag : uint64_t { DEBUG_MESSAGES = 1, DEBUG_TOPICS = 2, DEBUG_LINKS = 4, DEBUG_LOGS = 8 };

/// The option debug_flags; zero means silence.
extern uint64_t debug_flags;

[[gnu::format(printf, 1, 2)]] void PrintDebug(const char* format, ...);

} // namespace zeek::cluster::zeekwire

#define ZEEKWIRE_DEBUG(flag, ...)                                                                  \
    do {                                                                                           \
        if ( ::zeek::cluster::zeekwire::debug_flags & (flag) )                                     \
            ::zeek::cluster::zeekwire::PrintDebug(__VA_ARGS__);                                    \
    } while ( false )
