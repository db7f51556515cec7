// Events that were refused because queues were full: counted by topic, reported at a limited rate.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace zeek::cluster::zeekwire {

class Refusals {
public:
    using Clock = std::chrono::steady_clock;

    explicit Refusals(Clock::duration interval) : interval(interval) {}

    /// Counts one, and reports if it is time to.
    void Add(std::string_view topic);

    /// Reports what is left to be reported, if it is time to.
    void Report(Clock::time_point now);

    /// Seconds until Report() has something to do; negative while it has not.
    double NextTimeout(Clock::time_point now) const;

    bool HasNews() const { return unreported > 0; }

private:
    // Topics told apart between two reports; what is beyond is counted together.
    static constexpr size_t TOPIC_COUNT_MAX = 64;
    // Topics named in one report.
    static constexpr size_t TOPICS_NAMED_MAX = 3;

    std::string Text() const;

    Clock::duration interval;
    Clock::time_point next_report{};
    uint64_t unreported = 0;
    std::map<std::string, uint64_t, std::less<>> topics;
};

} // namespace zeek::cluster::zeekwire
