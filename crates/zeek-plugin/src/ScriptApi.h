// What the script functions of zeekwire.bif have in common.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "zeek/Val.h"
#include "zeek/cluster/BifSupport.h"

#include "zeekwire.h"

namespace zeek::cluster::zeekwire {

class Runtime;

namespace script {

/// The runtime, if this backend is in use.
Runtime* Started();

inline StringValPtr Text(const std::string& text) { return make_intrusive<StringVal>(text); }

/// Zeek's seconds; negative ones are none.
std::chrono::milliseconds Milliseconds(double seconds);

using LinkFunction = zw_result (*)(zw_context*, zw_connection*, const char*, size_t,
                                   zw_done_handler, void*);
using LocalFunction = zw_result (*)(zw_context*, const char*, size_t);
using RuleFunction = zw_result (*)(zw_context*, const char*, size_t, zw_connection*,
                                   zw_connection*);

/// Calls a function of the library for one link, or for all where its number is 0.
bool OnLink(LinkFunction function, const StringVal* filter, uint64_t link);

bool Locally(LocalFunction function, const StringVal* prefix);

bool Between(RuleFunction function, const StringVal* filter, uint64_t source, uint64_t target);

uint64_t Survey(const std::string& topic, uint64_t answers_max, std::chrono::milliseconds timeout,
                ArgsSpan args);

bool Answer(uint64_t question, ArgsSpan args);

} // namespace script
} // namespace zeek::cluster::zeekwire
