// Functions by name, and what closures captured.
//
// Zeek serializes captures without their types, and rebuilds them with nothing but a type tag:
// enums, records, tables and vectors crash the receiver, and captures received later overwrite
// those of a function received before. So captures are read and set here, by their declarations,
// on a copy of the function.

#pragma once

#include <string_view>
#include <vector>

#include "zeek/Func.h"
#include "zeek/Val.h"

namespace zeek::cluster::zeekwire {

/// The function, event or hook of that name; null if none is known here. Lambdas have the names
/// under which they travel, and it is the one without captures that all others are copies of.
ValPtr FindFunction(std::string_view name);

/// What `func` declares to capture; null when nothing.
const FuncType::CaptureList* DeclaredCaptures(const Func* func);

/// The captured values in the order of their declaration, null where there is none. False when
/// `func` keeps them in a way that is not known here.
bool GetCaptures(const Func* func, std::vector<ValPtr>* out);

/// A copy of `func` with these captures, as many as it declares. Null when `func` keeps captures
/// in a way that is not known here.
FuncPtr WithCaptures(Func* func, std::vector<ValPtr> captures);

} // namespace zeek::cluster::zeekwire
