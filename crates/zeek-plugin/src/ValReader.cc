#include "ValReader.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "zeek/Attr.h"
#include "zeek/Desc.h"
#include "zeek/File.h"
#include "zeek/Func.h"
#include "zeek/ID.h"
#include "zeek/IPAddr.h"
#include "zeek/OpaqueVal.h"
#include "zeek/RE.h"
#include "zeek/Type.h"
#include "zeek/broker/Data.h"

#include "BrokerValues.h"
#include "Functions.h"
#include "TypeDeduction.h"
#include "ValueOptions.h"

namespace zeek::cluster::zeekwire {

namespace {

// Most elements for which memory is taken before they were seen.
constexpr size_t RESERVED_COUNT_MAX = 4096;

std::string describe(const Type* type) {
    return type->GetName().empty() ? obj_desc_short(type) : type->GetName();
}

// What a value of a type that holds no others is on the wire; ZW_UNSET if it never is.
zw_type wire_type(TypeTag tag) {
    switch ( tag ) {
        case TYPE_BOOL: return ZW_BOOL;
        case TYPE_INT: return ZW_INT;
        case TYPE_COUNT: return ZW_COUNT;
        case TYPE_DOUBLE: return ZW_DOUBLE;
        case TYPE_TIME: return ZW_TIME;
        case TYPE_INTERVAL: return ZW_INTERVAL;
        case TYPE_STRING: return ZW_STRING;
        case TYPE_PORT: return ZW_PORT;
        case TYPE_ADDR: return ZW_ADDR;
        case TYPE_SUBNET: return ZW_SUBNET;
        case TYPE_ENUM: return ZW_ENUM;
        case TYPE_PATTERN: return ZW_PATTERN;
        case TYPE_FUNC: return ZW_FUNCTION;
        case TYPE_FILE: return ZW_STRING;
        case TYPE_OPAQUE: return ZW_OPAQUE;
        default: return ZW_UNSET;
    }
}

IPAddr address_of(const zw_value& v) {
    uint32_t words[4] = {};
    memcpy(words, v.as.addr.bytes, v.as.addr.width);
    return IPAddr{v.as.addr.width == 4 ? IPv4 : IPv6, words, IPAddr::Network};
}

// Null when the length does not suit the address.
ValPtr subnet_of(const zw_value& v) {
    auto addr = address_of(v);
    auto length = v.as.addr.length;
    bool is_v4 = v.as.addr.width == 4;

    if ( length > (is_v4 ? 32 : 128) )
        return nullptr;

    return make_intrusive<SubNetVal>(IPPrefix{addr, length, ! is_v4});
}

zeek_uint_t masked_port(const zw_value& v) {
    return PortVal::Mask(v.as.port.number, static_cast<TransportProto>(v.as.port.protocol & 3));
}

ValPtr string_of(const zw_value& v) {
    const auto& s = v.as.string;
    return s.n ? make_intrusive<StringVal>(static_cast<int>(s.n), s.p) :
                 make_intrusive<StringVal>(0, "");
}

bool is_broker_data(const TypePtr& type) {
    return type->Tag() == TYPE_RECORD && type == zeek::Broker::detail::DataVal::ScriptDataType();
}

// What makes a table keep the order in which its elements came.
detail::AttributesPtr ordered_attributes(const TypePtr& table_type) {
    // Never freed: Zeek's types may be gone before statics are.
    static auto* attributes = [&] {
        auto a = make_intrusive<zeek::detail::Attributes>(table_type, false, false);
        a->AddAttr(make_intrusive<zeek::detail::Attr>(zeek::detail::ATTR_ORDERED));
        return new zeek::detail::AttributesPtr(std::move(a));
    }();
    return *attributes;
}

// Counts a level of nesting, also while an exception passes.
class Level {
public:
    explicit Level(int* depth) : depth(depth) { ++*depth; }
    ~Level() { --*depth; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

private:
    int* depth;
};

} // namespace

bool ValReader::Get(const zw_list& list, size_t i, zw_value* out) {
    auto result = zw_list_get(&list, i, out);
    if ( result == ZW_OK )
        return true;

    Fail(std::string{"the payload is damaged: "} + zw_result_name(result));
    return false;
}

std::nullptr_t ValReader::Fail(std::string reason) {
    fault.Set(std::move(reason));
    return nullptr;
}

std::nullptr_t ValReader::Mismatch(const zw_value& v, const Type* type) {
    return Fail(std::string{"got "} + zw_type_name(v.type) + ", declared as " + describe(type));
}

ValPtr ValReader::Read(const zw_value& v, const TypePtr& type, const TypeDecl* decl) {
    if ( depth >= DEPTH_MAX )
        return Fail("its containers nest too deep");

    Level level{&depth};

    if ( type->Tag() == TYPE_ANY )
        return ReadAny(v);

    zw_value inner;
    if ( v.type == ZW_ANY && ! Get(v.as.list, 0, &inner) )
        return nullptr;

    const auto& unwrapped = v.type == ZW_ANY ? inner : v;

    if ( is_broker_data(type) )
        return ReadBrokerData(unwrapped);

    return ReadConcrete(unwrapped, type, decl);
}

ValPtr ValReader::ReadConcrete(const zw_value& v, const TypePtr& type, const TypeDecl* decl) {
    switch ( type->Tag() ) {
        case TYPE_TABLE: return ReadTable(v, type, decl);
        case TYPE_VECTOR: return ReadVector(v, type);
        case TYPE_RECORD: return ReadRecord(v, type);
        case TYPE_LIST: return ReadList(v, type);
        default: return ReadSimple(v, type);
    }
}

ValPtr ValReader::ReadSimple(const zw_value& v, const TypePtr& type) {
    const auto expected = wire_type(type->Tag());
    if ( expected == ZW_UNSET )
        return Fail("values of type " + describe(type.get()) + " cannot be received");
    if ( v.type != expected )
        return Mismatch(v, type.get());

    switch ( type->Tag() ) {
        case TYPE_BOOL: return val_mgr->Bool(v.as.b);
        case TYPE_INT: return val_mgr->Int(v.as.integer);
        case TYPE_COUNT: return val_mgr->Count(v.as.count);
        case TYPE_DOUBLE: return make_intrusive<DoubleVal>(v.as.real);
        case TYPE_TIME: return make_intrusive<TimeVal>(v.as.real);
        case TYPE_INTERVAL: return make_intrusive<IntervalVal>(v.as.real);
        case TYPE_STRING: return string_of(v);
        case TYPE_PORT: return val_mgr->Port(masked_port(v));
        case TYPE_ADDR: return make_intrusive<AddrVal>(address_of(v));
        case TYPE_SUBNET: {
            auto subnet = subnet_of(v);
            return subnet ? std::move(subnet) : Fail("the length of its prefix is too large");
        }
        case TYPE_ENUM: {
            auto value = EnumValue(v, type.get());
            return value ? type->AsEnumType()->GetEnumVal(*value) : nullptr;
        }
        case TYPE_PATTERN: return ReadPattern(v);
        case TYPE_FUNC: return ReadFunc(v, type);
        case TYPE_FILE: return ReadFile(v);
        case TYPE_OPAQUE: return ReadOpaque(v, type);
        default: return Mismatch(v, type.get());
    }
}

std::optional<ZVal> ValReader::ReadBare(const zw_value& v, Type* type) {
    if ( v.type != wire_type(type->Tag()) )
        return std::nullopt;

    switch ( type->Tag() ) {
        case TYPE_BOOL: return ZVal{static_cast<zeek_int_t>(v.as.b)};
        case TYPE_INT: return ZVal{static_cast<zeek_int_t>(v.as.integer)};
        case TYPE_COUNT: return ZVal{static_cast<zeek_uint_t>(v.as.count)};
        case TYPE_PORT: return ZVal{masked_port(v)};
        case TYPE_DOUBLE:
        case TYPE_TIME:
        case TYPE_INTERVAL: return ZVal{v.as.real};
        case TYPE_ENUM: {
            auto value = EnumValue(v, type);
            return value ? std::optional{ZVal{*value}} : std::nullopt;
        }
        default: return std::nullopt;
    }
}

std::optional<zeek_int_t> ValReader::EnumValue(const zw_value& v, const Type* type) {
    name_buffer.assign(v.as.string.p, v.as.string.n);
    auto value = type->AsEnumType()->Lookup(name_buffer);
    if ( value >= 0 )
        return value;

    Fail("'" + name_buffer + "' is not a name of enum " + describe(type));
    return std::nullopt;
}

ValPtr ValReader::ReadAny(const zw_value& v) {
    zw_value inner;
    if ( v.type == ZW_ANY && ! Get(v.as.list, 0, &inner) )
        return nullptr;

    const auto& unwrapped = v.type == ZW_ANY ? inner : v;

    if ( ValueOptions::concrete_any ) {
        // Fields of a record may have other types here than where its type's name comes from.
        for ( auto naming : {Naming::KNOWN_TYPES, Naming::NONE} ) {
            if ( auto type = DeduceType(unwrapped, naming) ) {
                if ( auto val = Read(unwrapped, type) )
                    return val;
            }
        }
    }

    return ReadBrokerData(unwrapped);
}

ValPtr ValReader::ReadBrokerData(const zw_value& v) {
    broker::data data;
    if ( ! ReadBrokerValue(v, &data, &fault) )
        return nullptr;

    return BrokerData{std::move(data)}.ToRecordVal();
}

ValPtr ValReader::ReadPattern(const zw_value& v) {
    const auto& p = v.as.pattern;
    std::string exact{p.exact, p.exact_n};
    std::string anywhere{p.anywhere, p.anywhere_n};

    // Zeek's matchers take text up to the first NUL.
    if ( exact.find('\0') != std::string::npos || anywhere.find('\0') != std::string::npos )
        return Fail("the pattern holds a NUL byte");

    auto matcher = std::make_unique<RE_Matcher>(exact.c_str(), anywhere.c_str());
    if ( ! matcher->Compile() )
        return Fail("the pattern '" + exact + "' does not compile");

    return make_intrusive<PatternVal>(matcher.release());
}

ValPtr ValReader::ReadTable(const zw_value& v, const TypePtr& type, const TypeDecl* decl) {
    const bool is_set = type->IsSet();
    if ( v.type != (is_set ? ZW_SET : ZW_TABLE) )
        return Mismatch(v, type.get());

    const auto& keys = is_set ? v.as.list : v.as.table.keys;
    const auto table_type = cast_intrusive<TableType>(type);
    const auto& indices = table_type->GetIndices();
    const bool ordered = v.ordered || (decl && decl->GetAttr(zeek::detail::ATTR_ORDERED));

    auto table = make_intrusive<TableVal>(table_type, ordered ? ordered_attributes(type) : nullptr);

    for ( size_t i = 0; i < keys.count; i++ ) {
        zw_value item;
        auto key = Get(keys, i, &item) ? ReadIndex(item, indices) : nullptr;
        if ( ! key ) {
            fault.Inside((is_set ? "{" : "{key ") + std::to_string(i) + "}");
            return nullptr;
        }

        ValPtr value;
        if ( ! is_set ) {
            if ( Get(v.as.table.values, i, &item) )
                value = Read(item, table_type->Yield());
            if ( ! value ) {
                fault.Inside("{value " + std::to_string(i) + "}");
                return nullptr;
            }
        }

        if ( ! table->Assign(std::move(key), std::move(value)) ) {
            Fail("cannot be an index of " + describe(type.get()));
            fault.Inside("{" + std::to_string(i) + "}");
            return nullptr;
        }
    }

    return table;
}

ValPtr ValReader::ReadIndex(const zw_value& v, const TypeListPtr& types) {
    const auto& expected = types->GetTypes();

    if ( expected.size() == 1 ) {
        const auto tag = expected[0]->Tag();
        const bool may_be_list = tag == TYPE_VECTOR || tag == TYPE_RECORD || tag == TYPE_LIST;
        zw_value inner;
        if ( v.type == ZW_LIST && v.as.list.count == 1 && ! may_be_list )
            return Get(v.as.list, 0, &inner) ? Read(inner, expected[0]) : nullptr;
        return Read(v, expected[0]);
    }

    if ( v.type != ZW_LIST && v.type != ZW_VECTOR )
        return Mismatch(v, types.get());

    if ( v.as.list.count != expected.size() )
        return Fail("an index of " + std::to_string(v.as.list.count) + " parts, declared with " +
                    std::to_string(expected.size()));

    std::vector<ValPtr> parts;
    parts.reserve(expected.size());

    for ( size_t i = 0; i < expected.size(); i++ ) {
        zw_value part;
        auto val = Get(v.as.list, i, &part) ? Read(part, expected[i]) : nullptr;
        if ( ! val ) {
            fault.Inside("(" + std::to_string(i) + ")");
            return nullptr;
        }
        parts.push_back(std::move(val));
    }

    return make_intrusive<ListVal>(types, std::move(parts));
}

ValPtr ValReader::ReadVector(const zw_value& v, const TypePtr& type) {
    if ( v.type != ZW_VECTOR && v.type != ZW_LIST )
        return Mismatch(v, type.get());

    auto vec = make_intrusive<VectorVal>(cast_intrusive<VectorType>(type));
    const auto& list = v.as.list;
    const auto& yield = type->Yield();
    vec->Reserve(static_cast<unsigned int>(std::min(list.count, RESERVED_COUNT_MAX)));

    for ( size_t i = 0; i < list.count; i++ ) {
        zw_value element;
        if ( ! Get(list, i, &element) || ! ReadElement(element, yield, i, vec.get()) ) {
            fault.Inside("[" + std::to_string(i) + "]");
            return nullptr;
        }
    }

    return vec;
}

bool ValReader::ReadElement(const zw_value& v, const TypePtr& yield, size_t i, VectorVal* out) {
    if ( v.type == ZW_UNSET ) {
        if ( ! ValueOptions::vector_holes ) {
            Fail("vectors with holes are not enabled");
            return false;
        }

        out->ResizeAtLeast(static_cast<unsigned int>(i + 1));
        return true;
    }

    if ( auto z = ReadBare(v, yield.get()) ) {
        out->RawVec().emplace_back(*z);
        return true;
    }

    auto val = Read(v, yield);
    if ( ! val )
        return false;

    if ( yield->Tag() == TYPE_ANY )
        // Notes the element's own type.
        return out->Assign(static_cast<unsigned int>(i), std::move(val));

    out->RawVec().emplace_back(ZVal{std::move(val), yield});
    return true;
}

ValPtr ValReader::ReadList(const zw_value& v, const TypePtr& type) {
    if ( v.type != ZW_LIST && v.type != ZW_VECTOR )
        return Mismatch(v, type.get());

    auto* types = type->AsTypeList();
    const bool pure = types->IsPure();
    const auto& list = v.as.list;

    if ( ! pure && list.count > types->GetTypes().size() )
        return Mismatch(v, type.get());

    auto result = make_intrusive<ListVal>(pure ? types->GetPureType()->Tag() : TYPE_ANY);

    for ( size_t i = 0; i < list.count; i++ ) {
        const auto& expected = pure ? types->GetPureType() : types->GetTypes()[i];
        zw_value element;
        auto val = Get(list, i, &element) ? Read(element, expected) : nullptr;
        if ( ! val ) {
            fault.Inside("(" + std::to_string(i) + ")");
            return nullptr;
        }
        result->Append(std::move(val));
    }

    return result;
}

ValPtr ValReader::ReadRecord(const zw_value& v, const TypePtr& type) {
    if ( v.type != ZW_RECORD && v.type != ZW_VECTOR && v.type != ZW_LIST )
        return Mismatch(v, type.get());

    auto rec = make_intrusive<RecordVal>(cast_intrusive<RecordType>(type));
    const char* name = nullptr;
    size_t size = 0;

    bool named = v.type == ZW_RECORD && zw_record_name(&v, 0, &name, &size) == ZW_OK;
    bool read = named ? ReadNamedFields(v, rec.get()) :
                        ReadFields(v.type == ZW_RECORD ? v.as.record.fields : v.as.list, rec.get());

    return read ? std::move(rec) : nullptr;
}

bool ValReader::ReadFields(const zw_list& fields, RecordVal* out) {
    const auto* type = out->GetType()->AsRecordType();
    const int count = type->NumFields();

    // Zeek's own serializers ignore fields that a newer declaration added at the end, too.
    if ( fields.count < static_cast<size_t>(count) ) {
        Fail("a record of " + std::to_string(fields.count) + " fields, declared as " +
             describe(type) + " with " + std::to_string(count));
        return false;
    }

    for ( int i = 0; i < count; i++ ) {
        zw_value field;
        if ( ! Get(fields, static_cast<size_t>(i), &field) || ! ReadField(field, i, out) ) {
            fault.Inside(std::string{"$"} + type->FieldName(i));
            return false;
        }
    }

    return true;
}

bool ValReader::ReadNamedFields(const zw_value& v, RecordVal* out) {
    const auto* type = out->GetType()->AsRecordType();
    const auto& fields = v.as.record.fields;

    auto name_at = [&](size_t at) {
        const char* p = nullptr;
        size_t n = 0;
        return zw_record_name(&v, at, &p, &n) == ZW_OK ? std::string_view{p, n} :
                                                         std::string_view{};
    };

    // All names, once one is elsewhere than here. Each look at the payload counts.
    std::vector<std::string_view> names;

    for ( int i = 0; i < type->NumFields(); i++ ) {
        const std::string_view name = type->FieldName(i);
        auto at = static_cast<size_t>(i);

        // Nodes may have extended the record in different order.
        if ( at >= fields.count || name_at(at) != name ) {
            for ( auto j = names.size(); j < fields.count; j++ )
                names.push_back(name_at(j));

            at = static_cast<size_t>(std::ranges::find(names, name) - names.begin());
        }

        if ( at == fields.count ) {
            const auto* decl = type->FieldDecl(i);
            if ( decl->GetAttr(zeek::detail::ATTR_OPTIONAL) ||
                 decl->GetAttr(zeek::detail::ATTR_DEFAULT) )
                continue;

            Fail("a record without the field '" + std::string{name} + "' of " + describe(type));
            return false;
        }

        zw_value field;
        if ( ! Get(fields, at, &field) || ! ReadField(field, i, out) ) {
            fault.Inside("$" + std::string{name});
            return false;
        }
    }

    return true;
}

bool ValReader::ReadField(const zw_value& v, int i, RecordVal* out) {
    if ( v.type == ZW_UNSET ) {
        out->Remove(i);
        return true;
    }

    const auto* decl = out->GetType()->AsRecordType()->FieldDecl(i);

    if ( auto z = ReadBare(v, decl->type.get()) ) {
        switch ( decl->type->InternalType() ) {
            case TYPE_INTERNAL_INT: out->Assign(i, z->AsInt()); break;
            case TYPE_INTERNAL_UNSIGNED: out->Assign(i, z->AsCount()); break;
            default: out->Assign(i, z->AsDouble()); break;
        }
        return true;
    }

    auto val = Read(v, decl->type, decl);
    if ( ! val )
        return false;

    out->Assign(i, std::move(val));
    return true;
}

ValPtr ValReader::ReadFunc(const zw_value& v, const TypePtr& type) {
    const std::string_view name{v.as.function.name, v.as.function.n};
    auto val = FindFunction(name);

    if ( ! val )
        return Fail("function '" + std::string{name} + "' is not known here");

    if ( ! same_type(val->GetType(), type) )
        return Fail("function '" + std::string{name} + "' is " + describe(val->GetType().get()) +
                    ", declared as " + describe(type.get()));

    const auto* declared = DeclaredCaptures(val->AsFunc());
    const auto& captures = v.as.function.captures;
    const size_t sent = v.as.function.is_closure ? captures.count : 0;

    if ( sent != (declared ? declared->size() : 0) )
        return Fail("function '" + std::string{name} + "' came with " + std::to_string(sent) +
                    " captures, declared with " +
                    std::to_string(declared ? declared->size() : 0));

    if ( sent == 0 )
        return val;

    auto closure = ReadClosure(v, val->AsFuncVal()->AsFuncPtr());
    return closure ? make_intrusive<FuncVal>(std::move(closure)) : nullptr;
}

FuncPtr ValReader::ReadClosure(const zw_value& v, const FuncPtr& func) {
    const auto& declared = *DeclaredCaptures(func.get());
    std::vector<ValPtr> captured;
    captured.reserve(declared.size());

    for ( size_t i = 0; i < declared.size(); i++ ) {
        zw_value capture;
        bool there = Get(v.as.function.captures, i, &capture);

        if ( there && capture.type == ZW_UNSET ) {
            captured.emplace_back();
            continue;
        }

        auto val = there ? Read(capture, declared[i].Id()->GetType()) : nullptr;
        if ( ! val ) {
            fault.Inside(std::string{" capture '"} + declared[i].Id()->Name() + "'");
            return nullptr;
        }
        captured.push_back(std::move(val));
    }

    auto closure = WithCaptures(func.get(), std::move(captured));
    return closure ? std::move(closure) :
                     Fail("the captures of function '" + func->GetName() + "' cannot be set here");
}

ValPtr ValReader::ReadFile(const zw_value& v) {
    name_buffer.assign(v.as.string.p, v.as.string.n);
    if ( name_buffer.find('\0') != std::string::npos )
        return Fail("the name of the file holds a NUL byte");

    auto file = File::Get(name_buffer.c_str());
    return file ? make_intrusive<FileVal>(std::move(file)) : nullptr;
}

ValPtr ValReader::ReadOpaque(const zw_value& v, const TypePtr& type) {
    std::string type_id{v.as.opaque.type_id, v.as.opaque.n};

    // Before anything is done with the data: code that takes an opaque value relies on its type,
    // and not every type's code survives data that is wrong.
    auto blank = OpaqueMgr::mgr()->Instantiate(type_id);
    if ( ! blank )
        return Fail("opaque type '" + type_id + "' is not known here");
    if ( ! same_type(blank->GetType(), type) )
        return Fail("got " + describe(blank->GetType().get()) + ", declared as " +
                    describe(type.get()));

    zw_value data;
    broker::vector parts(2);
    parts[0] = type_id;
    if ( ! Get(v.as.opaque.data, 0, &data) || ! ReadBrokerValue(data, &parts[1], &fault) )
        return nullptr;

    auto val = OpaqueVal::UnserializeData(BrokerListView{&parts});
    return val ? std::move(val) : Fail("the data of opaque '" + type_id + "' is damaged");
}

} // namespace zeek::cluster::zeekwire
