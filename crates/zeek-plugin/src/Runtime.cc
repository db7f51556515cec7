#include "Runtime.h"

#include <algorithm>
#include <csignal>
#include <thread>

#include "zeek/Event.h"
#include "zeek/EventRegistry.h"
#include "zeek/Reporter.h"
#include "zeek/RunState.h"
#include "zeek/Val.h"

#include "Backend.h"
#include "Metrics.h"
#include "Source.h"

namespace zeek::cluster::zeekwire {

namespace {

Runtime* runtime = nullptr;

// How long to sleep between attempts to hand log batches to loggers that do not take them.
constexpr double LOG_RETRY_SECONDS = 0.02;

// How long the end of a process that reads a trace waits at most: there is no next packet to be
// late for.
constexpr std::chrono::seconds TRACE_FLUSH_MAX{30};

EventHandlerPtr FindEvent(const char* name) {
    return event_registry->Register(std::string("Cluster::Backend::Zeekwire::") + name);
}

// Threads inherit the signal mask: Zeek's signals are for its main thread, as with Zeek's own
// threads.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t set;
        sigfillset(&set);

        for ( int fault : {SIGFPE, SIGILL, SIGSEGV, SIGBUS} )
            sigdelset(&set, fault);

        pthread_sigmask(SIG_BLOCK, &set, &before);
    }

    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }

private:
    sigset_t before;
};

uint32_t Milliseconds(std::chrono::milliseconds duration) {
    return static_cast<uint32_t>(duration.count());
}

} // namespace

Runtime& Runtime::Get() {
    // Never deleted: threads and callbacks may outlive main().
    if ( ! runtime )
        runtime = new Runtime;

    return *runtime;
}

Runtime* Runtime::Find() { return runtime; }

Runtime::Runtime()
    : options(Options::Read()),
      loopback(options.receive_bytes_max),
      outbox(options.log_outbox_bytes_max, options.report_interval),
      refusals(options.report_interval) {
    links.FindEvents();
    surveys.FindEvents();
    member_up = FindEvent("member_up");
    member_down = FindEvent("member_down");
    name_taken = FindEvent("name_taken");
    subscription = FindEvent("subscription");
    unsubscription = FindEvent("unsubscription");
    metrics = std::make_unique<Metrics>(*this);
}

uint64_t Runtime::Attach(Backend* instance) {
    instances.push_back(instance);
    return ++last_instance;
}

void Runtime::Detach(Backend* instance) {
    subscriptions.RemoveAll(instance);
    links.Forget(instance);
    std::erase(instances, instance);
}

bool Runtime::Start(Backend* new_main) {
    if ( state != State::Idle )
        return state == State::Running;

    main = new_main;
    reads_trace = run_state::reading_traces;
    auto name = Options::NodeName();

    if ( ! name.empty() && ! Create(name) )
        return false;

    // A node of a cluster lives until it is told to end; a process that reads a trace ends with it.
    bool counts = context && ! reads_trace;
    source = Source::Register(this, context ? zw_context_fd(context) : -1, counts);

    if ( ! source )
        return false;

    state = State::Running;
    links.Start(context);
    outbox.Start(context);
    surveys.Start(context);
    subscriptions.Start(context);
    return true;
}

bool Runtime::Create(const std::string& name) {
    auto labels = Options::PoolLabels();
    std::vector<const char*> pools;

    for ( const auto& label : labels )
        pools.push_back(label.c_str());

    zw_context_options wanted;
    zw_context_options_init(&wanted);
    wanted.name = name.c_str();
    wanted.alias = main->NodeId().c_str();
    wanted.program = "zeek";
    wanted.role = ZW_MEMBER;
    wanted.pools = pools.data();
    wanted.pool_count = pools.size();
    wanted.event_queue_bytes_max = options.event_queue_bytes_max;
    wanted.event_policy = options.event_policy;
    wanted.queued_bytes_max = options.queued_bytes_max;
    wanted.ring_bytes_max = options.publish_bytes_max;
    wanted.inbox_bytes_max = options.receive_bytes_max;
    wanted.inbox_policy = options.receive_policy;
    wanted.heartbeat_ms = Milliseconds(options.heartbeat_interval);
    wanted.silence_max_ms = Milliseconds(options.silence_max);
    wanted.member_down_after_ms = Milliseconds(options.member_down_after);
    // Packets wait for nobody. In a trace they do, and losing nothing matters more.
    wanted.publish_never_waits = ! reads_trace;
    wanted.lossless = options.lossless;
    wanted.forwarding_rules = options.forwarding_rules;
    wanted.no_forwarding = ! options.forwards_for_others;
    wanted.watch_topics = options.watch_topics || subscription || unsubscription;
    wanted.spin_us = static_cast<uint32_t>(options.spin_time.count());

    const char* error = nullptr;
    context = zw_context_create(&wanted, &error);

    if ( ! context ) {
        reporter->Error("Zeekwire: cannot make node '%s': %s", name.c_str(),
                        error ? error : "out of memory");
        return false;
    }

    SignalsBlocked blocked;

    if ( InstallHandlers() && zw_context_start(context) == ZW_OK && zw_context_fd(context) >= 0 )
        return true;

    reporter->Error("Zeekwire: cannot start node '%s': %s", name.c_str(),
                    zw_context_strerror(context));
    zw_context_destroy(context);
    context = nullptr;
    return false;
}

