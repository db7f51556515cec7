#include "BrokerValues.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "zeek/Type.h"

namespace zeek::cluster::zeekwire {

namespace {

// Far above what the library lets through.
constexpr int DEPTH_MAX = 128;

// An opaque value of this type holds, as an int, the nanoseconds of a time that no double gives.
constexpr std::string_view TIMESTAMP = "broker::timestamp";
constexpr std::string_view TIMESPAN = "broker::timespan";

// Nanoseconds as Zeek makes them of seconds. What does not fit becomes what the common processors
// make of it, instead of undefined behaviour.
int64_t nanoseconds_of(double seconds) {
    constexpr double LIMIT = 9223372036854775808.0;
    double ns = seconds * 1e9;
    return ns >= -LIMIT && ns < LIMIT ? static_cast<int64_t>(ns) :
                                        std::numeric_limits<int64_t>::min();
}

// Seconds of which exactly `ns` is made again. There are some unless a program that counts in
// nanoseconds made the time.
std::optional<double> seconds_of(int64_t ns) {
    constexpr double INF = std::numeric_limits<double>::infinity();
    double near = static_cast<double>(ns) / 1e9;

    for ( double s : {near, std::nextafter(near, INF), std::nextafter(near, -INF)} )
        if ( nanoseconds_of(s) == ns )
            return s;

    return std::nullopt;
}

void write_nanoseconds(zw_encoder* encoder, std::string_view type_id, int64_t ns) {
    zw_encode_opaque(encoder, type_id.data(), type_id.size());
    zw_encode_int(encoder, ns);
}

struct Writer {
    zw_encoder* encoder;
    int depth;

    bool operator()(broker::none) const {
        zw_encode_unset(encoder);
        return true;
    }

    bool operator()(broker::boolean x) const {
        zw_encode_bool(encoder, x);
        return true;
    }

    bool operator()(broker::count x) const {
        zw_encode_count(encoder, x);
        return true;
    }

    bool operator()(broker::integer x) const {
        zw_encode_int(encoder, x);
        return true;
    }

    bool operator()(broker::real x) const {
        zw_encode_double(encoder, x);
        return true;
    }

    bool operator()(const std::string& x) const {
        zw_encode_string(encoder, x.data(), x.size());
        return true;
    }

    bool operator()(const broker::address& x) const {
        zw_encode_addr(encoder, x.bytes().data(), x.bytes().size());
        return true;
    }

    bool operator()(const broker::subnet& x) const {
        const auto& bytes = x.network().bytes();
        if ( x.network().is_v4() && x.raw_len() >= 96 )
            zw_encode_subnet(encoder, bytes.data() + 12, 4, static_cast<uint8_t>(x.raw_len() - 96));
        else
            zw_encode_subnet(encoder, bytes.data(), bytes.size(), x.raw_len());
        return true;
    }

    bool operator()(const broker::port& x) const {
        zw_encode_port(encoder, x.number(), static_cast<uint8_t>(x.type()));
        return true;
    }

    bool operator()(broker::timestamp x) const {
        auto ns = x.time_since_epoch().count();
        if ( auto seconds = seconds_of(ns) )
            zw_encode_time(encoder, *seconds);
        else
            write_nanoseconds(encoder, TIMESTAMP, ns);
        return true;
    }

    bool operator()(broker::timespan x) const {
        if ( auto seconds = seconds_of(x.count()) )
            zw_encode_interval(encoder, *seconds);
        else
            write_nanoseconds(encoder, TIMESPAN, x.count());
        return true;
    }

    bool operator()(const broker::enum_value& x) const {
        zw_encode_enum(encoder, x.name.data(), x.name.size());
        return true;
    }

    bool operator()(const broker::set& x) const {
        zw_encode_set(encoder, x.size());
        for ( const auto& element : x )
            if ( ! Key(element) )
                return false;
        return true;
    }

    bool operator()(const broker::table& x) const {
        zw_encode_table(encoder, x.size());
        for ( const auto& [key, value] : x )
            if ( ! Key(key) || ! WriteBrokerValue(encoder, value, depth + 1) )
                return false;
        return true;
    }

    bool operator()(const broker::vector& x) const {
        zw_encode_vector(encoder, x.size());
        return Elements(x);
    }

    // Among keys a vector is a composite one, nearly always: the wire's list.
    bool Key(const broker::data& key) const {
        const auto* parts = broker::get_if<broker::vector>(key);
        if ( ! parts )
            return WriteBrokerValue(encoder, key, depth + 1);

        zw_encode_list(encoder, parts->size());
        return Writer{encoder, depth + 1}.Elements(*parts);
    }

