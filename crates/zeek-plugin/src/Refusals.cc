#include "Refusals.h"

#include <algorithm>
#include <vector>

#include "zeek/Reporter.h"

namespace zeek::cluster::zeekwire {

void Refusals::Add(std::string_view topic) {
    ++unreported;

    if ( auto it = topics.find(topic); it != topics.end() )
        ++it->second;
    else if ( topics.size() < TOPIC_COUNT_MAX )
        topics.emplace(topic, 1);

    // The clock is asked for every refused event: there the processor has nothing better to do.
    Report(Clock::now());
}

void Refusals::Report(Clock::time_point now) {
    if ( unreported == 0 || now < next_report )
        return;

    next_report = now + interval;
    reporter->Warning("Zeekwire: %s", Text().c_str());
    unreported = 0;
    topics.clear();
}

double Refusals::NextTimeout(Clock::time_point now) const {
    if ( unreported == 0 )
        return -1;

    return std::max(0.0, std::chrono::duration<double>(next_report - now).count());
}

std::string Refusals::Text() const {
    std::vector<std::pair<uint64_t, std::string_view>> ranked;

    for ( const auto& [topic, count] : topics )
        ranked.emplace_back(count, topic);

    std::ranges::sort(ranked, std::greater<>());

    auto text = std::to_string(unreported) + " events were refused, as the queues are full:";

    for ( size_t i = 0; i < std::min(ranked.size(), TOPICS_NAMED_MAX); i++ )
        text += (i ? ", " : " ") + std::to_string(ranked[i].first) + " on '" +
                std::string(ranked[i].second) + "'";

    if ( ranked.size() > TOPICS_NAMED_MAX )
        text += ", and on other topics";

    return text;
}

} // namespace zeek::cluster::zeekwire