bool Runtime::InstallHandlers() {
    auto on_message = [](zw_context*, const zw_message* message, void* cookie) {
        static_cast<Runtime*>(cookie)->OnMessage(message);
    };
    auto on_member = [](zw_context*, zw_member_change change, const zw_member* member,
                        void* cookie) { static_cast<Runtime*>(cookie)->OnMember(change, *member); };
    auto on_link = [](zw_context*, zw_link_change change, zw_connection* connection,
                      const char* peer, const char* location, const char* reason, void* cookie) {
        static_cast<Runtime*>(cookie)->links.OnLink(change, connection, peer, location, reason);
    };
    auto on_topic = [](zw_context*, const char* filter, size_t size, bool subscribed,
                       void* cookie) {
        static_cast<Runtime*>(cookie)->OnTopic({filter, size}, subscribed);
    };

    return zw_on_message(context, on_message, this) == ZW_OK &&
           zw_on_member(context, on_member, this) == ZW_OK &&
           zw_on_link(context, on_link, this) == ZW_OK &&
           zw_on_topic(context, on_topic, this) == ZW_OK;
}

void Runtime::Stop() {
    if ( state != State::Running ) {
        state = State::Stopped;
        return;
    }

    // From here on nothing is told to Zeek: its event queue has been drained for the last time.
    state = State::Stopped;
    subscriptions.Stop();

    if ( context ) {
        auto flush_max =
            reads_trace ? std::chrono::milliseconds(TRACE_FLUSH_MAX) : options.flush_timeout;
        auto deadline = Clock::now() + flush_max;
        FlushLogs(deadline);
        outbox.Stop();
        links.Stop();
        surveys.Stop();
        auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        auto* ending = context;
        context = nullptr;
        zw_context_stop(ending, Milliseconds(std::max(left, std::chrono::milliseconds(0))));
        source->Close();
        zw_context_destroy(ending);
    }
    else {
        links.Stop();
        source->Close();
    }

    source = nullptr;
}

