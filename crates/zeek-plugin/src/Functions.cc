#include "Functions.h"

#include <memory>

#include "zeek/Frame.h"
#include "zeek/ID.h"
#include "zeek/Scope.h"
#include "zeek/Stmt.h"
#include "zeek/Trigger.h"
#include "zeek/Type.h"
#include "zeek/ZVal.h"

#include "Lambdas.h"

using zeek::detail::Frame;
using zeek::detail::ScriptFunc;

namespace zeek::cluster::zeekwire {

namespace {

// Reaches the members that Zeek gives to its subclasses.
struct CaptureAccess : ScriptFunc {
    static std::vector<ZVal>* Vec(const ScriptFunc* func) {
        return (func->*(&CaptureAccess::captures_vec)).get();
    }

    static void SetFrame(ScriptFunc* func, Frame* frame) {
        (func->*(&CaptureAccess::SetCaptures))(frame);
    }
};

// Interpreted functions keep their captures in a frame, those compiled by ZAM in a vector.
bool is_zam(const ScriptFunc* func) {
    return func->GetBodies()[0].stmts->Tag() == zeek::detail::STMT_ZAM;
}

bool is_known(const ScriptFunc* func) {
    return func && func->HasBodies() &&
           func->GetBodies()[0].stmts->Tag() != zeek::detail::STMT_CPP;
}

} // namespace

ValPtr FindFunction(std::string_view name) {
    const auto& id = zeek::detail::global_scope()->Find(name);
    const auto& val = id && ! id->IsType() ? id->GetVal() : Val::nil;
    return val && val->GetType()->Tag() == TYPE_FUNC ? val : FindLambda(name);
}

const FuncType::CaptureList* DeclaredCaptures(const Func* func) {
    const auto& captures = func->GetType()->GetCaptures();
    return captures && ! captures->empty() ? &*captures : nullptr;
}

bool GetCaptures(const Func* func, std::vector<ValPtr>* out) {
    const auto* declared = DeclaredCaptures(func);
    if ( ! declared )
        return true;

    const auto* script_func = dynamic_cast<const ScriptFunc*>(func);
    if ( ! is_known(script_func) )
        return false;

    out->reserve(declared->size());

    if ( const auto* frame = script_func->GetCapturesFrame() ) {
        for ( int i = 0; i < frame->FrameSize(); i++ )
            out->push_back(frame->GetElement(i));
    }
    else if ( const auto* vec = CaptureAccess::Vec(script_func) ) {
        for ( size_t i = 0; i < vec->size() && i < declared->size(); i++ ) {
            const auto& capture = (*declared)[i];
            const auto& z = (*vec)[i];
            out->push_back(capture.IsManaged() && ! z.ManagedVal() ?
                               nullptr :
                               z.ToVal(capture.Id()->GetType()));
        }
    }

    return out->size() == declared->size();
}

FuncPtr WithCaptures(Func* func, std::vector<ValPtr> captures) {
    const auto* declared = DeclaredCaptures(func);
    if ( ! declared || captures.size() != declared->size() ||
         ! is_known(dynamic_cast<ScriptFunc*>(func)) )
        return nullptr;

    auto copy = func->DoClone();
    auto* script_func = dynamic_cast<ScriptFunc*>(copy.get());
    if ( ! is_known(script_func) )
        return nullptr;

    if ( ! is_zam(script_func) ) {
        auto frame = make_intrusive<Frame>(static_cast<int>(captures.size()), script_func, nullptr);
        for ( size_t i = 0; i < captures.size(); i++ )
            frame->SetElement(static_cast<int>(i), std::move(captures[i]));
        CaptureAccess::SetFrame(script_func, frame.release());
        return copy;
    }

    if ( auto* old = CaptureAccess::Vec(script_func) ) {
        for ( size_t i = 0; i < old->size() && i < declared->size(); i++ )
            if ( (*declared)[i].IsManaged() )
                ZVal::DeleteManagedType((*old)[i]);
    }

    auto vec = std::make_unique<std::vector<ZVal>>();
    for ( size_t i = 0; i < captures.size(); i++ ) {
        if ( captures[i] )
            vec->emplace_back(std::move(captures[i]), (*declared)[i].Id()->GetType());
        else
            vec->emplace_back();
    }
    script_func->SetCapturesVec(std::move(vec));
    return copy;
}

} // namespace zeek::cluster::zeekwire
