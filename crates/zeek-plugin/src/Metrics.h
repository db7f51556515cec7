// What the node counts, as Zeek's metrics. Nothing is done between scrapes but for refused events.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "zeek/Val.h"
#include "zeek/cluster/Telemetry.h"
#include "zeek/telemetry/Counter.h"
#include "zeek/telemetry/Gauge.h"

namespace zeek::cluster::zeekwire {

class Runtime;

class Metrics {
public:
    explicit Metrics(Runtime& runtime);

    /// Counts a refused event by topic.
    void CountRefusal(std::string_view topic);

private:
    using Clock = std::chrono::steady_clock;
    using Labels = std::vector<telemetry::LabelView>;

    // Topics that a metric tells apart; others count under "other".
    static constexpr size_t TOPIC_COUNT_MAX = 64;
    // The library is asked for its status at most that often.
    static constexpr std::chrono::seconds REFRESH_INTERVAL{1};

    void AddTotals();
    void Refresh();
    void ReadStatus(const RecordVal& status);
    void ReadLink(const RecordVal& link);
    void ReadClass(const std::string& peer, uint64_t link, const RecordVal& entry);
    void ReadLoss(const telemetry::CounterFamilyPtr& family, const char* key,
                  const RecordVal& loss);

    // Brings a counter to a value that may have started again from zero since.
    void Raise(const telemetry::CounterFamilyPtr& family, const Labels& labels,
               const std::string& key, uint64_t value);
    void Show(const telemetry::GaugeFamilyPtr& family, const Labels& labels, const std::string& key,
              double value);
    std::string_view TopicLabel(std::string_view topic);

    Runtime& runtime;
    Clock::time_point next_refresh{};
    cluster::detail::TableTopicNormalizer normalizer;
    std::map<std::string, std::string, std::less<>> topics;
    std::map<std::string, uint64_t> seen;
    // Gauges that were shown; those that the last status had nothing for become zero.
    std::map<std::string, std::pair<telemetry::GaugePtr, bool>> gauges;

    telemetry::CounterFamilyPtr refused;
    telemetry::CounterFamilyPtr link_messages;
    telemetry::CounterFamilyPtr link_bytes;
    telemetry::CounterFamilyPtr link_connects;
    telemetry::CounterFamilyPtr link_drops;
    telemetry::CounterFamilyPtr topic_drops;
    telemetry::CounterFamilyPtr losses;
    telemetry::CounterFamilyPtr own_losses;
    telemetry::GaugeFamilyPtr link_queue;
    telemetry::GaugeFamilyPtr link_queue_messages;
    telemetry::GaugeFamilyPtr node_queues;
    // Handles with callbacks; the manager keeps them too.
    std::vector<telemetry::CounterPtr> totals;
    std::vector<telemetry::GaugePtr> levels;
};

} // namespace zeek::cluster::zeekwire