void Runtime::FlushLogs(Clock::time_point deadline) {
    // Without a logger there is nobody to wait for.
    while ( outbox.IsBusy() && Clock::now() < deadline ) {
        if ( outbox.Flush() )
            continue;

        // Learns which loggers are left.
        if ( RunContext() != ZW_OK )
            return;

        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

bool Runtime::Publish(const Backend& from, const std::string& topic, const char* format,
                      Bytes payload) {
    ZEEKWIRE_DEBUG(DEBUG_MESSAGES, "publish %zu bytes on '%s'", payload.size(), topic.c_str());

    if ( state == State::Stopped )
        return false;

    bool accepted = true;

    if ( instances.size() > 1 && state == State::Running &&
         std::ranges::any_of(instances, [&](const auto* other) {
             return other != &from && other->Wants(topic);
         }) )
        accepted =
            loopback.Push(from.Serial(), topic, format, payload) || Refuse(ZW_OVERLOADED, topic);

    if ( context ) {
        auto result = zw_publish(context, ZW_CLASS_EVENT, topic.data(), topic.size(), format,
                                 Raw(payload), payload.size());

        if ( result != ZW_OK )
            return Refuse(result, topic);
    }

    ++traffic.published_messages;
    traffic.published_bytes += payload.size();
    return accepted;
}

bool Runtime::Refuse(zw_result result, const std::string& topic) {
    if ( result == ZW_OVERLOADED ) {
        refusals.Add(topic);
        metrics->CountRefusal(topic);
    }
    else if ( result != ZW_STOPPED && result != ZW_FORKED )
        reporter->Error("Zeekwire: cannot publish on '%s': %s", topic.c_str(),
                        zw_context_strerror(context));

    return false;
}

bool Runtime::PublishLog(const std::string& format, std::vector<std::byte>& batch) {
    if ( state == State::Stopped || (state == State::Running && ! context) )
        return false;

    return outbox.Publish(format, batch);
}

void Runtime::Process() {
    if ( state != State::Running )
        return;

    DrainLoopback();

    if ( context && ! failed ) {
        if ( RunContext() != ZW_OK ) {
            failed = true;
            reporter->Error("Zeekwire: this node no longer takes part in the cluster: %s",
                            zw_context_strerror(context));
        }

        outbox.Flush();
    }

    subscriptions.Deliver();

    if ( links.HasWaiters() || refusals.HasNews() ) {
        auto now = Clock::now();
        links.Deliver(now);
        refusals.Report(now);
    }
}

zw_result Runtime::RunContext() {
    zw_budget budget{};
    budget.size = sizeof(budget);
    budget.bytes_max = options.process_bytes_max;
    budget.time_max_ns = static_cast<uint64_t>(options.process_time_max.count());

    uint32_t handled = 0;
    auto result = zw_process(context, &budget, &handled);
    maybe_more = result == ZW_OK && handled > 0;
    return result;
}

double Runtime::NextTimeout() const {
    if ( state != State::Running )
        return -1;

    if ( maybe_more || ! loopback.IsEmpty() || subscriptions.HasResults() )
        return 0;

    double timeout = outbox.IsBusy() ? LOG_RETRY_SECONDS : -1;

    if ( ! links.HasWaiters() && ! refusals.HasNews() )
        return timeout;

    auto now = Clock::now();

    for ( double other : {links.NextTimeout(now), refusals.NextTimeout(now)} )
        if ( other >= 0 && (timeout < 0 || other < timeout) )
            timeout = other;

    return timeout;
}

void Runtime::DrainLoopback() {
    uint64_t bytes = 0;

    while ( ! loopback.IsEmpty() &&
            (options.process_bytes_max == 0 || bytes < options.process_bytes_max) ) {
        auto item = loopback.Pop();
        bytes += item.payload.size();
        Dispatch({item.topic, main ? main->NodeId() : "", item.format, item.payload}, item.from);
    }
}

void Runtime::OnMessage(const zw_message* message) {
    if ( state != State::Running )
        return;

    auto view = Message::Of(message);
    ++traffic.received_messages;
    traffic.received_bytes += view.payload.size();

    if ( zw_message_class(message) == ZW_CLASS_LOG )
        main->ReceiveLog(view);
    else
        Dispatch(view, 0);
}

void Runtime::Dispatch(const Message& message, uint64_t from) {
    ZEEKWIRE_DEBUG(DEBUG_MESSAGES, "received %zu bytes on '%.*s'", message.payload.size(),
                   static_cast<int>(message.topic.size()), message.topic.data());

    // By far the most common case: what arrives is for the only instance there is.
    if ( instances.size() == 1 && from == 0 ) {
        instances.front()->Receive(message);
        return;
    }

    bool wanted = false;

    for ( size_t i = 0; i < instances.size(); i++ )
        if ( instances[i]->Serial() != from && instances[i]->Wants(message.topic) ) {
            wanted = true;
            instances[i]->Receive(message);
        }

    // Scripts may have subscribed in other ways, on one link or locally.
    if ( ! wanted && from == 0 && main )
        main->Receive(message);
}

void Runtime::OnMember(zw_member_change change, const zw_member& member) {
    std::string name = member.name;
    ZEEKWIRE_DEBUG(DEBUG_LINKS, "member %s change %d", name.c_str(), static_cast<int>(change));

    if ( change == ZW_MEMBER_UP )
        OnMemberUp(name, member);
    else if ( change == ZW_MEMBER_DOWN )
        OnMemberDown(name);
    else if ( change == ZW_MEMBER_YIELDED && state == State::Running && name_taken )
        event_mgr.Enqueue(name_taken, make_intrusive<StringVal>(name));
}

void Runtime::OnMemberUp(const std::string& name, const zw_member& member) {
    std::string id = member.alias && *member.alias ? member.alias : name;
    auto labels = make_intrusive<VectorVal>(zeek::id::find_type<VectorType>("string_vec"));

    for ( size_t i = 0; i < member.pool_count; i++ ) {
        labels->Append(make_intrusive<StringVal>(member.pools[i]));

        if ( member.pools[i] == std::string_view(LogOutbox::LOGGER_LABEL) )
            outbox.AddLogger(name);
    }

    member_ids[name] = id;

    if ( state == State::Running && member_up )
        event_mgr.Enqueue(member_up, make_intrusive<StringVal>(name), make_intrusive<StringVal>(id),
                          std::move(labels));
}

void Runtime::OnMemberDown(const std::string& name) {
    outbox.RemoveLogger(name);
    auto node = member_ids.extract(name);

    if ( node && state == State::Running && member_down )
        event_mgr.Enqueue(member_down, make_intrusive<StringVal>(name),
                          make_intrusive<StringVal>(node.mapped()));
}

void Runtime::OnTopic(std::string_view filter, bool subscribed) {
    // Reserved topics are the library's own business.
    if ( state != State::Running || filter.starts_with('.') )
        return;

    auto prefix = PrefixOfFilter(filter);
    ZEEKWIRE_DEBUG(DEBUG_TOPICS, "%s to '%s'",
                   subscribed ? "first subscription" : "no subscription", prefix.c_str());

    if ( const auto& handler = subscribed ? subscription : unsubscription )
        event_mgr.Enqueue(handler, make_intrusive<StringVal>(prefix));
}

std::string Runtime::StatusJson() const {
    const char* json = nullptr;
    size_t size = 0;

    if ( ! context || zw_context_status_json(context, &json, &size) != ZW_OK )
        return "";

    return {json, size};
}

std::string Runtime::LastError() const {
    return context ? zw_context_strerror(context) :
                     "this process has no node: it was not initialised, or node_name() is empty";
}

std::string Runtime::LastErrorName() const {
    return zw_result_name(context ? zw_context_errno(context) : static_cast<zw_result>(ZW_STOPPED));
}

} // namespace zeek::cluster::zeekwire
