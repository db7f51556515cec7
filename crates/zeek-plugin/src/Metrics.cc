#include "Metrics.h"

#include <algorithm>

#include "zeek/telemetry/Manager.h"

#include "Runtime.h"

namespace zeek::cluster::zeekwire {

namespace {

constexpr const char* PREFIX = "zeek";

uint64_t CountIn(const RecordVal& record, const char* field) {
    return record.GetFieldOrDefault(field)->AsCount();
}

std::string TextIn(const RecordVal& record, const char* field) {
    auto value = record.GetFieldOrDefault(field);
    return value ? value->AsStringVal()->ToStdString() : std::string();
}

// Calls `read` for each record in a vector.
template<typename Read>
void ForEach(const RecordVal& record, const char* field, Read read) {
    auto vector = record.GetFieldOrDefault<VectorVal>(field);

    for ( unsigned int i = 0; vector && i < vector->Size(); i++ )
        read(*vector->ValAt(i)->AsRecordVal());
}

} // namespace

Metrics::Metrics(Runtime& runtime) : runtime(runtime) {
    auto counter = [](const char* name, std::initializer_list<std::string_view> labels,
                      const char* help) {
        return telemetry_mgr->CounterFamily(PREFIX, name, labels, help);
    };
    auto gauge = [](const char* name, std::initializer_list<std::string_view> labels,
                    const char* help) {
        return telemetry_mgr->GaugeFamily(PREFIX, name, labels, help);
    };

    refused = counter("cluster_zeekwire_publish_refused", {"topic"},
                      "Events that were refused because the queues of this node are full.");
    link_messages =
        counter("cluster_zeekwire_link_messages", {"peer", "direction"},
                "Messages sent to and received from the node at the other end of a link.");
    link_bytes = counter("cluster_zeekwire_link_bytes", {"peer", "class", "direction"},
                         "Bytes sent to and received from the node at the other end of a link.");
    link_connects =
        counter("cluster_zeekwire_link_connects", {"peer"},
                "Connections made to a node; more than one means that the link was lost.");
    link_drops = counter(
        "cluster_zeekwire_link_dropped_messages", {"peer", "class", "place"},
        "Messages dropped before they were sent to a node, and by that node after they arrived.");
    topic_drops = counter("cluster_zeekwire_topic_dropped_messages", {"peer", "topic"},
                          "Messages dropped on a link, for the topics that lost most.");
    losses = counter("cluster_zeekwire_lost_messages", {"place", "peer", "class", "cause"},
                     "Messages that this node lost, its own and those of others.");
    own_losses = counter("cluster_zeekwire_own_lost_messages", {"place", "peer", "class", "cause"},
                         "Messages that this node published and that were lost, here or elsewhere, "
                         "as far as reported.");
    link_queue = gauge("cluster_zeekwire_link_queue_bytes", {"peer", "class"},
                       "Bytes that wait for a link.");
    link_queue_messages = gauge("cluster_zeekwire_link_queue_messages", {"peer", "class"},
                                "Messages that wait for a link.");
    node_queues = gauge("cluster_zeekwire_queue_bytes", {"queue"},
                        "Bytes that wait: published here, for all links together, and received.");
    AddTotals();
}

void Metrics::AddTotals() {
    auto total = [&](const char* name, const char* help, auto read) {
        totals.push_back(
            telemetry_mgr->CounterInstance(PREFIX, name,
                                           std::initializer_list<telemetry::LabelView>{}, help, "",
                                           [this, read] {
                                               return static_cast<double>(read(runtime));
                                           }));
    };

    total("cluster_zeekwire_published_messages", "Events that were published by this process.",
          [](const Runtime& r) { return r.GetTraffic().published_messages; });
    total("cluster_zeekwire_published_bytes",
          "Bytes of events that were published by this process.",
          [](const Runtime& r) { return r.GetTraffic().published_bytes; });
    total("cluster_zeekwire_received_messages", "Messages that reached Zeek's main loop.",
          [](const Runtime& r) { return r.GetTraffic().received_messages; });
    total("cluster_zeekwire_received_bytes", "Bytes of messages that reached Zeek's main loop.",
          [](const Runtime& r) { return r.GetTraffic().received_bytes; });
    total("cluster_zeekwire_log_batches_sent", "Log batches that were handed to a logger's queue.",
          [](const Runtime& r) { return r.GetLogOutbox().SentBatches(); });
    total("cluster_zeekwire_log_batches_dropped", "Log batches that were dropped.",
          [](const Runtime& r) { return r.GetLogOutbox().DroppedBatches(); });

    auto level = [&](const char* name, const char* help, std::function<double()> read) {
        levels.push_back(telemetry_mgr->GaugeInstance(PREFIX, name,
                                                      std::initializer_list<telemetry::LabelView>{},
                                                      help, "", std::move(read)));
    };

    level("cluster_zeekwire_log_outbox_bytes", "Bytes of log batches that wait for a logger.",
          [this] { return static_cast<double>(runtime.GetLogOutbox().QueuedBytes()); });
    // Whoever asks for metrics asks for this one, and with it for the library's.
    level("cluster_zeekwire_members", "Other members of the cluster that are up.", [this] {
        Refresh();
        return static_cast<double>(runtime.MemberCount());
    });
}

void Metrics::CountRefusal(std::string_view topic) {
    refused->GetOrAdd({{"topic", TopicLabel(topic)}})->Inc();
}

void Metrics::Refresh() {
    auto now = Clock::now();

    if ( now < next_refresh )
        return;

    next_refresh = now + REFRESH_INTERVAL;

    if ( ! runtime.Context() )
        return;

    if ( auto status = CallScript("status") )
        ReadStatus(*status->AsRecordVal());
}

void Metrics::ReadStatus(const RecordVal& status) {
    for ( auto& [key, gauge] : gauges )
        gauge.second = false;

    ForEach(status, "links", [this](const RecordVal& link) { ReadLink(link); });
    ForEach(status, "losses", [this](const RecordVal& loss) { ReadLoss(losses, "lost/", loss); });
    ForEach(status, "own_losses",
            [this](const RecordVal& loss) { ReadLoss(own_losses, "own/", loss); });

    uint64_t received = 0;
    ForEach(status, "subscriptions", [&](const RecordVal& subscription) {
        received += CountIn(subscription, "queued_bytes");
    });
    auto published = status.GetFieldOrDefault<RecordVal>("published");
    Show(node_queues, {{"queue", "publish"}}, "queue/publish",
         published ? CountIn(*published, "queued_bytes") : 0);
    Show(node_queues, {{"queue", "links"}}, "queue/links", CountIn(status, "queued_bytes"));
    Show(node_queues, {{"queue", "receive"}}, "queue/receive", received);

    for ( auto& [key, gauge] : gauges )
        if ( ! gauge.second )
            gauge.first->Set(0);
}

void Metrics::ReadLink(const RecordVal& link) {
    auto peer = TextIn(link, "peer");
    auto id = CountIn(link, "id");

    // Nobody there yet.
    if ( peer.empty() )
        return;

    auto key = std::to_string(id) + '/';
    Raise(link_messages, {{"peer", peer}, {"direction", "sent"}}, key + "sent",
          CountIn(link, "messages_sent"));
    Raise(link_messages, {{"peer", peer}, {"direction", "received"}}, key + "received",
          CountIn(link, "messages_received"));
    Raise(link_connects, {{"peer", peer}}, key + "connects", CountIn(link, "connects"));
    ForEach(link, "classes", [&](const RecordVal& entry) { ReadClass(peer, id, entry); });
    ForEach(link, "dropped_topics", [&](const RecordVal& entry) {
        auto topic = TextIn(entry, "topic");
        Raise(topic_drops, {{"peer", peer}, {"topic", TopicLabel(topic)}}, key + "topic/" + topic,
              CountIn(entry, "messages"));
    });
}

void Metrics::ReadClass(const std::string& peer, uint64_t link, const RecordVal& entry) {
    auto name = TextIn(entry, "class");
    auto key = std::to_string(link) + '/' + name + '/';
    Raise(link_bytes, {{"peer", peer}, {"class", name}, {"direction", "sent"}}, key + "sent",
          CountIn(entry, "sent_bytes"));
    Raise(link_bytes, {{"peer", peer}, {"class", name}, {"direction", "received"}},
          key + "received", CountIn(entry, "received_bytes"));
    Raise(link_drops, {{"peer", peer}, {"class", name}, {"place", "here"}}, key + "here",
          CountIn(entry, "dropped_messages"));
    Raise(link_drops, {{"peer", peer}, {"class", name}, {"place", "there"}}, key + "there",
          CountIn(entry, "dropped_there_messages"));
    Show(link_queue, {{"peer", peer}, {"class", name}}, "bytes/" + peer + '/' + name,
         CountIn(entry, "queued_bytes"));
    Show(link_queue_messages, {{"peer", peer}, {"class", name}}, "messages/" + peer + '/' + name,
         CountIn(entry, "queued_messages"));
}

void Metrics::ReadLoss(const telemetry::CounterFamilyPtr& family, const char* key,
                       const RecordVal& loss) {
    auto place = TextIn(loss, "node");
    auto peer = TextIn(loss, "peer");
    auto name = TextIn(loss, "class");
    auto cause = TextIn(loss, "cause");
    Raise(family, {{"place", place}, {"peer", peer}, {"class", name}, {"cause", cause}},
          key + place + '/' + peer + '/' + name + '/' + cause, CountIn(loss, "messages"));
}

void Metrics::Raise(const telemetry::CounterFamilyPtr& family, const Labels& labels,
                    const std::string& key, uint64_t value) {
    auto& before = seen[key];

    if ( value != before )
        family->GetOrAdd(labels)->Inc(static_cast<double>(value > before ? value - before : value));

    before = value;
}

void Metrics::Show(const telemetry::GaugeFamilyPtr& family, const Labels& labels,
                   const std::string& key, double value) {
    auto& [gauge, shown] = gauges[key];

    if ( ! gauge )
        gauge = family->GetOrAdd(labels);

    // Several links to one peer count together.
    gauge->Set(shown ? gauge->Value() + value : value);
    shown = true;
}

std::string_view Metrics::TopicLabel(std::string_view topic) {
    auto normal = normalizer(topic);

    if ( auto it = topics.find(normal); it != topics.end() )
        return it->second;

    if ( topics.size() >= TOPIC_COUNT_MAX )
        return "other";

    return topics.emplace(normal, normal).first->second;
}

} // namespace zeek::cluster::zeekwire
