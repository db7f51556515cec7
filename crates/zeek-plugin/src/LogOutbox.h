// Log batches on their way to loggers. Until a logger takes them they wait here, in order and
// bounded in bytes; what is over is dropped, counted and reported.

#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "Message.h"
#include "zeekwire.h"

namespace zeek::cluster::zeekwire {

class LogOutbox {
public:
    using Clock = std::chrono::steady_clock;

    /// The label of the pool that loggers belong to.
    static constexpr const char* LOGGER_LABEL = "logger";

    LogOutbox(uint64_t bytes_max, Clock::duration report_interval)
        : bytes_max(bytes_max), report_interval(report_interval) {}

    void Start(zw_context* new_context) { context = new_context; }
    void Stop() { context = nullptr; }

    void AddLogger(const std::string& name);
    void RemoveLogger(const std::string& name);

    /// Sends a batch to the next logger, or keeps it. False if it was dropped.
    bool Publish(const std::string& format, std::vector<std::byte>& batch);

    /// Sends what waits, as far as the loggers take it. Returns whether anything was sent.
    bool Flush();

    /// Whether something waits that a logger could take.
    bool IsBusy() const { return ! batches.empty() && ! loggers.empty(); }

    uint64_t QueuedBytes() const { return queued_bytes; }
    uint64_t SentBatches() const { return sent_batches; }
    uint64_t DroppedBatches() const { return dropped_batches; }

private:
    struct Batch {
        std::string format;
        std::vector<std::byte> bytes;
    };

    bool Send(const std::string& format, Bytes bytes);
    void Drop(size_t bytes);

    uint64_t bytes_max;
    Clock::duration report_interval;
    Clock::time_point next_report{};
    zw_context* context = nullptr;
    std::vector<std::string> loggers;
    size_t next_logger = 0;
    std::deque<Batch> batches;
    uint64_t queued_bytes = 0;
    uint64_t sent_batches = 0;
    uint64_t dropped_batches = 0;
    uint64_t unreported = 0;
};

} // namespace zeek::cluster::zeekwire
