#include "Surveys.h"

#include <algorithm>
#include <memory>

#include "zeek/Event.h"
#include "zeek/EventRegistry.h"
#include "zeek/ID.h"
#include "zeek/Val.h"

#include "Backend.h"
#include "Runtime.h"

namespace zeek::cluster::zeekwire {

namespace {

const EnumValPtr& MetadataId() {
    static const auto id = zeek::id::find_val<EnumVal>("Cluster::Backend::Zeekwire::SURVEY");
    return id;
}

} // namespace

void Surveys::FindEvents() {
    survey_done = event_registry->Register("Cluster::Backend::Zeekwire::survey_done");
    event_registry->RegisterMetadata(MetadataId(), zeek::base_type(TYPE_COUNT));
}

void Surveys::Stop() {
    context = nullptr;

    for ( auto& [number, question] : questions )
        zw_message_release(question);

    questions.clear();
}

uint64_t Surveys::Ask(const std::string& topic, const char* format, Bytes question,
                      uint64_t answers_max, std::chrono::milliseconds timeout) {
    if ( ! context )
        return 0;

    auto survey = std::make_unique<Survey>(Survey{this, ++last_number, 0});
    auto on_answer = [](zw_context*, const zw_message* answer, void* cookie) {
        auto* survey = static_cast<Survey*>(cookie);
        survey->surveys->OnAnswer(survey, answer);
    };

    auto result =
        zw_survey_encoded(context, topic.data(), topic.size(), format, Raw(question),
                          question.size(), answers_max, static_cast<uint32_t>(timeout.count()),
                          on_answer, survey.get());

    if ( result != ZW_OK )
        return 0;

    // The handler ends it with the last call.
    return survey.release()->number;
}

bool Surveys::Hear(const std::string& prefix) {
    if ( ! context )
        return false;

    auto filter = FilterOfPrefix(prefix);
    auto on_question = [](zw_context*, const zw_message* question, void* cookie) {
        static_cast<Surveys*>(cookie)->OnQuestion(question);
    };

    return zw_on_question(context, filter.data(), filter.size(), on_question, this) == ZW_OK;
}

bool Surveys::Answer(uint64_t question, const char* format, Bytes answer) {
    auto it = std::ranges::find(questions, question, &std::pair<uint64_t, zw_message*>::first);

    if ( ! context || it == questions.end() )
        return false;

    auto result = zw_answer_encoded(context, it->second, format, Raw(answer), answer.size());

    // The script may try again.
    if ( result == ZW_OVERLOADED )
        return false;

    zw_message_release(it->second);
    questions.erase(it);
    return result == ZW_OK;
}

void Surveys::OnAnswer(Survey* survey, const zw_message* answer) {
    auto* main = Runtime::Get().Main();

    if ( answer ) {
        if ( context && main->ReceiveSurvey(Message::Of(answer), survey->number) )
            ++survey->answers;

        return;
    }

    std::unique_ptr<Survey> ended(survey);

    if ( context && survey_done )
        event_mgr.Enqueue(survey_done, val_mgr->Count(ended->number),
                          val_mgr->Count(ended->answers));
}

void Surveys::OnQuestion(const zw_message* question) {
    if ( ! context )
        return;

    auto number = ++last_number;
    questions.emplace_back(number, zw_message_keep(question));

    if ( questions.size() > QUESTION_COUNT_MAX ) {
        zw_message_release(questions.front().second);
        questions.pop_front();
    }

    Runtime::Get().Main()->ReceiveSurvey(Message::Of(question), number);
}

uint64_t Surveys::Current() {
    const auto* event = event_mgr.CurrentEvent();

    if ( ! event || ! event->Metadata() )
        return 0;

    auto numbers = event->MetadataValues(MetadataId());
    return numbers->Size() > 0 ? numbers->ValAt(0)->AsCount() : 0;
}

void Surveys::Mark(Event& event, uint64_t number) {
    event.AddMetadata(MetadataId(), val_mgr->Count(number));
}

} // namespace zeek::cluster::zeekwire
