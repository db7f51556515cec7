// Zeek values to an encoder.

#pragma once

#include <cstddef>

#include "zeek/Val.h"

#include "zeekwire.h"

namespace zeek {
class Func;
} // namespace zeek

namespace zeek::cluster::zeekwire {

/// Writes the values of one event. What a value refers to more than once is written as often; a
/// value that contains itself is refused.
///
/// The wire holds what Zeek's own serializers send (unset fields with a &default as that default,
/// functions and files by name), but with every type told apart, and wraps a value in an `any`
/// where its declaration says `any`. A `Broker::Data` is sent as the data in it.
class ValWriter {
public:
    explicit ValWriter(zw_encoder* encoder) : encoder(encoder) {}

    /// Writes `v`, declared as `declared`. False when it cannot be sent: the reason was reported,
    /// and the encoding must be given up.
    bool Write(const Val* v, const Type* declared);

private:
    bool WriteConcrete(const Val* v, const Type* declared);
    bool WriteRaw(const ZVal& z, const TypePtr& type, const Type* declared);
    bool WriteTable(const TableVal* table, const Type* declared);
    bool WriteIndex(const ListVal* index, const TypeList* declared);
    bool WriteVector(const VectorVal* vec, const Type* declared);
    bool WriteList(const ListVal* list);
    bool WriteRecord(const RecordVal* rec);
    bool WriteField(const RecordVal* rec, int i, const TypeDecl* decl);
    bool WriteFunc(const Func* func);
    bool WriteOpaque(const OpaqueVal* opaque);
    bool WriteBrokerData(const RecordVal* rec);

    // Enters a container of `count` values.
    bool Begin(size_t count);
    bool End();

    zw_encoder* encoder;
    size_t values_left = VALUE_COUNT_MAX;
    int depth = 0;
    // Inside of an `any` records have names, and so have their fields: no declaration tells the
    // receiver what they are.
    int any_depth = 0;

    // Both only end the walk over values that the encoder refused long before.
    static constexpr size_t VALUE_COUNT_MAX = size_t{8} * 1024 * 1024;
    static constexpr int DEPTH_MAX = 128;
};

} // namespace zeek::cluster::zeekwire
