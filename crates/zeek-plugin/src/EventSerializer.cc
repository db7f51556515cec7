#include "EventSerializer.h"

#include <string>
#include <utility>

#include "zeek/Desc.h"
#include "zeek/Event.h"
#include "zeek/EventHandler.h"
#include "zeek/EventRegistry.h"
#include "zeek/Func.h"
#include "zeek/Reporter.h"
#include "zeek/Type.h"

#include "ValWriter.h"

namespace zeek::cluster::zeekwire {

namespace {

// The type as it is now; null if the event is not declared here.
const FuncType* type_of(EventHandlerPtr handler) {
    const auto& func = handler->GetFunc();
    return func ? func->GetType().get() : handler->GetType(false).get();
}

// Counts an encoding under way, also while an exception passes.
class UnderWay {
public:
    explicit UnderWay(size_t* count) : count(count) { ++*count; }
    ~UnderWay() { --*count; }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

private:
    size_t* count;
};

} // namespace

std::unique_ptr<zeek::cluster::EventSerializer> EventSerializer::Instantiate() {
    return std::make_unique<EventSerializer>();
}

EventSerializer::EventSerializer()
    : zeek::cluster::EventSerializer(FORMAT), decoder(zw_decoder_new()) {
    encoders.emplace_back(zw_encoder_new());
}

bool EventSerializer::SerializeEvent(byte_buffer& buf, const Event& event) {
    const uint8_t* payload = nullptr;
    size_t size = 0;
    if ( ! Encode(event, &payload, &size) )
        return false;

    const auto* bytes = reinterpret_cast<const std::byte*>(payload);
    buf.insert(buf.end(), bytes, bytes + size);
    return true;
}

std::optional<Event> EventSerializer::UnserializeEvent(byte_buffer_span buf) {
    return Decode(reinterpret_cast<const uint8_t*>(buf.data()), buf.size());
}

bool EventSerializer::Encode(const Event& event, const uint8_t** payload, size_t* size) {
    if ( encodings_under_way == encoders.size() )
        encoders.emplace_back(zw_encoder_new());

    auto* encoder = encoders[encodings_under_way].get();
    UnderWay under_way{&encodings_under_way};

    if ( ! Fill(encoder, event) )
        return false;

    if ( zw_encode_finish(encoder, payload, size) == ZW_OK )
        return true;

    reporter->Error("cannot send event '%s': %s", std::string{event.HandlerName()}.c_str(),
                    zw_encoder_strerror(encoder));
    return false;
}

bool EventSerializer::Fill(zw_encoder* encoder, const Event& event) {
    const auto name = event.HandlerName();
    const auto& args = event.Args();
    const auto* metadata = event.Metadata();

    // A fault of any of these calls shows when the encoding is finished.
    zw_encode_event(encoder, name.data(), name.size(), args.size(),
                    metadata ? metadata->size() : 0);

    ValWriter writer{encoder};
    const auto* type = type_of(event.Handler());
    size_t declared_count = type ? type->ParamList()->GetTypes().size() : 0;

    for ( size_t i = 0; i < args.size(); i++ ) {
        const auto& declared =
            i < declared_count ? type->ParamList()->GetTypes()[i] : args[i]->GetType();
        if ( ! writer.Write(args[i].get(), declared.get()) )
            return false;
    }

    if ( ! metadata )
        return true;

    for ( const auto& entry : *metadata ) {
        zw_encode_metadata(encoder, entry.Id());
        const auto* known = event_registry->LookupMetadata(entry.Id());
        const auto& declared = known ? known->Type() : entry.Val()->GetType();
        if ( ! writer.Write(entry.Val().get(), declared.get()) )
            return false;
    }

    return true;
}

EventHandler* EventSerializer::FindHandler(std::string_view name) {
    if ( auto it = handlers.find(name); it != handlers.end() )
        return it->second;

    auto* handler = event_registry->Lookup(name);
    if ( handler )
        handlers.emplace(handler->Name(), handler);

    return handler;
}

std::optional<Event> EventSerializer::Decode(const uint8_t* payload, size_t size) {
    const char* p = nullptr;
    size_t n = 0;
    zw_list list;
    size_t metadata_count = 0;

    if ( zw_decode_event(decoder.get(), payload, size, &p, &n, &list, &metadata_count) != ZW_OK ) {
        reporter->Error("received an event that cannot be read: %s",
                        zw_decoder_strerror(decoder.get()));
        return std::nullopt;
    }

    auto* handler = FindHandler({p, n});
    if ( ! handler ) {
        reporter->Error("received event '%s', which is not known here", std::string{p, n}.c_str());
        return std::nullopt;
    }

    Args args;
    if ( ! ReadArgs(handler, list, &args) )
        return std::nullopt;

    return Event{handler, std::move(args), ReadMetadata(handler->Name(), metadata_count)};
}

bool EventSerializer::ReadArgs(EventHandler* handler, const zw_list& list, Args* args) {
    const auto* type = type_of(handler);
    if ( ! type ) {
        reporter->Error("received event '%s', which is not declared here", handler->Name());
        return false;
    }

    const auto& types = type->ParamList()->GetTypes();
    if ( list.count != types.size() ) {
        reporter->Error("received event '%s' with %zu arguments, declared with %zu",
                        handler->Name(), list.count, types.size());
        return false;
    }

    args->reserve(types.size());

    for ( size_t i = 0; i < types.size(); i++ ) {
        const auto* decl = type->Params()->FieldDecl(static_cast<int>(i));
        ValPtr val;

        try {
            zw_value v;
            if ( reader.Get(list, i, &v) )
                val = reader.Read(v, types[i], decl);
        } catch ( const InterpreterException& ) {
            // Of a record's &default, for one. Zeek reported what happened.
            reader.LastFault().Set("building the value failed");
        }

        if ( ! val ) {
            const char* damage = zw_decoder_strerror(decoder.get());
            if ( *damage )
                reporter->Error("received event '%s' that cannot be read: %s", handler->Name(),
                                damage);
            else
                reporter->Error("received event '%s' with a bad argument #%zu '%s'%s",
                                handler->Name(), i + 1, decl->id,
                                reader.LastFault().Text().c_str());
            return false;
        }

        args->emplace_back(std::move(val));
    }

    return true;
}

zeek::detail::EventMetadataVectorPtr EventSerializer::ReadMetadata(const char* event_name,
                                                                   size_t count) {
    if ( count == 0 )
        return nullptr;

    auto metadata = std::make_unique<zeek::detail::EventMetadataVector>();

    for ( size_t i = 0; i < count; i++ ) {
        uint64_t id = 0;
        zw_value v;
        if ( zw_decode_metadata(decoder.get(), i, &id, &v) != ZW_OK ) {
            reporter->Error("received event '%s' with damaged metadata: %s", event_name,
                            zw_decoder_strerror(decoder.get()));
            break;
        }

        // Other nodes may attach what this one does not know.
        const auto* known = event_registry->LookupMetadata(id);
        if ( ! known )
            continue;

        ValPtr val;
        try {
            val = reader.Read(v, known->Type());
        } catch ( const InterpreterException& ) {
            reader.LastFault().Set("building the value failed");
        }

        if ( val )
            metadata->emplace_back(id, std::move(val));
        else
            // As Zeek's own serializers do, the event goes on without it.
            reporter->Error("received event '%s' with bad metadata %s%s", event_name,
                            obj_desc_short(known->IdVal()).c_str(),
                            reader.LastFault().Text().c_str());
    }

    return metadata;
}

} // namespace zeek::cluster::zeekwire
