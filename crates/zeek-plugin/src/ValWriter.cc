#include "ValWriter.h"

#include <cstring>
#include <string>
#include <vector>

#include "zeek/Desc.h"
#include "zeek/Dict.h"
#include "zeek/File.h"
#include "zeek/Func.h"
#include "zeek/IPAddr.h"
#include "zeek/OpaqueVal.h"
#include "zeek/RE.h"
#include "zeek/Reporter.h"
#include "zeek/Type.h"
#include "zeek/ZeekString.h"
#include "zeek/broker/Data.h"

#include "BrokerValues.h"
#include "Functions.h"
#include "Lambdas.h"
#include "ValueOptions.h"

namespace zeek::cluster::zeekwire {

namespace {

// A port as Zeek stores it: the number, and above it a protocol numbered as on the wire.
static_assert(TCP_PORT_MASK == 1U << 16 && UDP_PORT_MASK == 2U << 16 && ICMP_PORT_MASK == 3U << 16);

void write_port(zw_encoder* encoder, zeek_uint_t port) {
    auto protocol = static_cast<uint8_t>((port & PORT_SPACE_MASK) >> 16);
    zw_encode_port(encoder, static_cast<uint16_t>(port & 0xffff), protocol);
}

const uint8_t* address_bytes(const IPAddr& addr, size_t* width) {
    const uint32_t* words = nullptr;
    *width = static_cast<size_t>(addr.GetBytes(&words)) * sizeof(uint32_t);
    return reinterpret_cast<const uint8_t*>(words);
}

void write_addr(zw_encoder* encoder, const IPAddr& addr) {
    size_t width = 0;
    const auto* bytes = address_bytes(addr, &width);
    zw_encode_addr(encoder, bytes, width);
}

void write_subnet(zw_encoder* encoder, const IPPrefix& subnet) {
    size_t width = 0;
    const auto* bytes = address_bytes(subnet.Prefix(), &width);
    zw_encode_subnet(encoder, bytes, width, subnet.Length());
}

void write_string(zw_encoder* encoder, const String* s) {
    zw_encode_string(encoder, reinterpret_cast<const char*>(s->Bytes()),
                     static_cast<size_t>(s->Len()));
}

void write_enum(zw_encoder* encoder, const EnumType* type, zeek_int_t value) {
    const char* name = type->Lookup(value);
    // A value without a name cannot be received. Zeek's serializers send the same in its place.
    if ( ! name )
        name = "<unknown enum>";
    zw_encode_enum(encoder, name, strlen(name));
}

// Writes a value of a type that records and vectors hold without an object around it. False, and
// nothing is written, if it is of another type.
template<class Source>
bool write_bare(zw_encoder* encoder, const Type* type, const Source& v) {
    switch ( type->Tag() ) {
        case TYPE_BOOL: zw_encode_bool(encoder, v.AsInt() != 0); return true;
        case TYPE_INT: zw_encode_int(encoder, v.AsInt()); return true;
        case TYPE_ENUM: write_enum(encoder, type->AsEnumType(), v.AsInt()); return true;
        case TYPE_COUNT: zw_encode_count(encoder, v.AsCount()); return true;
        case TYPE_PORT: write_port(encoder, v.AsCount()); return true;
        case TYPE_DOUBLE: zw_encode_double(encoder, v.AsDouble()); return true;
        case TYPE_TIME: zw_encode_time(encoder, v.AsDouble()); return true;
        case TYPE_INTERVAL: zw_encode_interval(encoder, v.AsDouble()); return true;
        default: return false;
    }
}

// A field that is set, as write_bare() reads it.
struct RawField {
    const RecordVal* rec;
    int i;

