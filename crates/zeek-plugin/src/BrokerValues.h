// Broker's data to an encoder, and received values to Broker's data.
//
// Zeek needs this in two places whatever the format: scripts see an `any` as `Broker::Data`, and
// opaque values know no other way to serialize themselves. The only files that know what Broker's
// data is made of.

#pragma once

#include <broker/data.hh>
#include <string_view>

#include "Fault.h"
#include "zeekwire.h"

namespace zeek::cluster::zeekwire {

/// Writes `data` as the values it stands for, so that programs without Broker understand it, and
/// so that ReadBrokerValue() gives exactly `data` again: every type of Broker's has one of the
/// wire's that it alone is mapped to, and both kinds of time keep each nanosecond. False when the
/// data nests too deep; nothing is reported then.
bool WriteBrokerValue(zw_encoder* encoder, const broker::data& data, int depth = 0);

/// Turns a received value into what Zeek's own serializers would have made of it: records, lists,
/// patterns, functions and opaque values become vectors, times whole nanoseconds. False, with a
/// fault, when the payload is damaged.
bool ReadBrokerValue(const zw_value& v, broker::data* out, Fault* fault, int depth = 0);

} // namespace zeek::cluster::zeekwire
