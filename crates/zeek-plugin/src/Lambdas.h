// Names of lambdas that all processes with the same scripts agree on.
//
// Zeek names a lambda by a hash of its text that is keyed with the seed of the process, so that no
// other process knows the name. Lambdas travel by where they stand and what they say instead, as in
// "lambda_<main.zeek, lines 7-9, 8c1f0a62d5e7b394>". What they say is there so that processes whose
// scripts differ do not take one lambda for another.

#pragma once

#include <string_view>

#include "zeek/Func.h"
#include "zeek/Val.h"

namespace zeek::cluster::zeekwire {

/// Names the lambdas of all scripts, those that never ran included. To be called after scripts were
/// parsed and before Zeek optimizes them: what replaces their bodies does not tell them apart.
void NameLambdas();

/// The name under which `func` travels, or a copy of it; empty when it is no lambda. Where it was
/// not parsed but compiled, Zeek's own name. Lives as long as `func`.
std::string_view LambdaName(const Func* func);

/// The lambda that travels under that name, the one without captures that all others are copies of;
/// null when none does. Zeek's own names do as well, with or without their module.
ValPtr FindLambda(std::string_view name);

} // namespace zeek::cluster::zeekwire
