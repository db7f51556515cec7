#include "Lambdas.h"

#include <cinttypes>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "zeek/Desc.h"
#include "zeek/ID.h"
#include "zeek/Scope.h"
#include "zeek/Stmt.h"
#include "zeek/Type.h"
#include "zeek/util.h"

using zeek::detail::ID;

namespace zeek::cluster::zeekwire {

namespace {

// How Zeek's names of lambdas start, after the module, and ours.
constexpr std::string_view LAMBDA = "lambda_<";

// Globals are never removed, so that nothing here ever dangles.
struct Lambdas {
    std::unordered_map<std::string, const ID*> by_name;

    // Copies have Zeek's name of the lambda at best, which equal lambdas share. The type they have
    // from it is its own: each is parsed anew.
    std::unordered_map<const FuncType*, std::string_view> names;
};

Lambdas all;

std::string_view text_of(const ODesc& d) {
    return {reinterpret_cast<const char*>(d.Bytes()), static_cast<size_t>(d.Size())};
}

// Zeek's name without the module; empty when it is no lambda's.
std::string_view local_name(std::string_view name) {
    auto at = name.find(LAMBDA);
    bool is_local = at == 0 || (at != name.npos && at >= 2 && name.substr(at - 2, 2) == "::");
    return is_local ? name.substr(at) : std::string_view{};
}

const ValPtr& value_of(const ID* id) {
    const auto& val = id && ! id->IsType() ? id->GetVal() : Val::nil;
    return val && val->GetType()->Tag() == TYPE_FUNC ? val : Val::nil;
}

// FNV-1a: the same everywhere. What it is of comes from our own scripts, not from peers.
uint64_t hash(std::string_view text) {
    uint64_t h = 0xcbf29ce484222325;
    for ( unsigned char c : text ) {
        h ^= c;
        h *= 0x100000001b3;
    }
    return h;
}

// The file, without its folder, and the lines.
std::string place_of(const Func* func) {
    ODesc d;
    func->GetLocationInfo()->Describe(&d);
    auto place = text_of(d);
    return std::string{place.substr(place.rfind('/') + 1)};
}

std::string description_of(const ID* id, const Func* func) {
    ODesc d;
    d.AddSP(id->ModuleName().c_str());
    func->GetType()->Describe(&d);

    if ( const auto& captures = func->GetType()->GetCaptures() )
        for ( const auto& c : *captures ) {
            d.Add(c.IsDeepCopy() ? ", copy " : ", ");
            d.Add(c.Id()->Name());
            d.Add(": ");
            c.Id()->GetType()->Describe(&d);
        }

    for ( const auto& body : func->GetBodies() )
        body.stmts->Describe(&d);

    return std::string{text_of(d)};
}

void name_lambda(const ID* id, const Func* func) {
    auto place = place_of(func);
    auto description = description_of(id, func);

    // Equal lambdas on one line differ by their order.
    for ( ;; description += ' ' ) {
        auto name = std::string{LAMBDA} + place + util::fmt(", %016" PRIx64 ">", hash(description));
        auto [it, is_new] = all.by_name.emplace(std::move(name), id);

        if ( is_new ) {
            all.names.emplace(func->GetType().get(), it->first);
            return;
        }
    }
}

} // namespace

void NameLambdas() {
    // In the order of the scripts. By name, Zeek keeps only the last of equal lambdas.
    for ( const auto& id : zeek::detail::global_scope()->OrderedVars() ) {
        auto name = local_name(id->Name());
        if ( name.empty() )
            continue;

        if ( const auto& val = value_of(id.get()) ) {
            name_lambda(id.get(), val->AsFunc());
            all.by_name.emplace(name, id.get());
        }
    }
}

std::string_view LambdaName(const Func* func) {
    auto name = local_name(func->GetName());
    if ( name.empty() )
        return name;

    auto it = all.names.find(func->GetType().get());
    return it != all.names.end() ? it->second : name;
}

ValPtr FindLambda(std::string_view name) {
    auto local = local_name(name);
    if ( local.empty() )
        return nullptr;

    auto it = all.by_name.find(std::string{local});
    return it != all.by_name.end() ? value_of(it->second) : nullptr;
}

} // namespace zeek::cluster::zeekwire