    bool Elements(const broker::vector& x) const {
        for ( const auto& element : x )
            if ( ! WriteBrokerValue(encoder, element, depth + 1) )
                return false;
        return true;
    }
};

std::string text_of(const char* p, size_t n) { return n ? std::string{p, n} : std::string{}; }

bool get(const zw_list& list, size_t i, zw_value* out, Fault* fault) {
    auto result = zw_list_get(&list, i, out);
    if ( result == ZW_OK )
        return true;

    fault->Set(std::string{"the payload is damaged: "} + zw_result_name(result));
    return false;
}

bool read_list(const zw_list& list, broker::vector* out, Fault* fault, int depth) {
    for ( size_t i = 0; i < list.count; i++ ) {
        zw_value element;
        if ( ! get(list, i, &element, fault) ||
             ! ReadBrokerValue(element, &out->emplace_back(), fault, depth + 1) )
            return false;
    }

    return true;
}

bool read_set(const zw_list& list, broker::data* out, Fault* fault, int depth) {
    broker::set elements;

    for ( size_t i = 0; i < list.count; i++ ) {
        zw_value v;
        broker::data element;
        if ( ! get(list, i, &v, fault) || ! ReadBrokerValue(v, &element, fault, depth + 1) )
            return false;
        elements.emplace(std::move(element));
    }

    *out = std::move(elements);
    return true;
}

bool read_table(const zw_list& keys, const zw_list& values, broker::data* out, Fault* fault,
                int depth) {
    broker::table entries;

    for ( size_t i = 0; i < keys.count; i++ ) {
        zw_value v;
        broker::data key;
        broker::data value;
        if ( ! get(keys, i, &v, fault) || ! ReadBrokerValue(v, &key, fault, depth + 1) ||
             ! get(values, i, &v, fault) || ! ReadBrokerValue(v, &value, fault, depth + 1) )
            return false;
        entries.emplace(std::move(key), std::move(value));
    }

    *out = std::move(entries);
    return true;
}

broker::address address_of(const uint8_t* bytes, uint8_t width) {
    broker::address address;
    auto& all = address.bytes();
    all.fill(0);

    if ( width == 4 ) {
        all[10] = all[11] = 0xff;
        memcpy(all.data() + 12, bytes, 4);
    }
    else
        memcpy(all.data(), bytes, 16);

    return address;
}

broker::subnet subnet_of(const uint8_t* bytes, uint8_t width, uint8_t length) {
    auto address = address_of(bytes, width);

    // Broker, as Zeek, counts the bits of an IPv4-mapped network from its last four bytes.
    if ( width == 16 && address.is_v4() ) {
        if ( length >= 96 )
            length -= 96;
        else
            address.mask(length);
    }

    return {address, length};
}

// The tag by which Zeek's serialization of captures knows a value's type. A captured file is told
// from a string nowhere.
int64_t type_tag_of(const zw_value& v, Fault* fault) {
    switch ( v.type ) {
        case ZW_BOOL: return TYPE_BOOL;
        case ZW_COUNT: return TYPE_COUNT;
        case ZW_INT: return TYPE_INT;
        case ZW_DOUBLE: return TYPE_DOUBLE;
        case ZW_TIME: return TYPE_TIME;
        case ZW_INTERVAL: return TYPE_INTERVAL;
        case ZW_STRING: return TYPE_STRING;
        case ZW_PATTERN: return TYPE_PATTERN;
        case ZW_ENUM: return TYPE_ENUM;
        case ZW_PORT: return TYPE_PORT;
        case ZW_ADDR: return TYPE_ADDR;
        case ZW_SUBNET: return TYPE_SUBNET;
        case ZW_SET:
        case ZW_TABLE: return TYPE_TABLE;
        case ZW_RECORD: return TYPE_RECORD;
        case ZW_VECTOR: return TYPE_VECTOR;
        case ZW_LIST: return TYPE_LIST;
        case ZW_FUNCTION: return TYPE_FUNC;
        case ZW_OPAQUE: return TYPE_OPAQUE;
        case ZW_ANY: {
            zw_value inner;
            return get(v.as.list, 0, &inner, fault) && inner.type != ZW_ANY ?
                       type_tag_of(inner, fault) :
                       int64_t{TYPE_ANY};
        }
        default: return TYPE_VOID;
    }
}

// A name; and for a closure, the frame of its captures: nothing, or one vector with a pair of
// value and type for each.
bool read_function(const zw_value& v, broker::data* out, Fault* fault, int depth) {
    broker::vector parts;
    parts.emplace_back(text_of(v.as.function.name, v.as.function.n));

    if ( v.as.function.is_closure ) {
        const auto& captures = v.as.function.captures;
        broker::vector body;

        for ( size_t i = 0; i < captures.count; i++ ) {
            zw_value capture;
            broker::vector pair(2);
            if ( ! get(captures, i, &capture, fault) ||
                 ! ReadBrokerValue(capture, pair.data(), fault, depth + 1) )
                return false;
            pair[1] = broker::integer{type_tag_of(capture, fault)};
            body.emplace_back(std::move(pair));
        }

        broker::vector frame;
        if ( ! body.empty() )
            frame.emplace_back(std::move(body));
        parts.emplace_back(std::move(frame));
    }

    *out = std::move(parts);
    return true;
}

bool read_opaque(const zw_value& v, broker::data* out, Fault* fault, int depth) {
    std::string_view type_id{v.as.opaque.type_id, v.as.opaque.n};
    zw_value data;
    if ( ! get(v.as.opaque.data, 0, &data, fault) )
        return false;

    if ( data.type == ZW_INT && type_id == TIMESTAMP ) {
        *out = broker::timestamp{broker::timespan{data.as.integer}};
        return true;
    }

    if ( data.type == ZW_INT && type_id == TIMESPAN ) {
        *out = broker::timespan{data.as.integer};
        return true;
    }

    broker::vector parts(2);
    parts[0] = std::string{type_id};
    if ( ! ReadBrokerValue(data, &parts[1], fault, depth + 1) )
        return false;

    *out = std::move(parts);
    return true;
}

} // namespace

bool WriteBrokerValue(zw_encoder* encoder, const broker::data& data, int depth) {
    return depth <= DEPTH_MAX && broker::visit(Writer{encoder, depth}, data);
}

bool ReadBrokerValue(const zw_value& v, broker::data* out, Fault* fault, int depth) {
    if ( depth > DEPTH_MAX ) {
        fault->Set("its containers nest too deep");
        return false;
    }

    switch ( v.type ) {
        case ZW_UNSET: *out = broker::data{}; return true;
        case ZW_BOOL: *out = v.as.b; return true;
        case ZW_COUNT: *out = broker::count{v.as.count}; return true;
        case ZW_INT: *out = broker::integer{v.as.integer}; return true;
        case ZW_DOUBLE: *out = v.as.real; return true;
        case ZW_TIME:
            *out = broker::timestamp{broker::timespan{nanoseconds_of(v.as.real)}};
            return true;
        case ZW_INTERVAL: *out = broker::timespan{nanoseconds_of(v.as.real)}; return true;
        case ZW_STRING: *out = text_of(v.as.string.p, v.as.string.n); return true;
        case ZW_ENUM:
            *out = broker::enum_value{text_of(v.as.string.p, v.as.string.n)};
            return true;
        case ZW_PATTERN:
            *out = broker::vector{text_of(v.as.pattern.exact, v.as.pattern.exact_n),
                                  text_of(v.as.pattern.anywhere, v.as.pattern.anywhere_n)};
            return true;
        case ZW_PORT:
            *out = broker::port{v.as.port.number,
                                static_cast<broker::port::protocol>(v.as.port.protocol & 3)};
            return true;
        case ZW_ADDR: *out = address_of(v.as.addr.bytes, v.as.addr.width); return true;
        case ZW_SUBNET:
            *out = subnet_of(v.as.addr.bytes, v.as.addr.width, v.as.addr.length);
            return true;
        case ZW_SET: return read_set(v.as.list, out, fault, depth);
        case ZW_TABLE: return read_table(v.as.table.keys, v.as.table.values, out, fault, depth);
        case ZW_FUNCTION: return read_function(v, out, fault, depth);
        case ZW_OPAQUE: return read_opaque(v, out, fault, depth);

        case ZW_RECORD:
        case ZW_VECTOR:
        case ZW_LIST: {
            broker::vector elements;
            const auto& list = v.type == ZW_RECORD ? v.as.record.fields : v.as.list;
            if ( ! read_list(list, &elements, fault, depth) )
                return false;
            *out = std::move(elements);
            return true;
        }

        case ZW_ANY: {
            zw_value inner;
            return get(v.as.list, 0, &inner, fault) &&
                   ReadBrokerValue(inner, out, fault, depth + 1);
        }
    }

    fault->Set("it is of a type that is not known here");
    return false;
}

} // namespace zeek::cluster::zeekwire
