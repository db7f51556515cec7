#include "ScriptApi.h"

#include "zeek/Func.h"
#include "zeek/cluster/Backend.h"

#include "Backend.h"
#include "Runtime.h"

namespace zeek::cluster::zeekwire::script {

namespace {

// An event with its arguments, as scripts give them to publish().
bool Encode(ArgsSpan args, const char** format, Bytes* bytes) {
    auto* runtime = Started();

    if ( ! runtime || ! runtime->Context() )
        return false;

    if ( args.empty() || args[0]->GetType()->Tag() != TYPE_FUNC ) {
        zeek::emit_builtin_error("expected an event and its arguments");
        return false;
    }

    auto event =
        runtime->Main()->MakeClusterEvent({NewRef{}, args[0]->AsFuncVal()}, args.subspan(1));
    return event && runtime->Main()->Encode(*event, format, bytes);
}

std::string_view View(const StringVal* text) { return text->ToStdStringView(); }

} // namespace

Runtime* Started() { return Runtime::Find(); }

std::chrono::milliseconds Milliseconds(double seconds) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::duration<double>(seconds < 0 ? 0 : seconds));
}

bool OnLink(LinkFunction function, const StringVal* filter, uint64_t link) {
    auto* runtime = Started();

    if ( ! runtime || ! runtime->Context() )
        return false;

    auto* connection = runtime->GetLinks().Find(link);

    if ( link != 0 && ! connection )
        return false;

    auto text = View(filter);
    return function(runtime->Context(), connection, text.data(), text.size(), nullptr, nullptr) ==
           ZW_OK;
}

bool Locally(LocalFunction function, const StringVal* prefix) {
    auto* runtime = Started();

    if ( ! runtime || ! runtime->Context() )
        return false;

    auto filter = FilterOfPrefix(View(prefix));
    return function(runtime->Context(), filter.data(), filter.size()) == ZW_OK;
}

bool Between(RuleFunction function, const StringVal* filter, uint64_t source, uint64_t target) {
    auto* runtime = Started();

    if ( ! runtime || ! runtime->Context() )
        return false;

    auto* from = runtime->GetLinks().Find(source);
    auto* to = runtime->GetLinks().Find(target);

    if ( ! from || ! to )
        return false;

    auto text = View(filter);
    return function(runtime->Context(), text.data(), text.size(), from, to) == ZW_OK;
}

uint64_t Survey(const std::string& topic, uint64_t answers_max, std::chrono::milliseconds timeout,
                ArgsSpan args) {
    const char* format = nullptr;
    Bytes bytes;

    if ( ! Encode(args, &format, &bytes) )
        return 0;

    return Started()->GetSurveys().Ask(topic, format, bytes, answers_max, timeout);
}

bool Answer(uint64_t question, ArgsSpan args) {
    const char* format = nullptr;
    Bytes bytes;
    return Encode(args, &format, &bytes) && Started()->GetSurveys().Answer(question, format, bytes);
}

} // namespace zeek::cluster::zeekwire::script
