#include "Options.h"

#include <cstdarg>
#include <cstdio>

#include "zeek/Func.h"
#include "zeek/ID.h"
#include "zeek/Reporter.h"
#include "zeek/Val.h"
#include "zeek/util.h"

namespace zeek::cluster::zeekwire {

uint64_t debug_flags = 0;

namespace {

constexpr const char* MODULE = "Cluster::Backend::Zeekwire::";

std::string Qualified(const char* name) { return std::string(MODULE) + name; }

uint64_t Count(const char* name) { return zeek::id::find_val(Qualified(name))->AsCount(); }

bool Bool(const char* name) { return zeek::id::find_val(Qualified(name))->AsBool(); }

zw_policy Policy(const char* name) {
    return static_cast<zw_policy>(zeek::id::find_val(Qualified(name))->AsEnum());
}

// Negative intervals mean nothing here: they become zero.
template<typename Duration>
Duration Interval(const char* name) {
    double seconds = zeek::id::find_val(Qualified(name))->AsInterval();
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(seconds < 0 ? 0 : seconds));
}

} // namespace

ValPtr CallScript(const char* name) {
    const auto& function = zeek::id::find_func(Qualified(name));
    Args no_args;
    return function ? function->Invoke(&no_args) : nullptr;
}

Options Options::Read() {
    if ( ! zeek::id::find(Qualified("process_bytes_max")) )
        reporter->FatalError(
            "Cluster::backend is CLUSTER_BACKEND_ZEEKWIRE, but its scripts were not loaded: "
            "use @load frameworks/cluster/backend/zeekwire");

    Options options;
    options.event_queue_bytes_max = Count("event_queue_bytes_max");
    options.queued_bytes_max = Count("queued_bytes_max");
    options.publish_bytes_max = Count("publish_bytes_max");
    options.receive_bytes_max = Count("receive_bytes_max");
    options.log_outbox_bytes_max = Count("log_outbox_bytes_max");
    options.process_bytes_max = Count("process_bytes_max");
    options.event_policy = Policy("event_policy");
    options.receive_policy = Policy("receive_policy");
    options.lossless = Bool("lossless");
    options.forwarding_rules = Bool("forwarding_rules");
    options.forwards_for_others = Bool("forwards_for_others");
    options.watch_topics = Bool("watch_topics");
    options.allow_insecure_remote = Bool("allow_insecure_remote");
    options.process_time_max = Interval<std::chrono::nanoseconds>("process_time_max");
    options.heartbeat_interval = Interval<std::chrono::milliseconds>("heartbeat_interval");
    options.silence_max = Interval<std::chrono::milliseconds>("silence_max");
    options.member_down_after = Interval<std::chrono::milliseconds>("member_down_after");
    options.flush_timeout = Interval<std::chrono::milliseconds>("flush_timeout");
    options.ready_timeout = Interval<std::chrono::milliseconds>("ready_timeout");
    options.report_interval = Interval<std::chrono::milliseconds>("report_interval");
    options.spin_time = Interval<std::chrono::microseconds>("spin_time");
    debug_flags = Count("debug_flags");
    return options;
}

std::string Options::NodeName() {
    auto name = CallScript("node_name");
    return name ? name->AsStringVal()->ToStdString() : std::string();
}

std::vector<std::string> Options::PoolLabels() {
    std::vector<std::string> labels;

    // Only main.zeek knows of layouts.
    if ( ! zeek::id::find(Qualified("pool_labels")) )
        return labels;

    auto result = CallScript("pool_labels");

    if ( ! result )
        return labels;

    auto* vector = result->AsVectorVal();

    for ( unsigned int i = 0; i < vector->Size(); i++ )
        labels.push_back(vector->StringValAt(i)->ToStdString());

    return labels;
}

void PrintDebug(const char* format, ...) {
    fprintf(stderr, "%.6f zeekwire: ", util::current_time(true));
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

} // namespace zeek::cluster::zeekwire
