// Received values to Zeek values, as their declarations say.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "zeek/Val.h"

#include "Fault.h"
#include "zeekwire.h"

namespace zeek::cluster::zeekwire {

/// Builds values from what a peer sent, however wrong that may be.
///
/// Strict about types, with these exceptions: an `any` on the wire is taken for the value in it
/// where the declaration is concrete, and the other way round; records and composite indices may
/// come as vectors or lists, as formats that cannot tell them apart have them.
class ValReader {
public:
    /// The value as one of type `type`. With `decl`, attributes of the declaration count too: a
    /// table is ordered if the sender's was, or if its declaration says &ordered. Null when it is
    /// not one; LastFault() says why.
    ValPtr Read(const zw_value& v, const TypePtr& type, const TypeDecl* decl = nullptr);

    /// Why the last call of Read() or Get() failed.
    Fault& LastFault() { return fault; }

    /// The value at `i`, with a fault if the payload is damaged there.
    bool Get(const zw_list& list, size_t i, zw_value* out);

private:
    ValPtr ReadConcrete(const zw_value& v, const TypePtr& type, const TypeDecl* decl);
    ValPtr ReadSimple(const zw_value& v, const TypePtr& type);
    // The value if it is one that records and vectors hold without an object around it, and of
    // that type; otherwise it takes Read() to know more.
    std::optional<ZVal> ReadBare(const zw_value& v, Type* type);
    ValPtr ReadAny(const zw_value& v);
    ValPtr ReadBrokerData(const zw_value& v);
    ValPtr ReadPattern(const zw_value& v);
    ValPtr ReadTable(const zw_value& v, const TypePtr& type, const TypeDecl* decl);
    ValPtr ReadIndex(const zw_value& v, const TypeListPtr& types);
    ValPtr ReadVector(const zw_value& v, const TypePtr& type);
    bool ReadElement(const zw_value& v, const TypePtr& yield, size_t i, VectorVal* out);
    ValPtr ReadList(const zw_value& v, const TypePtr& type);
    ValPtr ReadRecord(const zw_value& v, const TypePtr& type);
    bool ReadFields(const zw_list& fields, RecordVal* out);
    bool ReadNamedFields(const zw_value& v, RecordVal* out);
    bool ReadField(const zw_value& v, int i, RecordVal* out);
    ValPtr ReadFunc(const zw_value& v, const TypePtr& type);
    FuncPtr ReadClosure(const zw_value& v, const FuncPtr& func);
    ValPtr ReadFile(const zw_value& v);
    ValPtr ReadOpaque(const zw_value& v, const TypePtr& type);

    // Sets the fault that `v` is not a `type`.
    std::nullptr_t Mismatch(const zw_value& v, const Type* type);
    std::nullptr_t Fail(std::string reason);

    // The value of an enum's name; nothing, and a fault, if it has no such name.
    std::optional<zeek_int_t> EnumValue(const zw_value& v, const Type* type);

    Fault fault;
    int depth = 0;
    // For names that Zeek wants with a NUL behind them.
    std::string name_buffer;

    // Far above what the library lets through.
    static constexpr int DEPTH_MAX = 128;
};

} // namespace zeek::cluster::zeekwire