    zeek_int_t AsInt() const { return rec->GetFieldAs<zeek_int_t>(i); }
    zeek_uint_t AsCount() const { return rec->GetFieldAs<zeek_uint_t>(i); }
    double AsDouble() const { return rec->GetFieldAs<double>(i); }
};

bool is_broker_data(const Val* v) {
    return v->GetType()->Tag() == TYPE_RECORD &&
           v->GetType() == zeek::Broker::detail::DataVal::ScriptDataType();
}

} // namespace

bool ValWriter::Begin(size_t count) {
    if ( depth >= DEPTH_MAX ) {
        reporter->Error("cannot send a value that nests too deep or contains itself");
        return false;
    }

    if ( count > values_left ) {
        reporter->Error("cannot send an event of more than %zu values", VALUE_COUNT_MAX);
        return false;
    }

    ++depth;
    values_left -= count;
    return true;
}

bool ValWriter::End() {
    --depth;
    return true;
}

bool ValWriter::Write(const Val* v, const Type* declared) {
    if ( declared->Tag() != TYPE_ANY || is_broker_data(v) )
        return WriteConcrete(v, declared);

    zw_encode_any(encoder);
    ++any_depth;
    bool written = Begin(1) && WriteConcrete(v, v->GetType().get()) && End();
    --any_depth;
    return written;
}

bool ValWriter::WriteConcrete(const Val* v, const Type* declared) {
    const auto* type = v->GetType().get();

    switch ( type->Tag() ) {
        case TYPE_BOOL: zw_encode_bool(encoder, v->AsBool()); return true;
        case TYPE_INT: zw_encode_int(encoder, v->AsInt()); return true;
        case TYPE_COUNT: zw_encode_count(encoder, v->AsCount()); return true;
        case TYPE_DOUBLE: zw_encode_double(encoder, v->AsDouble()); return true;
        case TYPE_TIME: zw_encode_time(encoder, v->AsTime()); return true;
        case TYPE_INTERVAL: zw_encode_interval(encoder, v->AsInterval()); return true;
        case TYPE_STRING: write_string(encoder, v->AsString()); return true;
        case TYPE_ENUM: write_enum(encoder, type->AsEnumType(), v->AsEnum()); return true;
        case TYPE_PORT: write_port(encoder, v->AsCount()); return true;
        case TYPE_ADDR: write_addr(encoder, v->AsAddr()); return true;
        case TYPE_SUBNET: write_subnet(encoder, v->AsSubNet()); return true;
        case TYPE_PATTERN: {
            const auto* exact = v->AsPattern()->PatternText();
            const auto* anywhere = v->AsPattern()->AnywherePatternText();
            zw_encode_pattern(encoder, exact, strlen(exact), anywhere, strlen(anywhere));
            return true;
        }
        case TYPE_FILE: {
            const auto* name = v->AsFile()->Name();
            zw_encode_string(encoder, name, strlen(name));
            return true;
        }
        case TYPE_TABLE: return WriteTable(v->AsTableVal(), declared);
        case TYPE_VECTOR: return WriteVector(v->AsVectorVal(), declared);
        case TYPE_LIST: return WriteList(v->AsListVal());
        case TYPE_RECORD: return WriteRecord(v->AsRecordVal());
        case TYPE_FUNC: return WriteFunc(v->AsFunc());
        case TYPE_OPAQUE: return WriteOpaque(v->AsOpaqueVal());
        default: break;
    }

    reporter->Error("cannot send a value of type %s", type_name(type->Tag()));
    return false;
}

bool ValWriter::WriteRaw(const ZVal& z, const TypePtr& type, const Type* declared) {
    if ( declared->Tag() != TYPE_ANY ) {
        if ( write_bare(encoder, type.get(), z) )
            return true;

        if ( type->Tag() == TYPE_STRING ) {
            write_string(encoder, z.AsString()->AsString());
            return true;
        }
    }

    return Write(z.ToVal(type).get(), declared);
}

bool ValWriter::WriteTable(const TableVal* table, const Type* declared) {
    const auto* type = table->GetType()->AsTableType();

    // What table() or set() made has no type of its own, and no elements.
    bool is_set = type->IsUnspecifiedTable() && declared->Tag() == TYPE_TABLE ? declared->IsSet() :
                                                                                 type->IsSet();
    const auto* entries = table->AsTable();
    auto count = static_cast<size_t>(entries->Length());

    if ( ! Begin(is_set ? count : 2 * count) )
        return false;

    const bool ordered = entries->IsOrdered();

    if ( is_set )
        (ordered ? zw_encode_ordered_set : zw_encode_set)(encoder, count);
    else
        (ordered ? zw_encode_ordered_table : zw_encode_table)(encoder, count);

    // In the order of insertion where the table is &ordered.
    for ( const auto& entry : *entries ) {
        auto key = entry.GetHashKey();
        auto index = table->RecreateIndex(*key);

        if ( ! WriteIndex(index.get(), type->GetIndices().get()) )
            return false;

        if ( ! is_set && ! Write(entry.value->GetVal().get(), type->Yield().get()) )
            return false;
    }

    return End();
}

bool ValWriter::WriteIndex(const ListVal* index, const TypeList* declared) {
    const auto& types = declared->GetTypes();
    auto count = static_cast<size_t>(index->Length());

    // A single index stands for itself, so that one which is a vector or record cannot be taken
    // for a composite one.
    if ( count == 1 )
        return Write(index->Idx(0).get(), types[0].get());

    if ( ! Begin(count) )
        return false;

    zw_encode_list(encoder, count);

    for ( size_t i = 0; i < count; i++ ) {
        if ( ! Write(index->Idx(i).get(), types[i].get()) )
            return false;
    }

    return End();
}

bool ValWriter::WriteVector(const VectorVal* vec, const Type* declared) {
    const auto* type = vec->GetType()->AsVectorType();

    // What vector() made has no type of its own.
    if ( type->IsUnspecifiedVector() && declared->Tag() == TYPE_VECTOR )
        type = declared->AsVectorType();

    const auto* yield = type->Yield().get();
    const auto& elements = vec->RawVec();
    const auto& element_type = vec->RawYieldType();
    const auto* element_types = vec->RawYieldTypes();

    if ( ! Begin(elements.size()) )
        return false;

    zw_encode_vector(encoder, elements.size());

    for ( size_t i = 0; i < elements.size(); i++ ) {
        if ( elements[i] ) {
            if ( ! WriteRaw(*elements[i], element_types ? (*element_types)[i] : element_type,
                            yield) )
                return false;
        }
        else if ( ValueOptions::vector_holes )
            zw_encode_unset(encoder);
        else {
            // Zeek's own words: scripts and tests know them.
            reporter->Error("serialization of vectors with holes is unsupported");
            return false;
        }
    }

    return End();
}

bool ValWriter::WriteList(const ListVal* list) {
    auto count = static_cast<size_t>(list->Length());

    if ( ! Begin(count) )
        return false;

    zw_encode_list(encoder, count);

    for ( const auto& v : list->Vals() ) {
        if ( v ) {
            if ( ! Write(v.get(), v->GetType().get()) )
                return false;
        }
        else if ( ValueOptions::vector_holes )
            zw_encode_unset(encoder);
        else {
            // As above.
            reporter->Error("serialization of lists with holes is unsupported");
            return false;
        }
    }

    return End();
}

bool ValWriter::WriteRecord(const RecordVal* rec) {
    if ( is_broker_data(rec) )
        return WriteBrokerData(rec);

    const auto* type = rec->GetType()->AsRecordType();
    const auto count = type->NumFields();
    const bool named = any_depth > 0;

    if ( ! Begin(static_cast<size_t>(count)) )
        return false;

    if ( const auto& name = type->GetName(); named && ! name.empty() )
        zw_encode_typed_record(encoder, name.data(), name.size(), static_cast<size_t>(count), true);
    else
        zw_encode_record(encoder, static_cast<size_t>(count), named);

    for ( int i = 0; i < count; i++ ) {
        const auto* decl = type->FieldDecl(i);

        if ( named )
            zw_encode_field_name(encoder, decl->id, strlen(decl->id));

        if ( ! WriteField(rec, i, decl) )
            return false;
    }

    return End();
}

bool ValWriter::WriteField(const RecordVal* rec, int i, const TypeDecl* decl) {
    const auto* type = decl->type.get();

    if ( rec->HasRawField(i) ) {
        if ( write_bare(encoder, type, RawField{rec, i}) )
            return true;

        if ( type->Tag() == TYPE_STRING ) {
            write_string(encoder, rec->GetFieldAs<StringVal>(i));
            return true;
        }
    }

    auto v = rec->GetFieldOrDefault(i);

    if ( v )
        return Write(v.get(), type);

    zw_encode_unset(encoder);
    return true;
}

bool ValWriter::WriteFunc(const Func* func) {
    auto name = LambdaName(func);

    if ( name.empty() ) {
        name = func->GetName();
        zw_encode_function(encoder, name.data(), name.size(), false, 0);
        return true;
    }

    std::vector<ValPtr> captured;
    const auto* declared = DeclaredCaptures(func);

    if ( ! GetCaptures(func, &captured) ) {
        reporter->Error("cannot send '%s': its captures are not accessible",
                        func->GetName().c_str());
        return false;
    }

    if ( ! Begin(captured.size()) )
        return false;

    zw_encode_function(encoder, name.data(), name.size(), true, captured.size());

    for ( size_t i = 0; i < captured.size(); i++ ) {
        if ( ! captured[i] )
            zw_encode_unset(encoder);
        else if ( ! Write(captured[i].get(), (*declared)[i].Id()->GetType().get()) )
            return false;
    }

    return End();
}

bool ValWriter::WriteOpaque(const OpaqueVal* opaque) {
    auto serialized = opaque->SerializeData();
    const broker::vector* parts = nullptr;

    if ( serialized )
        parts = broker::get_if<broker::vector>(zeek::detail::BrokerDataAccess::Unbox(*serialized));

    const auto* type_id =
        parts && parts->size() == 2 ? broker::get_if<std::string>((*parts)[0]) : nullptr;

    if ( ! type_id ) {
        reporter->Error("cannot send a value of type %s: it has no serialization",
                        obj_desc_short(opaque->GetType()).c_str());
        return false;
    }

    // Its data as a tree and not as a blob of Broker's: nothing of it is lost, and a reader needs
    // no other format.
    zw_encode_opaque(encoder, type_id->data(), type_id->size());

    if ( WriteBrokerValue(encoder, (*parts)[1]) )
        return true;

    reporter->Error("cannot send a value of type %s: its data nests too deep",
                    obj_desc_short(opaque->GetType()).c_str());
    return false;
}

bool ValWriter::WriteBrokerData(const RecordVal* rec) {
    auto data = rec->GetField<OpaqueVal>(0);

    if ( ! data || data->GetType() != zeek::Broker::detail::opaque_of_data_type ) {
        reporter->Error("cannot send a Broker::Data without data");
        return false;
    }

    // Always within an `any`, also where Broker::Data is what is declared.
    zw_encode_any(encoder);

    const auto* wrapped = static_cast<const zeek::Broker::detail::DataVal*>(data.get());

    if ( WriteBrokerValue(encoder, wrapped->data) )
        return true;

    reporter->Error("cannot send a Broker::Data that nests too deep");
    return false;
}

} // namespace zeek::cluster::zeekwire
