// Reads and writes events with the C++ library of Cap'n Proto, for the conformance tests.
//
//     events read CASES PAYLOAD_DIR     print, as JSON, what each case's payload holds
//     events write CASES PAYLOAD_DIR    write a payload for each case
//
// README.md of this suite says how cases.json describes values.

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/encoding.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "event.capnp.h"
#include "exchange.h"
#include "value.capnp.h"

namespace {

// --- Pieces of JSON ---

bool has_member(Json::Reader object, const char* name) {
    for ( auto field : object.getObject() )
        if ( field.getName() == name )
            return true;

    return false;
}

Json::Reader member(Json::Reader object, const char* name) {
    for ( auto field : object.getObject() )
        if ( field.getName() == name )
            return field.getValue();

    throw std::runtime_error(std::string("a description lacks ") + name);
}

std::string hex_to_bytes(capnp::Text::Reader hex) {
    auto bytes = kj::decodeHex(hex);
    return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

std::string bits_of(double number) {
    uint64_t bits;
    std::memcpy(&bits, &number, sizeof bits);
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(bits));
    return text;
}

double number_of(capnp::Text::Reader hex) {
    uint64_t bits = std::strtoull(hex.cStr(), nullptr, 16);
    double number;
    std::memcpy(&number, &bits, sizeof number);
    return number;
}

Json::Builder named(capnp::List<Json::Field>::Builder fields, unsigned at, const char* name) {
    fields[at].setName(name);
    return fields[at].initValue();
}

// --- Reading ---

void describe(Value::Reader value, Json::Builder json);

void describe_all(capnp::List<Value>::Reader values, Json::Builder json) {
    auto array = json.initArray(values.size());
    for ( unsigned i = 0; i < values.size(); i++ )
        describe(values[i], array[i]);
}

void describe_table(Table::Reader table, Json::Builder json) {
    auto keys = table.getKeys();
    auto values = table.getValues();
    if ( keys.size() != values.size() )
        throw std::runtime_error("a table has more keys than values, or fewer");

    auto entries = json.initArray(keys.size());
    for ( unsigned i = 0; i < keys.size(); i++ ) {
        auto entry = entries[i].initArray(2);
        describe(keys[i], entry[0]);
        describe(values[i], entry[1]);
    }
}

void describe_record(Record::Reader record, Json::Builder json) {
    const bool is_typed = record.getTypeName().size() > 0;
    auto parts = json.initObject(is_typed ? 3 : 2);
    if ( is_typed )
        named(parts, 2, "type").setString(record.getTypeName());
    describe_all(record.getFields(), named(parts, 0, "fields"));
    auto names = named(parts, 1, "names").initArray(record.getNames().size());
    for ( unsigned i = 0; i < names.size(); i++ )
        names[i].setString(record.getNames()[i]);
}

void describe_function(Function::Reader function, Json::Builder json) {
    auto parts = json.initObject(2);
    named(parts, 0, "name").setString(function.getName());
    auto captures = named(parts, 1, "captures");
    if ( function.getIsClosure() )
        describe_all(function.getCaptures(), captures);
    else
        captures.setNull();
}

const char* name_of(PortProtocol protocol) {
    switch ( protocol ) {
        case PortProtocol::UNKNOWN: return "unknown";
        case PortProtocol::TCP: return "tcp";
        case PortProtocol::UDP: return "udp";
        case PortProtocol::ICMP: return "icmp";
    }
    throw std::runtime_error("the schema has a protocol that this program does not know");
}

void describe_port(Value::Port::Reader port, Json::Builder json) {
    auto parts = json.initObject(2);
    named(parts, 0, "number").setNumber(port.getNumber());
    named(parts, 1, "protocol").setString(name_of(port.getProtocol()));
}

void describe_subnet(Value::Subnet::Reader subnet, Json::Builder json) {
    auto parts = json.initObject(2);
    named(parts, 0, "address").setString(kj::encodeHex(subnet.getAddress()));
    named(parts, 1, "length").setNumber(subnet.getLength());
}

void describe_pattern(Pattern::Reader pattern, Json::Builder json) {
    auto parts = json.initObject(2);
    set_text(named(parts, 0, "exact"), bytes_to_text(pattern.getExact()));
    set_text(named(parts, 1, "anywhere"), bytes_to_text(pattern.getAnywhere()));
}

void describe_opaque(Opaque::Reader opaque, Json::Builder json) {
    auto parts = json.initObject(2);
    named(parts, 0, "type_id").setString(opaque.getTypeId());
    describe(opaque.getData(), named(parts, 1, "data"));
}

void describe(Value::Reader value, Json::Builder json) {
    auto members = json.initObject(value.getOrdered() ? 2 : 1);
    if ( value.getOrdered() )
        named(members, 1, "ordered").setBoolean(true);
    auto as = [&](const char* kind) { return named(members, 0, kind); };
    switch ( value.which() ) {
        case Value::UNSET: return as("unset").setNull();
        case Value::BOOL: return as("bool").setBoolean(value.getBool());
        case Value::COUNT: return set_text(as("count"), std::to_string(value.getCount()));
        case Value::INT: return set_text(as("int"), std::to_string(value.getInt()));
        case Value::DOUBLE: return set_text(as("double"), bits_of(value.getDouble()));
        case Value::TIME: return set_text(as("time"), bits_of(value.getTime()));
        case Value::INTERVAL: return set_text(as("interval"), bits_of(value.getInterval()));
        case Value::STRING: return set_text(as("string"), bytes_to_text(value.getString()));
        case Value::PATTERN: return describe_pattern(value.getPattern(), as("pattern"));
        case Value::ENUM: return as("enum").setString(value.getEnum());
        case Value::PORT: return describe_port(value.getPort(), as("port"));
        case Value::ADDR: return as("addr").setString(kj::encodeHex(value.getAddr()));
        case Value::SUBNET: return describe_subnet(value.getSubnet(), as("subnet"));
        case Value::SET: return describe_all(value.getSet(), as("set"));
        case Value::TABLE: return describe_table(value.getTable(), as("table"));
        case Value::RECORD: return describe_record(value.getRecord(), as("record"));
        case Value::VECTOR: return describe_all(value.getVector(), as("vector"));
        case Value::LIST: return describe_all(value.getList(), as("list"));
        case Value::FUNCTION: return describe_function(value.getFunction(), as("function"));
        case Value::OPAQUE: return describe_opaque(value.getOpaque(), as("opaque"));
        case Value::ANY: return describe(value.getAny(), as("any"));
    }
    throw std::runtime_error("the schema has a kind that this program does not know");
}

void describe_event(Event::Reader event, Json::Builder json) {
    auto parts = json.initObject(3);
    named(parts, 0, "name").setString(event.getName());
    describe_all(event.getArgs(), named(parts, 1, "args"));
    auto facts = named(parts, 2, "metadata").initArray(event.getMetadata().size());
    for ( unsigned i = 0; i < facts.size(); i++ ) {
        auto fact = facts[i].initObject(2);
        set_text(named(fact, 0, "id"), std::to_string(event.getMetadata()[i].getId()));
        describe(event.getMetadata()[i].getValue(), named(fact, 1, "value"));
    }
}

// --- Writing ---

void write(Json::Reader described, Value::Builder value);

void write_all(capnp::List<Json>::Reader described, capnp::List<Value>::Builder values) {
    for ( unsigned i = 0; i < described.size(); i++ )
        write(described[i], values[i]);
}

void write_table(capnp::List<Json>::Reader described, Table::Builder table) {
    auto keys = table.initKeys(described.size());
    auto values = table.initValues(described.size());
    for ( unsigned i = 0; i < described.size(); i++ ) {
        write(described[i].getArray()[0], keys[i]);
        write(described[i].getArray()[1], values[i]);
    }
}

void write_record(Json::Reader described, Record::Builder record) {
    auto fields = member(described, "fields").getArray();
    write_all(fields, record.initFields(fields.size()));
    auto names = member(described, "names").getArray();
    auto built = record.initNames(names.size());
    for ( unsigned i = 0; i < names.size(); i++ )
        built.set(i, names[i].getString());
    if ( has_member(described, "type") )
        record.setTypeName(member(described, "type").getString());
}

void write_function(Json::Reader described, Function::Builder function) {
    function.setName(member(described, "name").getString());
    auto captures = member(described, "captures");
    function.setIsClosure(captures.isArray());
    if ( captures.isArray() )
        write_all(captures.getArray(), function.initCaptures(captures.getArray().size()));
}

PortProtocol protocol_of(capnp::Text::Reader name) {
    for ( auto protocol :
          {PortProtocol::UNKNOWN, PortProtocol::TCP, PortProtocol::UDP, PortProtocol::ICMP} )
        if ( name == name_of(protocol) )
            return protocol;

    throw std::runtime_error("no such protocol: " + to_string(name));
}

void write_port(Json::Reader described, Value::Port::Builder port) {
    port.setNumber(static_cast<uint16_t>(member(described, "number").getNumber()));
    port.setProtocol(protocol_of(member(described, "protocol").getString()));
}

void write_subnet(Json::Reader described, Value::Subnet::Builder subnet) {
    subnet.setAddress(data_of(hex_to_bytes(member(described, "address").getString())));
    subnet.setLength(static_cast<uint8_t>(member(described, "length").getNumber()));
}

void write_pattern(Json::Reader described, Pattern::Builder pattern) {
    pattern.setExact(data_of(text_to_bytes(member(described, "exact").getString())));
    pattern.setAnywhere(data_of(text_to_bytes(member(described, "anywhere").getString())));
}

void write_opaque(Json::Reader described, Opaque::Builder opaque) {
    opaque.setTypeId(member(described, "type_id").getString());
    write(member(described, "data"), opaque.initData());
}

void write(Json::Reader described, Value::Builder value) {
    // All that an ordered value has besides what it is.
    value.setOrdered(has_member(described, "ordered"));
    auto members = described.getObject();
    auto only = members[members.size() > 1 && members[0].getName() == "ordered" ? 1 : 0];
    auto kind = to_string(only.getName());
    auto json = only.getValue();
    if ( kind == "unset" )
        value.setUnset();
    else if ( kind == "bool" )
        value.setBool(json.getBoolean());
    else if ( kind == "count" )
        value.setCount(std::stoull(to_string(json.getString())));
    else if ( kind == "int" )
        value.setInt(std::stoll(to_string(json.getString())));
    else if ( kind == "double" )
        value.setDouble(number_of(json.getString()));
    else if ( kind == "time" )
        value.setTime(number_of(json.getString()));
    else if ( kind == "interval" )
        value.setInterval(number_of(json.getString()));
    else if ( kind == "string" )
        value.setString(data_of(text_to_bytes(json.getString())));
    else if ( kind == "pattern" )
        write_pattern(json, value.initPattern());
    else if ( kind == "enum" )
        value.setEnum(json.getString());
    else if ( kind == "port" )
        write_port(json, value.initPort());
    else if ( kind == "addr" )
        value.setAddr(data_of(hex_to_bytes(json.getString())));
    else if ( kind == "subnet" )
        write_subnet(json, value.initSubnet());
    else if ( kind == "set" )
        write_all(json.getArray(), value.initSet(json.getArray().size()));
    else if ( kind == "table" )
        write_table(json.getArray(), value.initTable());
    else if ( kind == "record" )
        write_record(json, value.initRecord());
    else if ( kind == "vector" )
        write_all(json.getArray(), value.initVector(json.getArray().size()));
    else if ( kind == "list" )
        write_all(json.getArray(), value.initList(json.getArray().size()));
    else if ( kind == "function" )
        write_function(json, value.initFunction());
    else if ( kind == "opaque" )
        write_opaque(json, value.initOpaque());
    else if ( kind == "any" )
        write(json, value.initAny());
    else
        throw std::runtime_error("a case has a kind that this program does not know: " + kind);
}

void write_event(Json::Reader described, Event::Builder event) {
    event.setName(member(described, "name").getString());
    auto args = member(described, "args").getArray();
    write_all(args, event.initArgs(args.size()));
    auto facts = member(described, "metadata").getArray();
    auto metadata = event.initMetadata(facts.size());
    for ( unsigned i = 0; i < facts.size(); i++ ) {
        metadata[i].setId(std::stoull(to_string(member(facts[i], "id").getString())));
        write(member(facts[i], "value"), metadata[i].initValue());
    }
}

} // namespace

int main(int argc, char** argv) {
    auto read = [](const std::string&, const Words& words, Json::Builder json) {
        capnp::FlatArrayMessageReader message(kj::arrayPtr(words.data(), words.size()));
        describe_event(message.getRoot<Event>(), json);
    };
    auto write = [](const std::string&, Json::Reader described) {
        // A first segment this small makes messages of several segments, which Rust never writes
        // but must read.
        capnp::MallocMessageBuilder message(32, capnp::AllocationStrategy::GROW_HEURISTICALLY);
        write_event(described, message.initRoot<Event>());
        auto words = capnp::messageToFlatArray(message);
        return Words(words.begin(), words.end());
    };
    return exchange(argc, argv, read, write);
}
