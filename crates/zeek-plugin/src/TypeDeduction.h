// The types of received values that no declaration describes.

#pragma once

#include "zeek/Type.h"

#include "zeekwire.h"

namespace zeek::cluster::zeekwire {

/// What the names of types mean that records come with.
enum class Naming {
    /// A record has the type of that name that is known here if the names of their fields agree:
    /// each that is set there is known here, and each that is missing there is &optional or has a
    /// &default. What types the fields have is not compared.
    KNOWN_TYPES,
    /// Nothing: a record has a type of its own, made of its fields.
    NONE,
};

/// The type that a value has by itself. Null where the wire does not tell enough for a type that
/// scripts could name: empty containers, enums and functions that are not known here, values of
/// different types in one container, holes, damage, opaque values of Broker's; and records without
/// names of their fields or with unset fields, unless the name of their type says enough.
/// A file is the string of its name.
TypePtr DeduceType(const zw_value& v, Naming naming, int depth = 0);

} // namespace zeek::cluster::zeekwire
