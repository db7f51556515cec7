// Questions of this node with the answers of others, and questions of others that scripts answer.

#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "zeek/EventHandler.h"
#include "zeek/ZeekArgs.h"
#include "zeek/cluster/Event.h"

#include "Message.h"
#include "zeekwire.h"

namespace zeek::cluster::zeekwire {

class Surveys {
public:
    /// Looks the script event up and registers the metadata. After all scripts were parsed.
    void FindEvents();

    void Start(zw_context* new_context) { context = new_context; }
    void Stop();

    /// Asks. Answers are events of the main instance, then comes survey_done(). Returns the
    /// survey's number; 0 on failure.
    uint64_t Ask(const std::string& topic, const char* format, Bytes question, uint64_t answers_max,
                 std::chrono::milliseconds timeout);

    /// Lets scripts hear questions on topics with a prefix.
    bool Hear(const std::string& prefix);

    /// Answers a question. Each is answered once; false if it was, or is too old.
    bool Answer(uint64_t question, const char* format, Bytes answer);

    /// The survey that the event that is being handled belongs to; 0 for none.
    static uint64_t Current();

    /// Marks an event as belonging to a survey.
    static void Mark(Event& event, uint64_t number);

private:
    // Questions that may wait for an answer; older ones are forgotten.
    static constexpr size_t QUESTION_COUNT_MAX = 256;

    struct Survey {
        Surveys* surveys;
        uint64_t number;
        uint64_t answers;
    };

    void OnAnswer(Survey* survey, const zw_message* answer);
    void OnQuestion(const zw_message* question);

    zw_context* context = nullptr;
    uint64_t last_number = 0;
    std::deque<std::pair<uint64_t, zw_message*>> questions;
    EventHandlerPtr survey_done;
};

} // namespace zeek::cluster::zeekwire
