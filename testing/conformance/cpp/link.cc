// Reads and writes what two ends of a link say to each other, with the C++ library of Cap'n Proto.
//
//     link read CASES FOLDER     print, as JSON, what each case's message holds
//     link write CASES FOLDER    write a message for each case
//
// A case whose name starts with "envelope" is an Envelope, any other a Control. All else is told by
// the schema, which the library's JSON codec walks: a new message or field needs no code here.
// Messages are one segment without a table: the frame's header says how long they are.

#include <capnp/dynamic.h>
#include <capnp/schema.h>

#include "exchange.h"
#include "link.capnp.h"

namespace {

// Bytes are text in descriptions; the codec by itself makes them an array of numbers.
class BytesAsText final : public capnp::JsonCodec::Handler<capnp::Data> {
public:
    void encode(const capnp::JsonCodec&, capnp::Data::Reader bytes,
                Json::Builder json) const override {
        set_text(json, bytes_to_text(bytes));
    }

    capnp::Orphan<capnp::Data> decode(const capnp::JsonCodec&, Json::Reader json,
                                      capnp::Orphanage orphanage) const override {
        auto bytes = text_to_bytes(json.getString());
        return orphanage.newOrphanCopy(data_of(bytes));
    }
};

capnp::StructSchema kind_of(const std::string& name) {
    if ( name.rfind("envelope", 0) == 0 )
        return capnp::Schema::from<Envelope>();

    return capnp::Schema::from<Control>();
}

} // namespace

int main(int argc, char** argv) {
    BytesAsText bytes_as_text;
    capnp::JsonCodec codec;
    codec.addTypeHandler(bytes_as_text);
    codec.setRejectUnknownFields(true);

    auto read = [&](const std::string& name, const Words& words, Json::Builder json) {
        auto kind = kind_of(name);
        const kj::ArrayPtr<const capnp::word> segments[] = {{words.data(), words.size()}};
        capnp::SegmentArrayMessageReader message(segments);
        codec.encode(message.getRoot<capnp::DynamicStruct>(kind), kind, json);
    };
    auto write = [&](const std::string& name, Json::Reader described) {
        capnp::MallocMessageBuilder message;
        codec.decode(described, message.initRoot<capnp::DynamicStruct>(kind_of(name)));
        auto segments = message.getSegmentsForOutput();
        if ( segments.size() != 1 )
            throw std::runtime_error(name + " is not one segment");

        return Words(segments[0].begin(), segments[0].end());
    };
    return exchange(argc, argv, read, write);
}
