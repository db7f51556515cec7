#include "TypeDeduction.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "zeek/Attr.h"
#include "zeek/ID.h"
#include "zeek/OpaqueVal.h"
#include "zeek/Scope.h"
#include "zeek/util.h"

#include "Functions.h"

namespace zeek::cluster::zeekwire {

namespace {

// Far above what the library lets through.
constexpr int DEPTH_MAX = 128;

// The type of all elements, if they agree on one.
TypePtr common_type(const zw_list& list, Naming naming, int depth) {
    TypePtr common;

    for ( size_t i = 0; i < list.count; i++ ) {
        zw_value element;
        if ( zw_list_get(&list, i, &element) != ZW_OK )
            return nullptr;

        auto type = DeduceType(element, naming, depth + 1);
        if ( ! type || (common && ! same_type(common, type)) )
            return nullptr;

        if ( ! common )
            common = std::move(type);
    }

    return common;
}

// The types of one index: of its parts if it is composite.
std::vector<TypePtr> index_types(const zw_value& index, Naming naming, int depth) {
    if ( index.type != ZW_LIST )
        return {DeduceType(index, naming, depth + 1)};

    std::vector<TypePtr> types;
    for ( size_t i = 0; i < index.as.list.count; i++ ) {
        zw_value part;
        if ( zw_list_get(&index.as.list, i, &part) != ZW_OK )
            return {};
        types.push_back(DeduceType(part, naming, depth + 1));
    }
    return types;
}

bool all_known(const std::vector<TypePtr>& types) {
    for ( const auto& t : types )
        if ( ! t || t->Tag() == TYPE_ANY )
            return false;
    return ! types.empty();
}

// A table's type, or with a null `yield` a set's.
TypePtr table_type(const zw_list& keys, TypePtr yield, Naming naming, int depth) {
    std::vector<TypePtr> common;

    for ( size_t i = 0; i < keys.count; i++ ) {
        zw_value key;
        if ( zw_list_get(&keys, i, &key) != ZW_OK )
            return nullptr;

        auto types = index_types(key, naming, depth);
        if ( ! all_known(types) || (i > 0 && types.size() != common.size()) )
            return nullptr;

        for ( size_t j = 0; j < common.size(); j++ )
            if ( ! same_type(types[j], common[j]) )
                return nullptr;

        if ( i == 0 )
            common = std::move(types);
    }

    if ( common.empty() )
        return nullptr;

    auto indices = make_intrusive<TypeList>();
    for ( auto& t : common )
        indices->Append(std::move(t));

    return make_intrusive<TableType>(std::move(indices), std::move(yield));
}

// Empty when there is none.
std::string_view field_name(const zw_value& record, size_t i) {
    const char* name = nullptr;
    size_t size = 0;
    return zw_record_name(&record, i, &name, &size) == ZW_OK ? std::string_view{name, size} :
                                                               std::string_view{};
}

// Whether each field that is set has a place in the type, and none is missing that must be there.
bool fields_agree(const zw_value& v, const RecordType* type) {
    const auto& fields = v.as.record.fields;
    std::vector<bool> there(static_cast<size_t>(type->NumFields()));

    for ( size_t i = 0; i < fields.count; i++ ) {
        const std::string name{field_name(v, i)};
        const int place = name.empty() ? -1 : type->FieldOffset(name.c_str());
        zw_value field;

        if ( place < 0 ) {
            if ( zw_list_get(&fields, i, &field) != ZW_OK || field.type != ZW_UNSET )
                return false;
        }
        else if ( there[static_cast<size_t>(place)] )
            return false;
        else
            there[static_cast<size_t>(place)] = true;
    }

    for ( int i = 0; i < type->NumFields(); i++ ) {
        const auto* decl = type->FieldDecl(i);
        if ( ! there[static_cast<size_t>(i)] && ! decl->GetAttr(zeek::detail::ATTR_OPTIONAL) &&
             ! decl->GetAttr(zeek::detail::ATTR_DEFAULT) )
            return false;
    }

    return true;
}

// The type that a record's own name of it means here.
TypePtr known_record_type(const zw_value& v) {
    const auto& record = v.as.record;
    if ( record.type_name_n == 0 )
        return nullptr;

    const auto& id =
        zeek::detail::global_scope()->Find(std::string_view{record.type_name, record.type_name_n});
    if ( ! id || ! id->IsType() || id->GetType()->Tag() != TYPE_RECORD )
        return nullptr;

    return fields_agree(v, id->GetType()->AsRecordType()) ? id->GetType() : nullptr;
}

TypePtr record_type(const zw_value& v, Naming naming, int depth) {
    if ( naming == Naming::KNOWN_TYPES ) {
        if ( auto known = known_record_type(v) )
            return known;
    }

    const auto& fields = v.as.record.fields;
    std::vector<std::pair<std::string, TypePtr>> decls;

    for ( size_t i = 0; i < fields.count; i++ ) {
        zw_value field;
        const std::string_view name = field_name(v, i);
        if ( zw_list_get(&fields, i, &field) != ZW_OK || name.empty() )
            return nullptr;

        auto type = DeduceType(field, naming, depth + 1);
        if ( ! type )
            return nullptr;

        decls.emplace_back(std::string{name}, std::move(type));
    }

    if ( decls.empty() )
        return nullptr;

    auto* list = new type_decl_list(static_cast<int>(decls.size()));
    for ( auto& [name, type] : decls )
        list->push_back(new TypeDecl(util::copy_string(name.c_str()), std::move(type)));
    return make_intrusive<RecordType>(list);
}

// The type of the enum that has this name.
TypePtr enum_type(std::string_view name) {
    const auto& id = zeek::detail::global_scope()->Find(name);
    return id && id->IsEnumConst() && id->GetType()->Tag() == TYPE_ENUM ? id->GetType() : nullptr;
}

TypePtr function_type(std::string_view name) {
    auto function = FindFunction(name);
    return function ? function->GetType() : nullptr;
}

// Not of Broker's own: the code of its iterators trusts the data it is given.
TypePtr opaque_type(const std::string& type_id) {
    if ( type_id.starts_with("zeek::Broker::") )
        return nullptr;

    auto blank = OpaqueMgr::mgr()->Instantiate(type_id);
    return blank ? blank->GetType() : nullptr;
}

} // namespace

TypePtr DeduceType(const zw_value& v, Naming naming, int depth) {
    if ( depth > DEPTH_MAX )
        return nullptr;

    switch ( v.type ) {
        case ZW_BOOL: return base_type(TYPE_BOOL);
        case ZW_COUNT: return base_type(TYPE_COUNT);
        case ZW_INT: return base_type(TYPE_INT);
        case ZW_DOUBLE: return base_type(TYPE_DOUBLE);
        case ZW_TIME: return base_type(TYPE_TIME);
        case ZW_INTERVAL: return base_type(TYPE_INTERVAL);
        case ZW_STRING: return base_type(TYPE_STRING);
        case ZW_PATTERN: return base_type(TYPE_PATTERN);
        case ZW_PORT: return base_type(TYPE_PORT);
        case ZW_ADDR: return base_type(TYPE_ADDR);
        case ZW_SUBNET: return base_type(TYPE_SUBNET);
        case ZW_ANY: return base_type(TYPE_ANY);
        case ZW_ENUM: return enum_type({v.as.string.p, v.as.string.n});
        case ZW_FUNCTION: return function_type({v.as.function.name, v.as.function.n});

        case ZW_OPAQUE: return opaque_type({v.as.opaque.type_id, v.as.opaque.n});

        case ZW_VECTOR: {
            auto yield = common_type(v.as.list, naming, depth);
            return yield ? make_intrusive<VectorType>(std::move(yield)) : nullptr;
        }

        case ZW_SET: return table_type(v.as.list, nullptr, naming, depth);

        case ZW_TABLE: {
            auto yield = common_type(v.as.table.values, naming, depth);
            return yield ? table_type(v.as.table.keys, std::move(yield), naming, depth) : nullptr;
        }

        case ZW_RECORD: return record_type(v, naming, depth);

        default: return nullptr;
    }
}

} // namespace zeek::cluster::zeekwire
